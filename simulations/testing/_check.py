"""Plans run by hand, and judged: for properties, and for a plan that is to be tried again and again."""

from __future__ import annotations

from attrs import evolve

from ..checkers import Checker
from ..plan import Plan
from ..running._replay import plan_of
from ..running._run import Outcome
from ..running._tell import tell
from ..world import Scenario
from ._telling import finding_of
from ._trial import run_scenario


class BrokenPromise(AssertionError):
    """A promise was broken in a simulated run; the message tells which, how, and in which plan."""


def run(plan: Plan | str, scenario: Scenario) -> Outcome:
    """Run a plan in virtual time.

    Args:
        plan: what is to happen; or a replay line, or the name of a file that has a plan.
        scenario: the application: an async function that gets the `World`, starts processes and publishes.
    """
    return run_scenario(plan_of(plan) if isinstance(plan, str) else plan, scenario, ())


def check(outcome: Outcome, *promises: Checker) -> None:
    """Have a run judged by these promises, and by those of its scenario.

    Raises:
        BrokenPromise: one of them was broken, the run crashed, or something still waits long after the faults' end.
    """
    __tracebackhide__ = True
    verdicts = [*outcome.verdicts, *(verdict for promise in promises for verdict in promise(outcome.history))]
    judged = evolve(outcome, verdicts=verdicts)
    if outcome.status == "held" and verdicts:
        only_late = all(verdict.promise == "liveness" for verdict in verdicts)
        judged = evolve(judged, status="not live" if only_late else "violated")
    if judged.status != "held":
        told = tell(finding_of(judged, judged.plan, 0), judged, again="run('{}', …)")
        raise BrokenPromise("\n".join(told))
