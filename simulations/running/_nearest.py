"""The most similar run that was well: what a failure is best compared with."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from attrs import evolve

from ..plan import Plan, Schedule
from ._run import Outcome

TRIES_MAX = 12
"""Runs that it may take: a minimal plan has a few faults and a few events."""


def nearest_that_held(plan: Plan, run: Callable[[Plan], Outcome]) -> Outcome | None:
    """The outcome of the first plan with one thing less that holds; None if there is none among a few."""
    for number, neighbour in enumerate(neighbours(plan)):
        if number == TRIES_MAX:
            break
        outcome = run(neighbour)
        if outcome.status == "held":
            return outcome
    return None


def neighbours(plan: Plan) -> Iterator[Plan]:
    """Plans with one thing less: a turn of its own, a fault, an event; the last ones first, as they are the trigger."""
    if plan.schedule.deviations:
        yield evolve(plan, schedule=Schedule("fifo"))
    for number in reversed(range(len(plan.faults))):
        yield evolve(plan, faults=plan.faults[:number] + plan.faults[number + 1 :])
    for number in reversed(range(len(plan.events))):
        yield evolve(plan, events=plan.events[:number] + plan.events[number + 1 :])
