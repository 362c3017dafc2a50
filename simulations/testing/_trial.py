"""A test's scenario as something that is tried again and again: with plans, until one fails."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from attrs import evolve, frozen

from ..checkers import Checker, Verdict
from ..plan import Plan
from ..running._run import Outcome, run_plan
from ..world import Scenario, World
from ._drawing import Drawing, places_of

ENDS: Final = "comes-to-its-end"
"""The promise of every test: it must not pass only because it waits for something in vain."""


@frozen
class Trial:
    """What a test tries.

    Attributes:
        scenario: the test's function.
        checkers: the promises that are judged.
        drawing: how its plans come from seeds.
    """

    scenario: Scenario
    checkers: Sequence[Checker]
    drawing: Drawing

    def run(self, plan: Plan) -> Outcome:
        """Run a plan, and judge it."""
        return run_scenario(plan, self.scenario, self.checkers)

    def first_failure(self, kept: Iterable[Plan], seeds: Iterable[int]) -> Outcome | None:
        """The first run that fails: of what has failed before, of a calm run, and of the seeds."""
        for plan in kept:
            if (outcome := self.run(plan)).status != "held":
                return outcome
        calm = self.run(self.drawing.calm())
        if calm.status != "held":
            return calm
        places = places_of(calm.history)
        for seed in seeds:
            if (outcome := self.run(self.drawing.plan(seed, places))).status != "held":
                return outcome
        return None


def run_scenario(plan: Plan, scenario: Scenario, checkers: Sequence[Checker]) -> Outcome:
    """Run a plan; a scenario that does not come to its end fails."""
    ended: list[bool] = []

    async def watched(world: World) -> None:
        await scenario(world)
        ended.append(True)

    outcome = run_plan(plan, watched, checkers=checkers)
    if ended or outcome.status != "held":
        return outcome
    words = "the test still waited for something when its time was over"
    return evolve(outcome, status="violated", verdicts=[Verdict(ENDS, words)])
