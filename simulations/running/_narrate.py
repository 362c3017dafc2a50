"""A plan and a history told line by line: when, who, what."""

from __future__ import annotations

from collections.abc import Iterator

from ...actors import ChildStarted, ChildStopped, ChildStopping
from ..history import History, Record, Sent, Told
from ..plan import Plan, Schedule
from ..report._words import plan_in_words, record_in_words

ROUTINE = (ChildStarted, ChildStopping, ChildStopped)
"""What every start and every stop tells of every actor."""


def narrate(history: History) -> Iterator[str]:
    """Everything of a history that a person may want to know, in the order of time.

    Commands are left out that did what they should: the changes that they made are there.
    """
    for record in history.records:
        if _is_worth_telling(record):
            yield f"{record.at_ms:10.1f} ms  {record.host:<12} {' '.join(record_in_words(record).split())}"


def _is_worth_telling(record: Record) -> bool:
    match record:
        case Sent(reply=reply, answered=answered):
            return not answered or (reply is not None and reply.startswith(b"-"))
        case Told(event=event):
            return not isinstance(event, ROUTINE)
        case _:
            return True


def whole_plan_in_words(plan: Plan) -> Iterator[str]:
    """What is to happen, its faults and the order of tasks among it; a line each."""
    yield from plan_in_words(plan)
    yield from (f"{fault.in_words()}." for fault in plan.faults)
    yield _schedule(plan.schedule)


def _schedule(schedule: Schedule) -> str:
    if schedule.kind != "fifo":
        return f"The order of tasks is drawn ({schedule.kind})."
    turns = len(schedule.deviations)
    apart = f", apart from {counted(turns, 'turn')}" if turns else ""
    return f"Tasks run by age{apart}."


def counted(number: int, thing: str) -> str:
    """1 fault, 2 faults."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"
