"""How well the simulation finds the bugs that were planted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import median_low
from typing import Final

from attrs import frozen

from ..checkers import ALL, AT_LEAST_ONCE, Checker
from ..plan import Plan, draw_plan
from ..running import Outcome, run_plan
from ..running._shrink import shrink
from ..scenarios import SCENARIOS
from ._all import BUGS
from ._bug import PlantedBug

SEEDS_MAX: Final = 200
"""Within so many seeds each bug is to be found."""
STARTS: Final = (0, 1000, 2000, 3000, 4000)
"""Where the searches begin."""
SHRINK_RUNS_MAX: Final = 200
"""Runs that making a plan small may take: enough to see how many faults a bug needs."""


@frozen(eq=False)
class Hit:
    """A seed at which a bug showed itself.

    Attributes:
        seed: which.
        tries: how many seeds it took, this one included.
        outcome: of its run; of its verdicts some are of the bug's promise.
    """

    seed: int
    tries: int
    outcome: Outcome


@frozen
class Row:
    """How the searches for one bug went.

    Attributes:
        bug: its name.
        expected: the promise whose checker has to find it.
        checker: the promise whose checker did; "" if nobody.
        seeds: how many seeds each search took; more than `SEEDS_MAX` where it found nothing.
        faults: in the smallest plan that was found; None where there is none.
        also: what other promises were broken in those runs.
    """

    bug: str
    expected: str
    checker: str
    seeds: tuple[int, ...]
    faults: int | None
    also: tuple[str, ...] = ()

    @property
    def is_found(self) -> bool:
        """Whether each search found it."""
        return self.worst <= SEEDS_MAX

    @property
    def median(self) -> int:
        """Of the searches."""
        return median_low(self.seeds)

    @property
    def worst(self) -> int:
        """Of the searches."""
        return max(self.seeds)


def planted_plan(bug: PlantedBug, seed: int) -> Plan:
    """The plan of a seed, in one of the bug's scenarios."""
    scenario = SCENARIOS[bug.scenarios[seed % len(bug.scenarios)]]
    return draw_plan(seed, scenario.name, bug.plans or scenario.domain)


def run_planted(bug: PlantedBug, plan: Plan, checkers: Sequence[Checker] = AT_LEAST_ONCE) -> Outcome:
    """Run a plan with the bug."""
    with bug.planted():
        return run_plan(plan, SCENARIOS[plan.scenario].run, checkers=checkers)


def find_planted(bug: PlantedBug, start: int, seeds_max: int = SEEDS_MAX) -> Hit | None:
    """Search from a seed on until the right checker notices the bug; None if it does not."""
    for tries in range(1, seeds_max + 1):
        seed = start + tries - 1
        outcome = run_planted(bug, planted_plan(bug, seed))
        if any(verdict.promise == bug.promise for verdict in outcome.verdicts):
            return Hit(seed, tries, outcome)
    return None


def planted_table(
    bugs: Sequence[PlantedBug] = tuple(BUGS.values()),
    *,
    starts: Sequence[int] = STARTS,
    seeds_max: int = SEEDS_MAX,
    shrink_runs_max: int = SHRINK_RUNS_MAX,
) -> Iterator[Row]:
    """Search for each bug from several starts on; rows come as soon as they are there.

    Args:
        bugs: which.
        starts: the seeds that the searches begin with.
        seeds_max: how many seeds a search may take.
        shrink_runs_max: how many runs making the plan small may take.
    """
    for bug in bugs:
        yield row_of(bug, starts=starts, seeds_max=seeds_max, shrink_runs_max=shrink_runs_max)


def row_of(
    bug: PlantedBug,
    *,
    starts: Sequence[int] = STARTS,
    seeds_max: int = SEEDS_MAX,
    shrink_runs_max: int = SHRINK_RUNS_MAX,
) -> Row:
    """One row of the table."""
    hits = [find_planted(bug, start, seeds_max) for start in starts]
    found = [hit for hit in hits if hit is not None]
    promises = [verdict.promise for hit in found for verdict in hit.outcome.verdicts]
    also = tuple(dict.fromkeys(promise for promise in promises if promise != bug.promise))
    seeds = tuple(seeds_max + 1 if hit is None else hit.tries for hit in hits)
    checker = bug.promise if found else ""
    return Row(bug.name, bug.promise, checker, seeds, _faults(bug, found, shrink_runs_max), also)


def _faults(bug: PlantedBug, found: Sequence[Hit], runs_max: int) -> int | None:
    """How many faults it takes; from the plan with the fewest of them on."""
    if not found:
        return None
    hit = min(found, key=lambda hit: len(hit.outcome.struck))
    only = (ALL[bug.promise],)

    def run(plan: Plan) -> Outcome:
        return run_planted(bug, plan, only)

    least, _ = shrink(run(hit.outcome.plan), run, runs_max=runs_max)
    return len(least.plan.faults)
