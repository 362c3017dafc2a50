"""The processes of a run: real ones, which are started, killed, stopped, paused and heard."""

from __future__ import annotations

import json
import signal
import socket
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Final, Literal

import trio
from attrs import define, field

from ...history import ProcessEnded, ProcessStarted
from ...plan import CutPower, KillProcess, PauseProcess, StartTwin, StopProcess, plan_to_json
from ...plan._effects import Effect
from ._journal import Journal
from ._lines import record_from_line
from ._post import HEALED, Posting
from ._proxy import Proxy
from ._sites import Due, Sites
from ._starting import OwnProcess, Starter

STOP_SECONDS: Final = 60.0
"""A process that has not ended so long after a SIGTERM hangs; as in virtual time."""
RESTART_SECONDS: Final = 1.0
"""After how long one that failed is started again, as by an init system."""
ERROR_LINES: Final = 5
"""Of what a process said before it failed."""

Strike = Callable[[Due], Awaitable[None]]
How = Literal["stopped", "killed", "lost power", "failed", "finished"]


@define(eq=False)
class RealHost:
    """Where one process at a time runs.

    Attributes:
        name: unique in the run.
        consumer_name: what its process calls itself.
        done: set when its process has ended by itself, without an error.
        past: how often it came by counters of its own.
    """

    name: str
    consumer_name: str
    done: trio.Event = field(factory=trio.Event)
    past: Counter[str] = field(factory=Counter[str])
    incarnation: int = 0
    process: OwnProcess | None = None
    ready: trio.Event = field(factory=trio.Event)
    """Set when its first process has started up, or failed to."""
    gone: trio.Event = field(factory=trio.Event)
    """Set when the process has been reaped."""
    is_stopping: bool = False
    restart_after: float | None = None
    """After how many seconds it comes back when it was stopped or killed; None: not at all."""


