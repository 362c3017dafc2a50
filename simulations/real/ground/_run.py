"""One plan in, one history out, as in virtual time, but on a real server, with real processes, in real time."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Final, Literal, cast

import trio
from attrs import define

from ...checkers import Checker
from ...history import History, Phase
from ...plan import Plan, Schedule
from ...running import Outcome
from ...running._run import status_of
from ...world._world import FAULTS_SECONDS_MAX, LIVE_SECONDS_MAX, SAFETY_SECONDS_MAX
from ._expressible import expressible
from ._ground import RealGround, open_ground
from ._journal import Journal, RunClock
from ._processes import RealHost
from ._stock import group_states, stream_entries, unsettled
from ._whereabouts import whereabouts

if TYPE_CHECKING:
    from ...world import App, Scenario, World

WORKER: Final = (sys.executable, "-m", f"{__package__}._worker")

LOOK_SECONDS: Final = 0.05  # all limits are those of virtual time
"""Between two looks whether everything is settled."""


class NotExpressible(ValueError):
    """A plan can't be played on a real server; the message says why."""


@define(eq=False)
class Director:
    """The world as a scenario sees it that is run only to have its processes started."""

    plan: Plan
    _ground: RealGround

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


def run_real(
    plan: Plan, scenario: Scenario, *, binary: Path | None = None, checkers: Sequence[Checker] = ()
) -> Outcome:
    """Run a plan in real time on a real server, and judge what happened.

    Args:
        plan: what is to happen.
        scenario: the application: a function of a module.
        binary: the redis-server; None: the one on PATH.
        checkers: the promises that are judged.

    Raises:
        NotExpressible: the plan needs what a real server does not do.
        ServerNotFound, ServerFailed: there is no redis-server, or it does not start.
    """
    reasons = expressible(plan)
    if reasons:
        raise NotExpressible("; ".join(reasons))
    began = time.perf_counter()
    journal = Journal()
    history = trio.run(_run, plan, scenario, binary, journal, clock=RunClock(journal))
    verdicts = [verdict for check in checkers for verdict in check(history)]
    seconds = time.perf_counter() - began
    status = status_of("", verdicts, live=history.live)
    return Outcome(plan, status, verdicts, history, "", (), Schedule(), frozenset(journal.struck), seconds, seconds)


async def _run(plan: Plan, scenario: Scenario, binary: Path | None, journal: Journal) -> History:
    history = History(plan)
    async with open_ground(plan, journal, binary, WORKER, whereabouts(scenario)) as ground:
        _enter(ground, "safety")
        with trio.move_on_after(SAFETY_SECONDS_MAX):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(scenario, cast("World", Director(plan, ground)))
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
    history.records = ground.journal.in_order()
    return history


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
