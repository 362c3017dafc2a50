"""One plan in, one history out, as in virtual time, but on a real server, with real processes, in real time."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Final, Literal, NoReturn, cast

import trio
from attrs import define, field

from ...checkers import Checker, liveness
from ...history import History, Phase
from ...plan import Plan, Schedule
from ...running import Outcome
from ...running._run import status_of
from ...world._failing import in_words
from ...world._own_promises import Check, asserted
from ...world._world import FAULTS_SECONDS_MAX, LIVE_SECONDS_MAX, SAFETY_SECONDS_MAX
from .._server import ServerFailed
from ._expressible import expressible
from ._ground import RealGround, open_ground
from ._journal import Journal, RunClock
from ._processes import RealHost
from ._starting import Starter, starter
from ._stock import group_states, stream_entries, unsettled
from ._whereabouts import whereabouts

if TYPE_CHECKING:
    from ...world import App, Scenario, World

LOOK_SECONDS: Final = 0.05  # all limits are those of virtual time
"""Between two looks whether everything is settled."""


class NotExpressible(ValueError):
    """A plan can't be played on a real server; the message says why."""


@define(eq=False)
class Director:
    """The world as a scenario sees it that is run only to have its processes started."""

    plan: Plan
    _ground: RealGround
    _refuse: Callable[[str], NoReturn]
    """Ends the run, and says why it can't be played."""

    def start(self, name: str, _app: App) -> RealHost:
        """Start a process, which runs the scenario itself to find its app."""
        return self._ground.processes.host(name)

    async def finished(self, host: RealHost) -> None:
        """Wait until a process has done what it was started for."""
        await self._ground.processes.begin()
        await host.done.wait()

    def rng(self, name: str) -> Random:
        """A stream of random numbers."""
        return Random(f"{self.plan.seed}/{name}")  # noqa: S311 - from the plan's seed, on purpose

    async def sleep_until(self, seconds: float) -> None:
        """Wait until so much time has gone by since the run began."""
        await trio.sleep_until(seconds)

    # What needs the simulated server, or that all processes are one

    @property
    def primary(self) -> NoReturn:
        """Refused: nobody gets at the inside of a real server."""
        self._refuse("primary: what a scenario does with the simulated server, it can't do with a real one")

    @property
    def start_ms(self) -> NoReturn:
        """Refused: checkers read times of schedules by the simulated clock."""
        self._refuse("start_ms: by a real server's clock all that is scheduled by the simulated one is overdue")

    def service(self, name: str, *, latency_ms: float = 20.0) -> NoReturn:
        """Refused: what a service knows is an object of the scenario's."""
        del latency_ms
        self._refuse(f"service {name}: no process sees what another has done to an object of the scenario")

    def check(self, function: Check) -> NoReturn:
        """Refused, as it looks at such objects."""
        self._refuse(f"check {function.__name__}: it would see nothing of what real processes have done")

    async def settled(self) -> NoReturn:
        """Refused, as what follows it in a scenario asserts something of them."""
        self._refuse("settled: what is asserted then would see nothing of what real processes have done")


def run_real(
    plan: Plan,
    scenario: Scenario,
    *,
    binary: Path | None = None,
    checkers: Sequence[Checker] = (),
    starting: Starter | None = None,
    plant: str = "",
) -> Outcome:
    """Run a plan in real time on a real server, and judge what happened.

    Args:
        plan: what is to happen.
        scenario: the application: a function of a module.
        binary: the redis-server; None: the one on PATH.
        checkers: the promises that are judged.
        starting: starts its processes, from `starter`, where several runs share one.
        plant: a bug that its processes are to have, by its name among those of `simulations.planted`.

    Raises:
        NotExpressible: the plan, or the scenario, needs what a real server and real processes do not do.
        ServerNotFound, ServerFailed: there is no redis-server, or it does not start.
    """
    reasons = expressible(plan)
    if reasons:
        raise NotExpressible("; ".join(reasons))
    began = time.perf_counter()
    run = _Run(plan, scenario, binary, plant)
    error = ""
    with nullcontext(starting) if starting is not None else starter() as starts:
        try:
            trio.run(run.play, starts, clock=RunClock(run.journal))
        except ServerFailed:
            raise
        except Exception as raised:  # noqa: BLE001 - as in virtual time: the plan that brought it about is worth keeping
            error = in_words(raised)
    if run.inexpressible:
        raise NotExpressible(run.inexpressible)
    history = run.history
    history.records = run.journal.in_order()
    verdicts = [asserted(each, history) for each in run.asserted]
    verdicts += [verdict for check in checkers for verdict in check(history)]
    seconds = time.perf_counter() - began
    status = status_of(error, verdicts, live=history.live or liveness in checkers)
    struck = frozenset(run.journal.struck)
    return Outcome(plan, status, verdicts, history, "", (), Schedule(), struck, seconds, seconds, error)


@define(eq=False)
class _Run:
    """One run, and what comes of it."""

    _plan: Plan
    _scenario: Scenario
    _binary: Path | None
    _plant: str
    journal: Journal = field(factory=Journal, init=False)
    history: History = field(init=False)
    asserted: list[AssertionError] = field(factory=list[AssertionError], init=False)
    inexpressible: str = ""

    def __attrs_post_init__(self) -> None:
        self.history = History(self._plan)

    async def play(self, starts: Starter) -> None:
        """From the start to the judgement's material."""
        where, history = whereabouts(self._scenario), self.history
        async with open_ground(self._plan, self.journal, self._binary, starts, where, self._plant) as ground:
            _enter(ground, "safety")
            with trio.move_on_after(SAFETY_SECONDS_MAX):
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(self._act, ground)
                    await ground.processes.begin()
                    nursery.start_soon(ground.strike_by_time)
                await _wait_for_faults(ground)
            history.healed_at_ms = ground.journal.now_ms()
            _enter(ground, "healing")
            await ground.heal()
            history.live = await _wait_settled(ground)
            _enter(ground, "stopping")
            await ground.processes.stop_all()
            _enter(ground, "over")
            history.groups = await group_states(ground.client, ground.groups)
            history.streams = await stream_entries(ground.client)
            history.leaks = tuple(ground.processes.leaks)

    async def _act(self, ground: RealGround) -> None:
        try:
            await self._scenario(cast("World", Director(self._plan, ground, self._refuse)))
        except AssertionError as error:
            self.asserted.append(error)

    def _refuse(self, why: str) -> NoReturn:
        self.inexpressible = why
        raise NotExpressible(why)


def _enter(ground: RealGround, phase: Literal["safety", "healing", "stopping", "over"]) -> None:
    ground.journal.write(Phase(ground.journal.now_ms(), "world", phase))


async def _wait_for_faults(ground: RealGround) -> None:
    """Those of moments have struck; those of sites may, for a while, as long as something is left to be done."""
    with trio.move_on_after(FAULTS_SECONDS_MAX):
        while True:
            if len(ground.journal.struck) == len(ground.plan.faults) or not await _is_waiting(ground):
                return
            await trio.sleep(LOOK_SECONDS)


async def _wait_settled(ground: RealGround) -> bool:
    with trio.move_on_after(LIVE_SECONDS_MAX):
        while True:
            if not await _is_waiting(ground):
                return True
            await trio.sleep(LOOK_SECONDS)
    return False


async def _is_waiting(ground: RealGround) -> bool:
    return bool(await unsettled(ground.client, ground.plan, ground.groups))
