"""What a process of the run plays: its own part of the scenario.

A scenario says which processes there are by starting them, with an app for each. Every process runs the same scenario
and starts nobody but itself. So an app may be a function inside the scenario, which no other process could import.

To a scenario this world is like the simulated one, as far as scenarios use it.
"""

from __future__ import annotations

import math
import signal
from collections.abc import Awaitable, Callable
from random import Random
from typing import TYPE_CHECKING, cast

import trio
from attrs import define, frozen

from ....runtime import Ports, Runtime
from ...history import UNPLANNED, FaultStruck, Record
from ...plan import At, Fault, PauseProcess, Plan, plan_from_json
from ...world import RecordingRuntime, run_until
from ._post import HEALED, Post
from ._stalls import watch_stalls

if TYPE_CHECKING:
    from ...world import Process, Scenario, World

RUNS_MAX = 1_000_000
"""Runs of handlers in one process; by this their numbers are unique."""

PartApp = Callable[["PartProcess"], Awaitable[None]]


@frozen
class PartHost:
    """A host, by its name."""

    name: str


@define(eq=False)
class PartStrikes:
    """Faults that are due at handlers of this process: it asks for them."""

    _post: Post
    _plan: Plan

    def at(self, _host: str, action: str) -> list[tuple[int, Fault]]:
        """What is due there at this time."""
        return [(number, self._plan.faults[number]) for number in self._post.due_at(action)]

    def strike(self, number: int, _fault: Fault, _host: object, _connection: None) -> None:
        """Have it strike."""
        self._post.strike(number)


class PartWorld:
    """The world as one process sees it."""

    def __init__(self, post: Post) -> None:
        self.plan = plan_from_json(post.posting.plan)
        self.strikes = PartStrikes(post, self.plan)
        self.app: PartApp | None = None
        """What this process is started for."""
        self.found = trio.Event()
        self.healed = trio.Event()
        """Set when the faults have ended: a handler that hangs goes on."""
        self.hosts: dict[str, PartHost] = {}
        self._post = post
        self._runs = self._event_ids = 0

    @property
    def now_ms(self) -> float:
        """Milliseconds since the run began."""
        return self._post.now_ms()

    def start(self, name: str, app: PartApp) -> PartHost:
        """Start the process of this name, if it is this one."""
        # A twin is nobody whom a scenario knows: it plays the part of the one whose name it bears.
        if name == self._post.posting.consumer_name:
            self.app = app
            self.found.set()
        host = self.hosts[name] = PartHost(name)
        return host

    def stop_and_start_again(self, host: PartHost, after_seconds: float) -> None:
        """Stop another process gracefully; when it is gone, it comes back after a while."""
        self._post.restart(host.name, after_seconds)

    async def finished(self, _host: PartHost) -> None:
        """The run ends this process when it is over."""
        await trio.sleep_forever()

    async def sleep_until(self, seconds: float) -> None:
        """Wait until so much time has gone by since the run began."""
        await trio.sleep_until(seconds)

    def rng(self, name: str) -> Random:
        """A stream of random numbers."""
        return Random(f"{self.plan.seed}/{name}")  # noqa: S311 - from the plan's seed, on purpose

    def note(self, record: Record) -> None:
        """Something happened."""
        self._post.tell(record)

    def next_run(self) -> int:
        """The number of a handler's run."""
        self._runs += 1
        return self._post.posting.serial * RUNS_MAX + self._runs

    def next_event_id(self, host: str) -> str:
        """An event id that a person can read."""
        self._event_ids += 1
        return f"{host}-{self._post.posting.incarnation}-{self._event_ids}"

    def watch_group(self, stream: str, group: str, deliveries_max: int | None = None) -> None:
        """Handlers read this group."""
        del deliveries_max  # each run of a handler says it
        self._post.tell_group(stream, group)


class PartProcess:
    """This process, as its app sees it."""

    is_dead = False

    def __init__(self, post: Post, world: PartWorld) -> None:
        self.world = world
        self.host = PartHost(post.posting.host)
        self.name = post.posting.consumer_name
        self.stopping = trio.Event()
        self.scope = trio.CancelScope()
        self.past = post.past
        self.pass_by = post.pass_by
        self._posting = post.posting
        self._runtimes: list[Runtime] = []

    def rng(self, name: str) -> Random:
        """A stream of random numbers of its own."""
        return self.world.rng(f"{self.host.name}/{self._posting.incarnation}/{name}")

    def wall_clock_ms(self) -> int:
        """What time it is."""
        return Ports().wall_clock_ms()

    def runtime(self, **options: object) -> RecordingRuntime:
        """A runtime of this process, on the real Redis behind the proxy."""
        ports = Ports(rng=self.rng, own_name=lambda: self.name)
        # It has all that a recording runtime uses of a simulated process.
        made = RecordingRuntime(cast("Process", self), self._posting.url, ports=ports, **options)
        self._runtimes.append(made)
        return made

    async def serve(self, runtime: Runtime, *, patience_seconds: float = math.inf) -> None:
        """Run a runtime until this process is to stop; then drain, and hurry where somebody loses patience."""
        await run_until(self.stopping, runtime, patience_seconds=patience_seconds)

    def tell_stall(self, ms: float) -> None:
        """The machine had this process stand still."""
        at_ms = max(0.0, self.world.now_ms - ms)
        self.world.note(
            FaultStruck(at_ms, self.host.name, Fault(At(at_ms, self.host.name), PauseProcess(ms)), UNPLANNED)
        )

    def stop(self) -> None:
        """SIGTERM: a served runtime drains; an app of another kind is cancelled."""
        self.stopping.set()
        if not self._runtimes:
            self.scope.cancel()


async def play(post: Post, scenario: Scenario) -> None:
    """Play this process' part of a scenario, until it ends or is told to by SIGTERM."""
    world = PartWorld(post)
    process = PartProcess(post, world)
    with trio.open_signal_receiver(signal.SIGTERM, HEALED) as signals:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(scenario, cast("World", world))

            async def stop_in_time() -> None:
                async for number in signals:
                    if number == HEALED:
                        world.healed.set()
                    else:
                        process.stop()

            nursery.start_soon(stop_in_time)
            nursery.start_soon(watch_stalls, process.tell_stall)
            await world.found.wait()
            if world.app is not None:
                with process.scope:
                    await world.app(process)
            nursery.cancel_scope.cancel()
