"""What waits for its retry: nobody gets it before its time, by the clock of Redis, in which that is noted.

It is due when its last delay is over. After a fault that may take that back, or moves the clock, nothing is judged any
more; nor is what a seek, or a group that is made again, delivers anew.
"""

from __future__ import annotations

from collections.abc import Iterator

from attrs import frozen

from ..history import FaultStruck, History
from ..plan import CrashServer, DeleteStream, DestroyGroup, FailOver, LosePower, RestartEmpty, ShiftClock
from ._chronicle import chronicle
from ._facts import Acknowledged, Began, Held, Moved
from ._runs import Of

_FORGETS = (CrashServer, DeleteStream, DestroyGroup, FailOver, LosePower, RestartEmpty, ShiftClock)

SLACK_MS = 250.0
"""Redis counts whole milliseconds; and a real one on a busy machine is seen late, but much less than a retry waits."""


@frozen
class Early:
    """A delivery before its time."""

    held: Held
    due_ms: float


def delivered_early(history: History) -> Iterator[Early]:
    """What waited for its retry, and somebody got before that was due."""
    ends_at = _unsure_from(history)
    due: dict[Of, float] = {}
    for fact in chronicle(history).facts:
        if fact.at >= ends_at:
            return
        match fact:
            case Held(how="delayed"):
                due[fact.stream, fact.group, fact.raw_id] = fact.at_ms + fact.delay_ms
            case Held(how="delivered"):
                due_ms = due.pop((fact.stream, fact.group, fact.raw_id), 0.0)
                if fact.at_ms + SLACK_MS < due_ms:
                    yield Early(fact, due_ms)
            case Acknowledged():
                due.pop((fact.stream, fact.group, fact.raw_id), None)
            case Began() | Moved():
                due = {of: at_ms for of, at_ms in due.items() if of[:2] != (fact.stream, fact.group)}
            case _:
                pass


def _unsure_from(history: History) -> int:
    for place, record in enumerate(history.records):
        if isinstance(record, FaultStruck) and isinstance(record.fault.effect, _FORGETS):
            return place
    return len(history.records)
