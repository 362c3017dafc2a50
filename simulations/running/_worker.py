"""A process that runs plans for a batch: tasks come in at a pipe, reports go out at it."""

from __future__ import annotations

import os
import signal
from functools import cache
from multiprocessing.connection import Connection

from ..plan import Plan
from ._cases import Case, UnknownScenario, find_case
from ._points import points_of
from ._run import Outcome, run_plan
from ._shrink import shrink
from ._tasks import Refused, Report, RunReport, RunTask, ShrinkProgress, ShrinkReport, ShrinkTask, Task, report_of

PROGRESS_EVERY = 10
"""Runs between two words of a shrinking."""


def serve(pipe: Connection[Report, Task]) -> None:
    """Do what comes in until the other end is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the one who leads
    while True:
        try:
            task: Task = pipe.recv()
        except EOFError:
            return
        try:
            pipe.send(run_task(task) if isinstance(task, RunTask) else _shrink(task, pipe))
        except UnknownScenario as error:
            pipe.send(Refused(task, str(error)))


def run_task(task: RunTask) -> RunReport:
    """Run one plan, here."""
    case = _case(task.plan.scenario)
    outcome = run_plan(task.plan, case.scenario, checkers=case.checkers, keep_trace=task.purpose == "trace")
    return _report(task, outcome)


def _shrink(task: ShrinkTask, pipe: Connection[Report, Task]) -> ShrinkReport:
    """Shrink a plan, and say now and then how far that is."""
    first = task.report.task
    case = _case(first.plan.scenario)

    def run(plan: Plan) -> Outcome:
        return run_plan(plan, case.scenario, checkers=case.checkers)

    def tell(runs: int, best: Outcome) -> None:
        if runs % PROGRESS_EVERY == 0:
            pipe.send(ShrinkProgress(task, runs, len(best.plan.faults), len(best.plan.events)))

    begun = run(first.plan)
    outcome, runs = shrink(begun, run, runs_max=task.runs_max, tell=tell) if begun.status != "held" else (begun, 0)
    return ShrinkReport(task, _report(RunTask(outcome.plan), outcome), runs)


def _report(task: RunTask, outcome: Outcome) -> RunReport:
    return report_of(task, outcome, points_of(outcome.history), os.environ.get("PYTHONHASHSEED", "random"))


@cache
def _case(name: str) -> Case:
    return find_case(name)
