"""Many runs: a canary, the failures of earlier times, then seed after seed over all scenarios, on several processes.

Every 20th plan is run once more in another process, whose strings hash otherwise: both must do exactly the same. What
fails is made small, once for each way to fail.
"""

from __future__ import annotations

import itertools
import time
from collections import Counter, deque
from collections.abc import Iterator, Sequence

from attrs import define, field, frozen

from ..plan import Plan
from ._canary import PLAN as CANARY_PLAN
from ._canary import PROMISE
from ._cases import Case, UnknownScenario, find_case
from ._points import NOTHING, Passed, together, unhit
from ._pool import Pool
from ._run import Outcome, run_plan
from ._shrink import RUNS_MAX
from ._store import FailedStatus, Finding, Store, first_verdict
from ._tasks import Refused, Report, RunReport, RunTask, ShrinkReport, ShrinkTask, Task
from ._traces import first_difference

AGAIN_EVERY = 20
FINDINGS_MAX = 10
"""Different failures after which there is enough to mend."""
ALIKE_MAX = 3
"""Failures of one promise and kind, in different scenarios, that are made small: most likely they are one bug."""
POLL_SECONDS = 0.25


@frozen
class Options:
    """What a batch is to do.

    Attributes:
        seeds: for each scenario; None: as many as there is time for.
        base: the first seed.
        preset: which faults.
        jobs: processes that work at the same time.
        seconds: real time after which no more runs are begun; None: no limit.
        runs_max: of making one failure small; 0: it is left as it is.
        again_every: of so many plans one is run again in another process; 0: none is.
    """

    seeds: int | None = 200
    base: int = 0
    preset: str = "swarm"
    jobs: int = 1
    seconds: float | None = None
    runs_max: int = RUNS_MAX
    again_every: int = AGAIN_EVERY


@define
class Tally:
    """What a batch has come to.

    Attributes:
        by_scenario: how many runs ended how, for each scenario.
        passed: what all of them came by.
        findings: the failures, each way to fail once.
        again: how many plans were run in two processes and did the same in both.
        stored, mended: how many failures of earlier times were tried, and how many of them fail no more.
        notes: what else is to be told.
        blind: whether the canary lived.
        unhit: what ought to happen sometimes and never did.
    """

    by_scenario: dict[str, Counter[str]] = field(factory=dict[str, Counter[str]])
    passed: Passed = NOTHING
    findings: list[Finding] = field(factory=list[Finding])
    again: int = 0
    stored: int = 0
    mended: int = 0
    virtual_seconds: float = 0.0
    real_seconds: float = 0.0
    notes: list[str] = field(factory=list[str])
    blind: bool = False
    unhit: Sequence[str] = ()

    @property
    def runs(self) -> int:
        """How many seeds were run."""
        return sum(counts.total() for counts in self.by_scenario.values())

    def count(self, report: RunReport) -> None:
        """One more run."""
        self.by_scenario.setdefault(report.task.plan.scenario, Counter())[report.status] += 1
        self.passed = together(self.passed, report.passed)
        self.virtual_seconds += report.virtual_seconds


@frozen
class _Order:
    """A task that goes before all seeds; `on` or `not_on` the process with this hash seed."""

    task: Task
    on: str = ""
    not_on: str = ""

    def suits(self, hash_seed: str) -> bool:
        return self.on in ("", hash_seed) and self.not_on != hash_seed


