"""Hosts: each runs one process of the application, which may be killed, stopped, held up and started again.

Every task of a process carries its host in a context variable, so the scheduler knows whose it is. A process that was
killed is *held*: its tasks are never run again, not even a `finally` of theirs, as no process runs one that got
SIGKILL. They are let go only when the run is over and judged.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from random import Random
from typing import TYPE_CHECKING, Final, Literal

import trio
from attrs import define, field

from ...runtime import Ports, Runtime
from ...wire import ServerAddress
from ..history import ProcessEnded, ProcessStarted
from ._failing import in_words
from ._recording import RecordingRuntime
from ._redis import START_US
from ._trio import Task, run_later

if TYPE_CHECKING:
    from ._world import World

How = Literal["stopped", "killed", "lost power", "failed", "finished"]

App = Callable[["Process"], Awaitable[None]]
"""What a process does, from its start to its end; it is called anew for each start."""

CURRENT: Final[ContextVar[Process | None]] = ContextVar("simulated process", default=None)
"""To which process a task belongs; None: to the world itself."""

URL: Final = "redis://redis.simulated:6379"


class Host:
    """Where one process at a time runs.

    Attributes:
        name: unique in the world.
        consumer_name: what its process calls itself; a twin has the name of another one.
        refused_until, cut_off_until: until when, in virtual seconds, it gets no connection, or nothing passes.
        clock_shift_ms: how far its wall clock is off.
        past: how often its processes came by something of their own; it survives them, as a file would.
    """

    def __init__(self, world: World, name: str, app: App, *, consumer_name: str = "") -> None:
        self.name = name
        self.consumer_name = consumer_name or name
        self.refused_until = 0.0
        self.cut_off_until = 0.0
        self.clock_shift_ms = 0
        self.incarnation = 0
        self.past = Counter[str]()
        self.process: Process | None = None
        self.is_broken_for_good = False
        self.done = trio.Event()
        """Set when its process has ended by itself, without an error: it has done what it was started for."""
        self._world = world
        self._app = app

    def start(self) -> None:
        """Start its process, if none runs."""
        if self.process is not None or self._world.network.is_over:
            return
        self.incarnation += 1
        self.process = Process(self._world, self)
        before = CURRENT.set(self.process)
        try:
            self._world.nursery.start_soon(self.process.live, self._app, name=f"{self.name}#{self.incarnation}")
        finally:
            CURRENT.reset(before)
        self._world.note(ProcessStarted(self._world.now_ms, self.name, self.incarnation))

    def twin(self, name: str) -> Host:
        """Another host, whose process calls itself as this one's."""
        twin = Host(self._world, name, self._app, consumer_name=self.consumer_name)
        twin.past = self.past
        return twin

    def stand_still(self, seconds: float) -> None:
        """Nothing of its process runs for so long."""
        process = self.process
        if process is not None and process.held is None:
            process.held = []
            self._world.turns.hold()
            self._world.clock.call_at(self._world.clock.now + seconds, process.go_on)

    def end_at_once(self, *, power_lost: bool) -> None:
        """SIGKILL, or somebody pulls the plug: then nobody closes its sockets."""
        process, self.process = self.process, None
        if process is None:
            return
        process.is_dead = True
        process.held = process.held or []
        self._world.turns.hold()
        self._world.corpses.append(process)
        for connection in self._world.network.of(self):
            if power_lost:
                connection.open_at_client = False
                connection.cut_off()
            else:
                connection.end_by_client()
        how: How = "lost power" if power_lost else "killed"
        self._world.note(ProcessEnded(self._world.now_ms, self.name, self.incarnation, how))


