"""Plans in real time, on a real server: whether what holds in the simulation holds outside as well."""

from __future__ import annotations

import itertools
import shutil
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from attrs import evolve

from ..checkers import AT_LEAST_ONCE
from ..plan import Fault, Plan, Schedule
from ..real.ground import NotExpressible, Starter, expressible, run_real, starter
from ._batch import FINDINGS_MAX, Options, Tally, finding_of
from ._canary import PLAN as CANARY_PLAN
from ._canary import PROMISE, canary
from ._cases import Case
from ._points import points_of
from ._run import Outcome
from ._store import Finding
from ._tasks import Report, RunReport, RunTask, report_of

EFFECT_MS_MAX = 3000.0
"""Of what lasts: seconds of virtual time cost nothing, these are real. Idle limits of scenarios are below that."""
TRIES = 10
"""Seeds that are looked at for each plan that a real server can play: of a swarm's about half, of power losses none."""


class RealBatch:
    """Runs plans one after the other. What fails is told as it is: in real time no run comes twice, so none gets small.

    Args:
        cases: the scenarios.
        options: see there; `jobs` and what is about processes is passed over.
        binary: a redis-server.
        plant: a bug that the processes are to have, by its name.
    """

    def __init__(self, cases: Sequence[Case], options: Options, binary: Path, plant: str = "") -> None:
        self.tally = Tally({case.name: Counter() for case in cases})
        self._cases = cases
        self._options = options
        self._binary = binary
        self._plant = plant
        self._left_out = Counter[str]()
        self._outcomes: dict[str, Outcome] = {}

    def run(self) -> Iterator[Report]:
        """Do it; yields each report as it comes."""
        began = time.monotonic()
        with starter() as starts:
            self._run_canary(starts)
            for case, plan in self._plans():
                if self._is_over(began):
                    break
                try:
                    report = self._run(case, plan, starts)
                except NotExpressible as error:
                    self._left_out[f"{case.name}: {error}"] += 1
                    continue
                self.tally.count(report)
                self.tally.real_seconds = time.monotonic() - began
                if report.status != "held":
                    self.tally.findings.append(finding_of(report, plan, 0))
                yield report
        left_out = [f"{times} times left out, {what}" for what, times in sorted(self._left_out.items())]
        self.tally.notes += left_out

    def _is_over(self, began: float) -> bool:
        seconds = self._options.seconds
        time_is_up = seconds is not None and time.monotonic() - began > seconds
        return time_is_up or self.tally.blind or len(self.tally.findings) >= FINDINGS_MAX

    def _run_canary(self, starts: Starter) -> None:
        outcome = run_real(CANARY_PLAN, canary, binary=self._binary, checkers=AT_LEAST_ONCE, starting=starts)
        self.tally.blind = not any(verdict.promise == PROMISE for verdict in outcome.verdicts)
        if outcome.error:
            self.tally.notes.append(f"the canary: {outcome.error}")

    def outcome(self, finding: Finding) -> Outcome | None:
        """As it was: it can't be had by running its plan again."""
        return self._outcomes.get(finding.name)

    def _run(self, case: Case, plan: Plan, starts: Starter) -> RunReport:
        outcome = run_real(
            plan, case.scenario, binary=self._binary, checkers=case.checkers, starting=starts, plant=self._plant
        )
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
            drawn = case.plan(number, self._options.preset)
            plan = playable(drawn)
            self._left_out.update(() if plan is None else expressible(drawn))
            since += 1
            if plan is not None:
                since = 0
                yield plan
            elif since >= TRIES:
                self.tally.notes.append(f"{case.name}: no plan of it can be played on a real server")
                return


def playable(plan: Plan) -> Plan | None:
    """A plan without those faults that a real server can't have, and none of them too long; None if none is left.

    What reality decides, the plan does not say any more: the order of tasks, rare branches, how far the server is.
    """
    faults = tuple(_limited(fault) for fault in plan.faults if not expressible(evolve(plan, faults=(fault,))))
    if plan.faults and not faults:
        return None
    shape = evolve(plan.shape, latency_ms=0.0)
    events = tuple(evolve(event, slow_ms=min(event.slow_ms, EFFECT_MS_MAX)) for event in plan.events)
    return evolve(plan, shape=shape, events=events, faults=faults, schedule=Schedule(), buggify=False)


def _limited(fault: Fault) -> Fault:
    """No longer than a person would wait for it."""
    ms: object = getattr(fault.effect, "ms", None)
    if not isinstance(ms, float) or ms <= EFFECT_MS_MAX:
        return fault
    changed: dict[str, object] = {"ms": EFFECT_MS_MAX}
    return evolve(fault, effect=evolve(fault.effect, **changed))


def binary_of(name: str) -> Path | None:
    """The program of this name or path."""
    found = shutil.which(name)
    return None if found is None else Path(found)
