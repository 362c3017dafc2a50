"""Making a plan small that fails, while it fails in the same way: so that a person can see why.

First the plan: faults, events and what else there is are taken away (ddmin; Zeller and Hildebrandt, 2002), then numbers
become simpler, until nothing can go. Then the order of tasks: the turns that were taken are written as running
everybody by age, apart from deviations, and of those all go that do not matter.

It starts from a plan that a seed, a file or a replay line gave. Hypothesis can only make smaller what its own
strategies drew, so it does this for plans drawn by those, and not here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, TypeVar

from attrs import define, evolve, field

from ..plan import Fault, Plan, PlannedEvent, Schedule
from ._run import Outcome
from ._simpler import simpler_events, simpler_faults, simpler_frame

T = TypeVar("T")

RUNS_MAX: Final = 600
"""Runs that a shrinking may take: a plan of 5 faults and 20 events takes about 100, its schedule up to 400."""

Tell = Callable[[int, Outcome], None]
"""Is told after each run: how many there were, and the smallest failing one so far."""


def same_failure(one: Outcome, other: Outcome) -> bool:
    """Whether two runs failed in the same way: same promise, and same kind of breach."""
    return one.status == other.status and bool(_ways(one)[:1]) and _ways(one)[0] in _ways(other)


def _ways(outcome: Outcome) -> Sequence[tuple[str, str]]:
    """In which ways a run failed, the first one first."""
    if outcome.status in ("crashed", "nondeterministic"):
        return [(outcome.status, outcome.error.partition(":")[0])]
    if outcome.status == "not live":
        return [(each.promise, each.kind) for each in outcome.verdicts] or [("liveness", "")]
    return [(each.promise, each.kind) for each in outcome.verdicts if each.promise != "liveness"]


def shrink(
    failed: Outcome, run: Callable[[Plan], Outcome], *, runs_max: int = RUNS_MAX, tell: Tell | None = None
) -> tuple[Outcome, int]:
    """The smallest plan's outcome that fails as this one does, and how many runs it took to find it.

    Args:
        failed: where to begin.
        run: runs a plan.
        runs_max: after how many runs to be content.
        tell: see there.
    """
    search = _Search(failed, run, runs_max, tell)
    search.drop_what_never_struck()
    before: Plan | None = None
    while before != search.plan and not search.is_over:
        before = search.plan
        search.take_away()
        search.simplify()
    search.straighten_schedule()
    return search.best, search.runs


def least(items: Sequence[T], fails: Callable[[Sequence[T]], bool]) -> Sequence[T]:
    """As few of the items as still fail, in their order: none of them could go alone."""
    if not items or fails(()):
        return ()
    size = max(1, len(items) // 2)
    while True:
        at, gone = 0, False
        while at < len(items) and len(items) > 1:
            rest = [*items[:at], *items[at + size :]]
            if rest and fails(rest):
                items, gone = rest, True
            else:
                at += size
        if size == 1 and not gone:
            return items
        size = max(1, size // 2)


@define
class _Search:
    """The way from a failing plan to a small one.

    Attributes:
        best: the smallest one so far that fails in the same way.
        runs: how many there were.
    """

    best: Outcome
    _run: Callable[[Plan], Outcome]
    _runs_max: int
    _tell: Tell | None
    runs: int = 0
    _tried: set[str] = field(factory=set[str])

    @property
    def plan(self) -> Plan:
        return self.best.plan

    @property
    def is_over(self) -> bool:
        return self.runs >= self._runs_max

    def fails(self, plan: Plan) -> bool:
        """Whether a plan fails in the same way; then it is the best one."""
        key = repr(plan)
        if self.is_over or key in self._tried:
            return False
        self._tried.add(key)
        outcome = self._run(plan)
        self.runs += 1
        is_same = same_failure(self.best, outcome)
        if is_same:
            self.best = outcome
        if self._tell is not None:
            self._tell(self.runs, self.best)
        return is_same

    def drop_what_never_struck(self) -> None:
        struck = tuple(fault for number, fault in enumerate(self.plan.faults) if number in self.best.struck)
        if len(struck) < len(self.plan.faults):
            self.fails(evolve(self.plan, faults=struck))

    def take_away(self) -> None:
        def with_faults(faults: Sequence[Fault]) -> bool:
            return self.fails(evolve(self.plan, faults=tuple(faults)))

        def with_events(events: Sequence[PlannedEvent]) -> bool:
            return self.fails(evolve(self.plan, events=tuple(events)))

        least(self.plan.faults, with_faults)
        least(self.plan.events, with_events)

    def simplify(self) -> None:
        """Of each thing the simplest form that still fails."""
        self._take_first(simpler_frame(self.plan))
        for number in range(len(self.plan.faults)):
            self._take_first(simpler_faults(self.plan, number))
        for number in range(len(self.plan.events)):
            self._take_first(simpler_events(self.plan, number))

    def _take_first(self, changes: Iterator[Callable[[Plan], Plan | None]]) -> None:
        for change in changes:
            changed = change(self.plan)
            if changed is not None and changed != self.plan:
                self.fails(changed)

    def straighten_schedule(self) -> None:
        """Run everybody by age, apart from what matters."""
        deviations = self.plan.schedule.deviations if self.plan.schedule.kind == "fifo" else None
        if deviations is None and self.fails(evolve(self.plan, schedule=self.best.schedule)):
            deviations = self.best.plan.schedule.deviations
        if deviations:
            every = dict(deviations)
            least(sorted(every), lambda steps: self.fails(evolve(self.plan, schedule=_fifo(every, steps))))


def _fifo(deviations: Mapping[int, tuple[int, ...]], steps: Sequence[int]) -> Schedule:
    return Schedule("fifo", {step: deviations[step] for step in steps})