@define(eq=False)
class Process:
    """One incarnation of a host's process: what an app gets to see.

    Attributes:
        host: where it runs.
        stopping: set when it is to stop gracefully.
        held: the tasks that wait, while it stands still or is dead; None while it runs.
    """

    world: World
    host: Host
    stopping: trio.Event = field(factory=trio.Event)
    held: list[Task] | None = None
    is_dead: bool = False
    restart_after: float | None = None
    """After how many seconds the host starts again when this one was stopped; None: not at all."""
    ended: trio.Event = field(factory=trio.Event)
    _scope: trio.CancelScope = field(factory=trio.CancelScope)
    _runtimes: list[RecordingRuntime] = field(factory=list[RecordingRuntime])

    @property
    def name(self) -> str:
        """Its name, which is stable across restarts."""
        return self.host.consumer_name

    def past(self, name: str) -> int:
        """How often the processes of this host have come by something of their own, which they call so."""
        return self.host.past[name]

    def pass_by(self, name: str) -> int:
        """Come by it once more, for how often it was before; whoever is started here later knows."""
        self.host.past[name] += 1
        return self.host.past[name] - 1

    def rng(self, name: str) -> Random:
        """A stream of random numbers of its own; for handlers that need some."""
        return self.world.rng(f"{self.host.name}/{self.host.incarnation}/{name}")

    def wall_clock_ms(self) -> int:
        """What time it is, by this host's clock."""
        return START_US // 1000 + int(self.world.clock.now * 1000) + self.host.clock_shift_ms

    def runtime(self, **options: object) -> RecordingRuntime:
        """A runtime of this process, on the simulated Redis; `options` are those of `Runtime`."""
        ports = Ports(self._dial, self.wall_clock_ms, self.rng, lambda: self.name)
        made = RecordingRuntime(self, URL, ports=ports, **options)
        self._runtimes.append(made)
        return made

    async def serve(self, runtime: Runtime, *, patience_seconds: float = math.inf) -> None:
        """Run a runtime until this process is to stop; then drain, and hurry where somebody loses patience."""
        await run_until(self.stopping, runtime, patience_seconds=patience_seconds)

    async def _dial(self, _address: ServerAddress) -> trio.abc.Stream:
        return await self.world.network.dial(self.host, self.world.strikes.pass_connect)

    def stop(self) -> None:
        """SIGTERM: a served runtime drains; an app of another kind is cancelled."""
        self.stopping.set()
        if not self._runtimes:
            self._scope.cancel()

    def die(self) -> None:
        """It kills itself, as by a fault of its memory; it is started again. Who calls this has come to his end."""
        host, world = self.host, self.world
        host.end_at_once(power_lost=False)
        world.start_again(host, world.restart_seconds)

    def go_on(self) -> None:
        """Not held any more."""
        if not self.is_dead:
            self.let_go()

    def let_go(self) -> None:
        """Let all its tasks run again, also those of the dead."""
        held, self.held = self.held or [], None
        for task in held:
            run_later(task)

    async def live(self, app: App) -> None:
        """From its start to its end; whatever it raises ends it, as it would end a real process."""
        how: How = "finished"
        error_words = ""
        try:
            with self._scope:
                await app(self)
        except Exception as error:  # noqa: BLE001 - the world goes on when one of its processes fails
            how, error_words = "failed", in_words(error)
        if self.is_dead:
            return
        if how == "finished" and self.stopping.is_set():
            how = "stopped"
        self._end(how, error_words)

    def _end(self, how: How, error: str) -> None:
        world, host = self.world, self.host
        world.note(ProcessEnded(world.now_ms, host.name, host.incarnation, how, error))
        for connection in world.network.of(host):
            world.leaks.append(f"{host.name} left connection {connection.number} open when it {how}")
            connection.end_by_client()
        host.process = None
        self.ended.set()
        if how == "finished":
            host.done.set()
        if how == "failed":
            world.start_again(host, world.restart_seconds)
        elif how == "stopped" and self.restart_after is not None:
            world.start_again(host, self.restart_after)


async def run_until(stopping: trio.Event, runtime: Runtime, *, patience_seconds: float = math.inf) -> None:
    """Run a runtime until an event says that it is to stop; then it drains, and is hurried after a while."""

    async def stop_in_time() -> None:
        await stopping.wait()
        runtime.stop()
        await trio.sleep(patience_seconds)
        runtime.stop(at_once=True)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(stop_in_time)
        await runtime.run()
        nursery.cancel_scope.cancel()
