"""The world of one run: it has everything, starts everything, and lets the plan have its way.

A scenario is an async function that gets the world: it starts processes and publishes. Then the world heals what is to
be healed, waits until everything is settled, and stops the processes.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Sequence
from random import Random

import trio

from ...actors import buggified_by
from ..checkers import Verdict
from ..history import History, Phase, Record
from ..plan import Plan
from ..server import ServerProcess
from ._clock import Timer, VirtualClock
from ._host import CURRENT, App, Host, Process
from ._inspect import group_states, stream_entries, unsettled
from ._network import Network
from ._own_promises import Check, asserted, judged
from ._randomness import Randomness
from ._redis import START_US, RedisNode, new_process
from ._service import Service
from ._strikes import Strikes
from ._trace import Trace
from ._trio import Task, throw_into
from ._tripwires import tripwires
from ._turns import TURNS_MAX, TurnTaker

Scenario = Callable[["World"], Awaitable[None]]
"""What a run is about. Anything async that starts processes in the world and publishes."""

SAFETY_SECONDS_MAX = 120.0
"""Virtual time in which a scenario has to have published and all timed faults have to have struck."""
FAULTS_SECONDS_MAX = 10.0
"""Virtual time in which faults may strike after all was published: a killed worker's entries are taken over in it."""
LIVE_SECONDS_MAX = 120.0
"""The bound of `liveness`: virtual time from the end of all faults until everything is settled.

Idle limit, reclaim interval and the longest backoff (30 s) of a few actors one after the other fit into it."""
STOP_SECONDS_MAX = 60.0
"""Virtual time for a graceful stop: drain and graces are 8 s each by default, on two levels."""
SITE_ACTIVE, SITE_FIRES = 0.25, 0.25
"""How likely a rare branch's site is active in a run, and then how likely it fires; as in FoundationDB."""
LOOK_SECONDS = 0.05
"""Between two looks whether everything is settled."""


class NotSettled(Exception):
    """Long after the faults have ended something still waits to be handled; the message says what."""