@define(eq=False)
class Processes:
    """Starts processes and hears what they tell.

    Args:
        starter: starts them; each is told its `Posting`.
        folder: where what they say on their standard error goes.
        scenario: where the scenario is found.
        plant: a bug that they are to have, by its name.
        groups: stream and group of all handlers so far; they are told by the processes.
        nursery: where they live.
        strike: does what a fault does, to whom it may concern.
    """

    _starter: Starter
    _folder: Path
    _scenario: str
    _plant: str
    _journal: Journal
    _sites: Sites
    _proxy: Proxy
    _groups: dict[tuple[str, str], None]
    _nursery: trio.Nursery
    _strike: Strike
    hosts: dict[str, RealHost] = field(factory=dict[str, RealHost], init=False)
    leaks: list[str] = field(factory=list[str], init=False)
    _serial: int = field(default=0, init=False)
    _over: bool = field(default=False, init=False)
    _somebody: trio.Event = field(factory=trio.Event, init=False)
    _began: trio.Event = field(factory=trio.Event, init=False)

    # Their lives

    def host(self, name: str, *, consumer_name: str = "") -> RealHost:
        """A host by its name, a new one if need be; its process is started soon."""
        self._somebody.set()
        if name not in self.hosts:
            host = self.hosts[name] = RealHost(name, consumer_name or name)
            self._nursery.start_soon(self._live, host)
        return self.hosts[name]

    async def begin(self) -> None:
        """Let time begin as soon as everybody is there who was started so far: starting takes a real process long."""
        await self._somebody.wait()
        while waited_for := [host for host in self.hosts.values() if not host.ready.is_set()]:
            await waited_for[0].ready.wait()
        if not self._began.is_set():
            self._journal.begin()
            self._began.set()

    async def _live(self, host: RealHost) -> None:
        """All its incarnations, one after the other."""
        while not self._over:
            host.is_stopping, host.restart_after, host.gone = False, None, trio.Event()
            how = await self._live_once(host)
            after = RESTART_SECONDS if how == "failed" else host.restart_after
            if how == "finished":
                host.done.set()
            if after is None:
                return
            await trio.sleep(after)

    async def _live_once(self, host: RealHost) -> How:
        process, line = await self._start(host)
        try:
            async with line:
                await self._hear(host, line)
            status = await process.wait()
        finally:
            if process.returncode is None:
                process.send_signal(signal.SIGKILL)
                with trio.CancelScope(shield=True):
                    await process.wait()
            host.process = None
            host.gone.set()
            host.ready.set()
        how, error = _ending(status, self._errors(host), stopping=host.is_stopping)
        self._journal.write(ProcessEnded(self._journal.now_ms(), host.name, host.incarnation, how, error))
        return how

    async def _start(self, host: RealHost) -> tuple[OwnProcess, trio.SocketStream]:
        gate = await self._proxy.gate(host.name)
        host.incarnation += 1
        self._serial += 1
        ours, theirs = socket.socketpair()
        posting = Posting(
            host.name,
            host.consumer_name,
            f"redis://127.0.0.1:{gate.port}/0",
            host.incarnation,
            self._serial,
            plan_to_json(self._sites.plan),
            self._scenario,
            self._plant,
        )
        self._journal.write(ProcessStarted(self._journal.now_ms(), host.name, host.incarnation))
        with theirs:
            try:
                host.process = await self._starter.start(posting.to_argument(), theirs, self._errors(host))
            except BaseException:
                ours.close()
                raise
        return host.process, trio.SocketStream(trio.socket.from_stdlib_socket(ours))

    def _errors(self, host: RealHost) -> Path:
        return self._folder / f"{host.name}-{host.incarnation}.err"

    async def stop_all(self) -> None:
        """Stop all gracefully, and let none come back; returns when they are gone."""
        self._over = True
        async with trio.open_nursery() as nursery:
            for host in self.hosts.values():
                nursery.start_soon(self._stop, host)

    async def _stop(self, host: RealHost) -> None:
        if host.process is None:
            return
        host.is_stopping = True
        host.process.send_signal(signal.SIGTERM)
        host.process.send_signal(signal.SIGCONT)
        with trio.move_on_after(STOP_SECONDS) as limit:
            await host.gone.wait()
        if limit.cancelled_caught:
            self.leaks.append(f"{host.name} did not stop within {STOP_SECONDS:g} s")
            host.process.send_signal(signal.SIGKILL)
            await host.gone.wait()

    def tell_healed(self) -> None:
        """The faults have ended: handlers that hang go on."""
        for host in self.hosts.values():
            if host.process is not None:
                host.process.send_signal(HEALED)

    def end_for_good(self, name: str) -> None:
        """A host that is not healed: it vanishes."""
        host = self.hosts.get(name)
        if host is not None and host.process is not None:
            host.restart_after = None
            host.process.send_signal(signal.SIGKILL)

    # What is done to them

    async def strike(self, due: Due) -> bool:
        """Do what a fault does to a process; false where it is not done to one."""
        effect, host = due.fault.effect, self.hosts.get(due.fault.when.host)
        if effect.strikes != "process":
            return False
        if host is not None and host.process is not None:
            self._do(effect, host, host.process)
        return True

    def _do(self, effect: Effect, host: RealHost, process: OwnProcess) -> None:
        match effect:
            case KillProcess() | CutPower():
                host.restart_after = effect.ms / 1000
                process.send_signal(signal.SIGKILL)
            case StopProcess():
                host.restart_after = effect.ms / 1000
                host.is_stopping = True
                process.send_signal(signal.SIGTERM)
            case PauseProcess():
                process.send_signal(signal.SIGSTOP)
                self._nursery.start_soon(self._wake, effect.ms / 1000, process)
            case StartTwin():
                self._nursery.start_soon(self._have_twin, effect.ms / 1000, host)
            case _:
                raise ValueError(f"{effect.kind} can't be done to a real process")

    async def _wake(self, seconds: float, process: OwnProcess) -> None:
        await trio.sleep(seconds)
        process.send_signal(signal.SIGCONT)

    async def _have_twin(self, seconds: float, host: RealHost) -> None:
        twin = self.host(f"{host.name}'s twin", consumer_name=host.consumer_name)
        twin.past = host.past
        await trio.sleep(seconds)
        if twin.process is not None:
            twin.process.send_signal(signal.SIGKILL)

    # What they tell

    async def _hear(self, host: RealHost, line: trio.SocketStream) -> None:
        heard = b""
        while data := await _receive(line):
            *lines, heard = (heard + data).split(b"\n")
            for text in lines:
                await self._take(host, line, text)

    async def _take(self, host: RealHost, line: trio.SocketStream, text: bytes) -> None:
        match json.loads(text):
            case {"ready": True}:
                host.ready.set()
                await self._began.wait()
                await _answer(line, self._journal.begun)
            case {"site": str(action)}:
                visit = self._sites.come_by(host.name, action)
                await _answer(line, [due.number for due in (*visit.before, *visit.after)])
            case {"strike": int(number)}:
                await self._strike(Due(number, self._sites.plan.faults[number]))
                await _answer(line, None)
            case {"group": [str(stream), str(group)]}:
                self._groups[stream, group] = None
            case {"restart": str(name), "after": float(seconds)}:
                other = self.hosts.get(name)
                if other is not None and other.process is not None:
                    self._do(StopProcess(seconds * 1000), other, other.process)
            case {"past": str(name)}:
                await _answer(line, host.past[name])
            case {"pass by": str(name)}:
                host.past[name] += 1
                await _answer(line, host.past[name] - 1)
            case _:
                self._journal.write(record_from_line(text))


async def _answer(line: trio.SocketStream, answer: object) -> None:
    # Who was struck dead does not hear it any more.
    with suppress(trio.BrokenResourceError, trio.ClosedResourceError):
        await line.send_all(json.dumps(answer).encode() + b"\n")


async def _receive(line: trio.SocketStream) -> bytes:
    """What comes next, b"" at the end."""
    try:
        return bytes(await line.receive_some(64 * 1024))
    except trio.BrokenResourceError:
        return b""


def _ending(status: int, errors: Path, *, stopping: bool) -> tuple[How, str]:
    """How a process ended, by its exit status, and what it said where it failed."""
    if status == -signal.SIGKILL:
        return "killed", ""
    if status == 0 or (stopping and status == -signal.SIGTERM):
        return ("stopped" if stopping else "finished"), ""
    said = errors.read_text(errors="replace").strip().splitlines()
    return "failed", "\n".join(said[-ERROR_LINES:]) or f"exit status {status}"
