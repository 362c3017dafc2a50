"""The report of a batch as files: a page for each failure, and one for all of it."""

from __future__ import annotations

from pathlib import Path

from ..report import Batch as BatchPage
from ..report import Failure, FailureLink, batch_page, failure_page
from ._batch import Options, Tally
from ._cases import find_case
from ._nearest import nearest_that_held
from ._points import HAPPENINGS
from ._replay import replay_line
from ._run import Outcome, run_plan
from ._store import Finding

INDEX = "index.html"


def write_failure(folder: Path, finding: Finding, outcome: Outcome, *, has_nearest: bool = True) -> Path:
    """The page of one failure, compared with the nearest run that was well if it is to have one."""
    case = find_case(finding.plan.scenario)
    nearest = None
    if has_nearest:
        nearest = nearest_that_held(finding.plan, lambda plan: run_plan(plan, case.scenario, checkers=case.checkers))
    failure = Failure(
        finding.status,
        outcome.verdicts,
        outcome.history,
        outcome.trace_hash,
        replay_command(finding),
        outcome.error or ("" if outcome.verdicts else finding.words),
        None if nearest is None else nearest.history,
    )
    return _write(folder / f"{finding.name}.html", failure_page(failure))


def write_batch(folder: Path, tally: Tally, options: Options) -> Path:
    """The page of a batch."""
    page = BatchPage(
        f"{len(tally.by_scenario)} scenarios",
        tally.runs,
        tally.real_seconds,
        tally.virtual_seconds,
        options.base,
        options.preset,
        tally.passed.struck,
        {thing: tally.passed.happened.get(thing, 0) for thing in HAPPENINGS} if tally.passed.struck else {},
        tally.passed.met,
        failures=[_link(finding) for finding in tally.findings],
    )
    return _write(folder / INDEX, batch_page(page))


def replay_command(finding: Finding) -> str:
    """What shows a failure again, when it is typed."""
    return f"redis-streams simulate --replay '{replay_line(finding.plan)}'"


def _link(finding: Finding) -> FailureLink:
    return FailureLink(
        finding.drawn.seed,
        finding.plan.scenario,
        finding.promise or finding.status,
        finding.words,
        f"{finding.name}.html",
        len(finding.plan.faults),
        replay_command(finding),
    )


def _write(path: Path, page: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page, encoding="utf-8")
    return path