class Batch:
    """Runs plans until there are no more, or no more time.

    Args:
        cases: the scenarios.
        options: see there.
        store: where failures are kept.
    """

    def __init__(self, cases: Sequence[Case], options: Options, store: Store) -> None:
        self.tally = Tally({case.name: Counter() for case in cases})
        self.options = options
        self._cases = cases
        self._store = store
        self._orders: deque[_Order] = deque([_Order(RunTask(CANARY_PLAN, "canary"))])
        self._plans = self._all_plans()
        self._running = 0
        self._canary_died = False
        self._traces: dict[str, RunReport] = {}
        self._known: dict[tuple[str, ...], set[str]] = {}
        self._began = self._ready = time.monotonic()

    def run(self) -> Iterator[Report]:
        """Do it; yields what comes in, in the order in which it does.

        Raises:
            UnknownScenario: a process could not load a scenario that was there before.
        """
        with Pool(max(2, self.options.jobs), self.options.base) as pool:
            self._hand_out(pool)
            while self._running:
                for report in pool.reports(POLL_SECONDS):
                    self._take(report)
                    yield report
                self.tally.real_seconds = time.monotonic() - self._ready
                self._hand_out(pool)
        if len(self.tally.findings) >= FINDINGS_MAX:
            self.tally.notes.append(f"no more runs were begun after {FINDINGS_MAX} different failures")
        kinds = frozenset[str]().union(*(case.kinds(self.options.preset) for case in self._cases))
        self.tally.unhit = tuple(unhit(self.tally.passed, runs=self.tally.runs, kinds=sorted(kinds)))

    def outcome(self, finding: Finding) -> Outcome | None:
        """What its smallest plan comes to, run once more and here; None where its process was lost with it."""
        if not finding.trace_hash:
            return None
        case = find_case(finding.plan.scenario)
        return run_plan(finding.plan, case.scenario, checkers=case.checkers)

    # What is to be done

    def _all_plans(self) -> Iterator[RunTask]:
        chosen = {case.name for case in self._cases}
        for plan in self._store.plans(self.tally.notes):
            if plan.scenario in chosen:
                yield RunTask(plan, "stored")
        numbers = itertools.count() if self.options.seeds is None else range(self.options.seeds)
        for number in numbers:
            for case in self._cases:
                yield RunTask(case.plan(self.options.base + number, self.options.preset))

    def _hand_out(self, pool: Pool) -> None:
        free = pool.free()
        while free and self._running < self.options.jobs:
            found = self._next(pool, free)
            if found is None:
                return
            number, task = found
            free.remove(number)
            pool.give(number, task)
            self._running += 1

    def _next(self, pool: Pool, free: Sequence[int]) -> tuple[int, Task] | None:
        seeds = pool.hash_seeds
        for order in self._orders:
            for number in free:
                if order.suits(seeds[number]):
                    self._orders.remove(order)
                    return number, order.task
        if self._is_over() or not self._canary_died:
            return None
        task = next(self._plans, None)
        return None if task is None else (free[0], task)

    def _is_over(self) -> bool:
        seconds = self.options.seconds
        time_is_up = seconds is not None and time.monotonic() - self._began > seconds
        return time_is_up or self.tally.blind or len(self.tally.findings) >= FINDINGS_MAX

    # What has come back

    def _take(self, report: Report) -> None:
        match report:
            case RunReport():
                self._running -= 1
                self._take_run(report)
            case ShrinkReport(task=task, least=least, runs=runs):
                self._running -= 1
                self._find(finding_of(least, task.report.task.plan, runs))
            case Refused(error=error):
                raise UnknownScenario(error)
            case _:
                pass

    def _take_run(self, report: RunReport) -> None:
        match report.task.purpose:
            case "canary":
                self._ready = time.monotonic()  # what came before was Python starting
                self._canary_died = any(verdict.promise == PROMISE for verdict in report.verdicts)
                self.tally.blind = not self._canary_died
                if report.error:
                    self.tally.notes.append(f"the canary: {report.error}")
            case "stored":
                self.tally.stored += 1
                self.tally.mended += report.status == "held"
                if report.status != "held":
                    finding = finding_of(report, report.task.plan, 0)
                    self._scenarios_of(finding).add(finding.plan.scenario)
                    self._find(finding)
            case "again":
                self._compare(report)
            case "trace":
                self._compare_traces(report)
            case "seed":
                self.tally.count(report)
                if self._is_to_be_run_again(report):
                    self._orders.append(_Order(RunTask(report.task.plan, "again", report), not_on=report.hash_seed))
                if report.status != "held":
                    self._take_failure(report)

    def _is_to_be_run_again(self, report: RunReport) -> bool:
        every = self.options.again_every
        return every > 0 and not report.lost and self.tally.runs % every == 1 % every

    def _take_failure(self, report: RunReport) -> None:
        finding = finding_of(report, report.task.plan, 0)
        scenarios = self._scenarios_of(finding)
        if finding.plan.scenario in scenarios or len(scenarios) >= ALIKE_MAX:
            return
        scenarios.add(finding.plan.scenario)
        if report.lost or not self.options.runs_max:
            self._find(finding)
        else:
            self._orders.append(_Order(ShrinkTask(report, self.options.runs_max)))

    def _scenarios_of(self, finding: Finding) -> set[str]:
        """In which scenarios this way to fail is known."""
        return self._known.setdefault((finding.status, finding.promise, finding.kind), set())

    def _find(self, finding: Finding) -> None:
        self.tally.findings.append(finding)
        self._store.add(finding)

    # The same plan in two processes

    def _compare(self, report: RunReport) -> None:
        first = report.task.of
        if first is None or report.lost or report.trace_hash == first.trace_hash:
            self.tally.again += 1
            return
        for hash_seed in (first.hash_seed, report.hash_seed):
            self._orders.append(_Order(RunTask(report.task.plan, "trace"), on=hash_seed))

    def _compare_traces(self, report: RunReport) -> None:
        key = repr(report.task.plan)
        other = self._traces.pop(key, None)
        if other is None:
            self._traces[key] = report
            return
        words = first_difference(other, report)
        plan = report.task.plan
        self._find(Finding("nondeterministic", "", words, plan, plan, trace_hash=report.trace_hash))


def finding_of(report: RunReport, drawn: Plan, runs: int) -> Finding:
    """What is kept of a failed run."""
    status: FailedStatus = "nondeterministic" if report.status == "held" else report.status
    first = first_verdict(report.status, report.verdicts, report.error)
    plan = report.task.plan
    return Finding(
        status, first.promise, first.words, plan, drawn, first.kind, first.event_ids, report.trace_hash, runs
    )
