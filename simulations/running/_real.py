"""Plans in real time, on a real server: whether what holds in the simulation holds outside as well."""

from __future__ import annotations

import itertools
import shutil
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from attrs import evolve

from ..plan import Plan
from ..real.ground import expressible, run_real
from ._batch import FINDINGS_MAX, Options, Tally, finding_of
from ._cases import Case
from ._points import points_of
from ._run import Outcome
from ._store import Finding
from ._tasks import Report, RunReport, RunTask, report_of

TRIES = 10
"""Seeds that are looked at for each plan that a real server can play: of a swarm's about half, of power losses none."""


class RealBatch:
    """Runs plans one after the other. What fails is told as it is: in real time no run comes twice, so none gets small.

    Args:
        cases: the scenarios.
        options: see there; `jobs` and what is about processes is passed over.
        binary: a redis-server.
    """

    def __init__(self, cases: Sequence[Case], options: Options, binary: Path) -> None:
        self.tally = Tally({case.name: Counter() for case in cases})
        self._cases = cases
        self._options = options
        self._binary = binary
        self._outcomes: dict[str, Outcome] = {}

    def run(self) -> Iterator[Report]:
        """Do it; yields each report as it comes."""
        began = time.monotonic()
        seconds = self._options.seconds
        for case, plan in self._plans():
            if seconds is not None and time.monotonic() - began > seconds:
                return
            report = self._run(case, plan)
            self.tally.count(report)
            self.tally.real_seconds = time.monotonic() - began
            if report.status != "held":
                self.tally.findings.append(finding_of(report, plan, 0))
            yield report
            if len(self.tally.findings) >= FINDINGS_MAX:
                return

    def outcome(self, finding: Finding) -> Outcome | None:
        """As it was: it can't be had by running its plan again."""
        return self._outcomes.get(finding.name)

    def _run(self, case: Case, plan: Plan) -> RunReport:
        outcome = run_real(plan, case.scenario, binary=self._binary, checkers=case.checkers)
        report = report_of(RunTask(plan), outcome, points_of(outcome.history), "")
        if outcome.status != "held":
            self._outcomes[finding_of(report, plan, 0).name] = outcome
        return report

    def _plans(self) -> Iterator[tuple[Case, Plan]]:
        """Of each scenario in turn, as many as there are to be, or as can be found."""
        found = [iter(self._plans_of(case)) for case in self._cases]
        for _ in itertools.count() if self._options.seeds is None else range(self._options.seeds):
            row = [(case, plan) for case, plans in zip(self._cases, found, strict=True) if (plan := next(plans, None))]
            if not row:
                return
            yield from row

    def _plans_of(self, case: Case) -> Iterator[Plan]:
        since = 0
        for number in itertools.count(self._options.base):
            plan = playable(case.plan(number, self._options.preset))
            since += 1
            if plan is not None:
                since = 0
                yield plan
            elif since >= TRIES:
                self.tally.notes.append(f"{case.name}: no plan of it can be played on a real server")
                return


def playable(plan: Plan) -> Plan | None:
    """A plan without those faults that a real server can't have; None where none is left."""
    faults = tuple(fault for fault in plan.faults if not expressible(evolve(plan, faults=(fault,))))
    return evolve(plan, faults=faults) if faults or not plan.faults else None


def binary_of(name: str) -> Path | None:
    """The program of this name or path."""
    found = shutil.which(name)
    return None if found is None else Path(found)