class World:
    """Everything of one run.

    Attributes:
        plan: what is to happen.
        clock: virtual time.
        history: what has happened.
        hosts: by name.
        groups: stream and group of every handler, in the order of their registration.
        readers: stream and name of every reader without a group that has one, and where it runs.
        verdicts: of the scenario's own promises.
        restart_seconds: after how long a process that ended with an error is started again, as by an init system.
    """

    def __init__(self, plan: Plan, trace: Trace) -> None:
        self.plan = plan
        self.trace = trace
        self.history = History(plan)
        self.hosts: dict[str, Host] = {}
        self.groups: dict[tuple[str, str], int | None] = {}
        self.readers: dict[tuple[str, str], Host] = {}
        self.verdicts: list[Verdict] = []
        self._checks: list[Check] = []
        self.corpses: list[Process] = []
        self.leaks: list[str] = []
        self.nodes: list[RedisNode] = []
        self.restart_seconds = 1.0
        self.stuck: str | None = None
        """Why the run could not go on, if it could not."""
        self.spins = False
        """Whether that is so since somebody runs in circles without waiting for anything."""
        self.nursery: trio.Nursery
        self._safety: trio.CancelScope
        self.random = Randomness(plan.seed, trace)
        self.clock = VirtualClock(self._on_stuck)
        self.latency_seconds = plan.shape.latency_ms / 1000
        self.network = Network(self.clock, self.latency_seconds, self.random.of)
        self.turns = TurnTaker(
            plan.schedule,
            self.random.of("turns"),
            trace,
            held_by=_held_by,
            clock=self.clock,
            on_spin=self._on_spin,
        )
        self.strikes = Strikes(self, plan.faults)
        self.add_node(new_process(plan.shape, self.random.of("server")))
        self._runs = 0
        self._event_ids = 0
        self._changed = True
        self._waiting = False
        self._stopping = False
        self._rare: dict[str, tuple[Random, bool]] = {}
        self.trips: list[str] = []
        """What simulated code asked that differs from run to run, in words."""
        self.healed = trio.Event()
        """Set when the faults are over."""

    # For scenarios

    def start(self, name: str, app: App) -> Host:
        """Start a process of the application on a host of its own. It is started again whenever it fails."""
        host = self.hosts[name] = Host(self, name, app)
        host.is_broken_for_good = name in self.plan.broken_for_good
        host.start()
        return host

    def rng(self, name: str) -> Random:
        """A stream of random numbers."""
        return self.random.of(name)

    async def finished(self, host: Host) -> None:
        """Wait until a process has done what it was started for, however often it was killed on its way."""
        await host.done.wait()

    async def sleep_until(self, seconds: float) -> None:
        """Wait until so much time has gone by since the run began."""
        await self.clock.sleep_until(seconds)

    def service(self, name: str, *, latency_ms: float = 20.0) -> Service:
        """A service outside, which the application calls: a bank, a mail server. See `Service`."""
        return Service(self, name, latency_ms)

    def check(self, function: Check) -> Check:
        """Have a promise of your own judged when everything is settled and stopped. To be used as a decorator.

        The function's name is the promise's. It asserts, or yields a sentence for each breach. An event whose id stands
        in a sentence is taken to be concerned: its life is told with the failure.
        """
        self._checks.append(function)
        return function

    async def settled(self) -> None:
        """Let all faults of the plan have had their time, end them, and wait until everything is handled.

        What follows in a scenario may assert what has come of its events.

        Raises:
            NotSettled: something waits for longer than `LIVE_SECONDS_MAX`.
        """
        await self._wait_for_faults()
        self._heal()
        self.history.live = await self._wait_settled()
        if not self.history.live:
            raise NotSettled("; ".join(unsettled(self)))

    # For its parts

    @property
    def now_ms(self) -> float:
        """Virtual time since the start."""
        return self.clock.now * 1000

    @property
    def start_ms(self) -> int:
        """When the run began by all clocks that nobody has shifted, in milliseconds since 1970."""
        return START_US // 1000

    @property
    def primary(self) -> RedisNode:
        """The server that the name leads to."""
        return self.nodes[-1]

    def add_node(self, process: ServerProcess) -> None:
        """Another server takes the name."""
        self.nodes.append(RedisNode(len(self.nodes), process, self.clock, self.note, self.strikes.pass_command))
        self.network.primary = self.primary

    def note(self, record: Record) -> None:
        """Something happened."""
        if not self.network.is_over:
            self._changed = True
            self.history.records.append(record)
            self.trace.note_record(record)

    def next_run(self) -> int:
        """The number of a handler's run."""
        self._runs += 1
        return self._runs

    def next_event_id(self, host: str) -> str:
        """An event id that a person can read."""
        self._event_ids += 1
        return f"{host}-{self._event_ids}"

    def watch_group(self, stream: str, group: str, deliveries_max: int | None = None) -> None:
        """Handlers read this group: what is pending or unread in it is not settled."""
        self.groups[stream, group] = deliveries_max

    def watch_reader(self, stream: str, name: str, host: Host) -> None:
        """A reader without a group reads this stream: what it has not handled is not settled."""
        self.readers.setdefault((stream, name), host)

    @property
    def streams(self) -> Sequence[str]:
        """Every stream that is read."""
        return list(dict.fromkeys(stream for stream, _ in (*self.groups, *self.readers)))

    def start_again(self, host: Host, after_seconds: float) -> None:
        """Start a host's process again, after a while, unless that host is broken for good."""
        self.clock.call_at(self.clock.now + after_seconds, lambda: self._start_again(host))

    def _start_again(self, host: Host) -> None:
        if not host.is_broken_for_good and not self._stopping:
            host.start()

    def stop_and_start_again(self, host: Host, after_seconds: float) -> None:
        """Stop a process gracefully; when it is gone, it comes back after a while."""
        process = host.process
        if process is None:
            return
        process.stop()
        process.restart_after = after_seconds

    def start_twin(self, host: Host, seconds: float) -> None:
        """A second process with the same consumer name, for a while."""
        name = f"{host.name}'s twin"
        if name not in self.hosts:
            twin = self.hosts[name] = host.twin(name)
            twin.start()
            self.clock.call_at(self.clock.now + seconds, lambda: twin.end_at_once(power_lost=False))

    # The run

    async def run(self, scenario: Scenario) -> None:
        """From the start to the judgement's material."""
        with tripwires(self.trips.append, self._wall_clock), buggified_by(self._decide):
            await self._run(scenario)

    def _wall_clock(self) -> float:
        return START_US / 1_000_000 + self.clock.now

    def _decide(self, site: str) -> bool:
        """Whether a rare branch is taken: its site is active in a run or not, and then it fires from time to time."""
        if not self.plan.buggify or not self.strikes.armed:
            return False
        if site not in self._rare:
            rng = self.random.of(f"rare/{site}")
            self._rare[site] = (rng, rng.random() < SITE_ACTIVE)
        rng, active = self._rare[site]
        return active and rng.random() < SITE_FIRES

    async def _run(self, scenario: Scenario) -> None:
        async with trio.open_nursery() as nursery:
            self.nursery = nursery
            self.note(Phase(0.0, "world", "safety"))
            self.strikes.plan_moments()
            try:
                with trio.move_on_after(SAFETY_SECONDS_MAX) as self._safety:
                    await self._act(scenario)
                    await self._wait_for_faults()
                self._heal()
                self.history.live = self.history.live and await self._wait_settled()
                await self._stop_everybody()
                self._take_stock()
            finally:
                # Also of a run that could not go on: else it would wait for the dead for ever.
                self._let_go()
            nursery.cancel_scope.cancel()

    async def _act(self, scenario: Scenario) -> None:
        try:
            await scenario(self)
        except AssertionError as error:
            self.verdicts.append(asserted(error, self.history))
        except NotSettled:
            pass  # the history has it

    async def _wait_for_faults(self) -> None:
        """Those of moments have struck; those of sites may, for a while, as long as something is left to be done."""
        moments = [fault.when.ms for fault in self.plan.faults if not hasattr(fault.when, "turn")]
        await trio.sleep_until(max(moments, default=0.0) / 1000)
        faults = len(self.plan.faults)
        await self._wait_until(lambda: len(self.strikes.struck) >= faults or not self._is_waiting(), FAULTS_SECONDS_MAX)

    def _heal(self) -> None:
        """No more faults; what was broken works again, but for what is broken for good."""
        if not self.strikes.armed:
            return
        self.strikes.armed = False
        self.strikes.end_splits()
        self._safety.deadline = math.inf
        self.healed.set()
        self.primary.refuses_with = None
        self.history.healed_at_ms = self.now_ms
        self.note(Phase(self.now_ms, "world", "healing"))
        for host in self.hosts.values():
            host.refused_until = host.cut_off_until = 0.0
            if host.is_broken_for_good:
                host.end_at_once(power_lost=True)

    async def _wait_settled(self) -> bool:
        # While a server's clock catches up with what it was put back by, nothing looks idle.
        put_back_seconds = max(-node.clock_shift_us for node in self.nodes) / 1_000_000
        return await self._wait_until(lambda: not self._is_waiting(), LIVE_SECONDS_MAX + max(0, put_back_seconds))

    async def _wait_until(self, is_over: Callable[[], bool], seconds_max: float) -> bool:
        """Look again and again, until it is over or so much time is; returns whether it is over."""
        deadline = self.clock.now + seconds_max
        while not is_over():
            if self.clock.now >= deadline:
                return False
            await self._look_until(is_over, deadline)
        return True

    async def _look_until(self, is_over: Callable[[], bool], deadline: float) -> None:
        """The clock does the looking: a task that woke up for it would take every tenth turn of a run."""
        enough = trio.Event()
        timer: Timer

        def look() -> None:
            nonlocal timer
            if is_over() or self.clock.now >= deadline:
                enough.set()
            else:
                timer = self.clock.call_at(self.clock.now + LOOK_SECONDS, look)

        timer = self.clock.call_at(self.clock.now + LOOK_SECONDS, look)
        try:
            await enough.wait()
        finally:
            timer.cancel()

    def _is_waiting(self) -> bool:
        """Whether something is not settled; it is looked up again only when something has happened."""
        if self._changed:
            self._changed = False
            self._waiting = bool(unsettled(self))
        return self._waiting

    async def _stop_everybody(self) -> None:
        self._stopping = True
        self.note(Phase(self.now_ms, "world", "stopping"))
        with trio.move_on_after(STOP_SECONDS_MAX):
            for host in self.hosts.values():
                if host.process is not None:
                    host.process.stop()
            for host in self.hosts.values():
                if host.process is not None:
                    await host.process.ended.wait()
        for host in self.hosts.values():
            if host.process is not None:
                self.leaks.append(f"{host.name} did not stop within {STOP_SECONDS_MAX:g} s")

    def _take_stock(self) -> None:
        self.note(Phase(self.now_ms, "world", "over"))
        self.history.groups = group_states(self)
        self.history.streams = stream_entries(self)
        self.history.leaks = tuple(self.leaks)
        self.verdicts += judged(self._checks, self.history)
        self.network.is_over = True

    def _let_go(self) -> None:
        """The dead may end now: they find nothing that they could reach, and nobody hears of them."""
        for connection in self.network.connections:
            connection.reset()
        self.turns.anybody_held = False
        for process in self.corpses:
            process.let_go()
        for host in self.hosts.values():
            if host.process is not None:
                host.process.let_go()

    def _on_stuck(self) -> None:
        self.stuck = "nothing can ever happen again: every task waits for another one"
        self.nursery.cancel_scope.cancel()

    def _on_spin(self, tasks: Sequence[Task]) -> None:
        if self.spins:
            # A wait whose time limit is over swallows the cancellation each time: something else is raised.
            for task in tasks:
                throw_into(task, Spinning())
            return
        self.spins = True
        self.stuck = f"it spins: {TURNS_MAX} turns at {self.now_ms:.1f} ms, and time does not go on any more"
        self.nursery.cancel_scope.cancel()


class Spinning(BaseException):
    """Ends a run in which somebody runs in circles; nobody catches it, as no bug or weather is one."""


def _held_by(task: Task) -> list[Task] | None:
    process = task.context.get(CURRENT)
    return None if process is None else process.held
