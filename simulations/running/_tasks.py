"""What goes between the process that leads a batch and those that run plans: tasks there, reports back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from attrs import field, frozen

from ..checkers import Verdict
from ..plan import Plan
from ._points import NOTHING, Passed
from ._run import Outcome, Status

Purpose = Literal["canary", "stored", "seed", "again", "trace"]


@frozen
class RunTask:
    """Run a plan.

    Attributes:
        plan: what is to happen, and of which scenario.
        purpose: what for. ``again``: whether it is the same run in another process; ``trace``: where it is not.
        of: the task that is run again.
    """

    plan: Plan
    purpose: Purpose = "seed"
    of: RunReport | None = None


@frozen
class ShrinkTask:
    """Make a plan small that fails.

    Attributes:
        report: of its run.
        runs_max: how many runs it may take.
    """

    report: RunReport
    runs_max: int


Task = RunTask | ShrinkTask


@frozen
class RunReport:
    """What a run came to, as far as others need it.

    Attributes:
        task: what was asked for.
        status: as of its `Outcome`.
        trace_hash: two runs of one plan have the same.
        hash_seed: PYTHONHASHSEED of the process that ran it.
        passed: what it came by.
        trace_lines: where they were asked for.
        lost: whether the process was lost with the run: then nothing more is known.
    """

    task: RunTask
    status: Status
    verdicts: tuple[Verdict, ...] = ()
    error: str = ""
    trace_hash: str = ""
    hash_seed: str = ""
    passed: Passed = NOTHING
    virtual_seconds: float = 0.0
    real_seconds: float = 0.0
    trace_lines: Sequence[str] = field(default=(), repr=False)
    lost: bool = False


@frozen
class ShrinkProgress:
    """Shrinking goes on: so many runs, and what is left."""

    task: ShrinkTask
    runs: int
    faults: int
    events: int


@frozen
class ShrinkReport:
    """The smallest plan that was found, and what it was like."""

    task: ShrinkTask
    least: RunReport
    runs: int


@frozen
class Refused:
    """A task can't be done at all: its scenario can't be found."""

    task: Task
    error: str


Report = RunReport | ShrinkReport | ShrinkProgress | Refused


def report_of(task: RunTask, outcome: Outcome, passed: Passed, hash_seed: str) -> RunReport:
    """What is told of an outcome."""
    return RunReport(
        task,
        outcome.status,
        tuple(outcome.verdicts),
        outcome.error,
        outcome.trace_hash,
        hash_seed,
        passed,
        outcome.virtual_seconds,
        outcome.real_seconds,
        outcome.trace_lines if task.purpose == "trace" else (),
    )
