"""A schedule as its user sees it, and how its entry is written anew for each time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timezone

from attrs import frozen

from ..actors import Recurrence
from ..wire import Scheduled
from ._codec import Codec, read, written
from ._errors import UndecodableEntry


@frozen
class Schedule:
    """Something that is to be published.

    Attributes:
        id: its own, by which it is cancelled.
        stream: where to.
        due: when it is published, or published next, by the clock of Redis, in UTC.
        recurs: as it is kept, as in "every 60.0 once -" or "cron UTC once - 0 3 * * *"; "" if it does not.
        event_type: of the event; "" where its codec can't read it.
        payload: of the event, as JSON has it.
    """

    id: str
    stream: str
    due: datetime
    recurs: str
    event_type: str
    payload: object

    @classmethod
    def of(cls, scheduled: Scheduled, stream: str, codec: Codec) -> Schedule:
        """As it is kept in Redis."""
        due = datetime.fromtimestamp(scheduled.due_ms / 1000, timezone.utc)
        try:
            content = read(codec, scheduled.fields)
        except UndecodableEntry:
            return cls(scheduled.id, stream, due, scheduled.rule, "", None)
        return cls(scheduled.id, stream, due, scheduled.rule, content.event_type, content.payload)


def stamped(codec: Codec, fields: Sequence[bytes], event_id: str, at_ms: int) -> Sequence[bytes] | None:
    """The words of an entry as those of another event, with this id and time; None where the codec can't read them.

    Raises:
        TypeError: it can't write them.
    """
    try:
        content = read(codec, fields)
    except UndecodableEntry:
        return None
    return written(codec, content._replace(event_id=event_id, timestamp_ms=at_ms))


def recurrence(
    every: float | None, cron: str | None, *, zone: str, missed: str, until: datetime | None
) -> Recurrence | None:
    """How it recurs, as users say it; None: it does not.

    Raises:
        ValueError: that can't be.
    """
    if cron is None and zone != "UTC":
        raise ValueError(f"zone is for cron, so zone={zone!r} says nothing here: leave it out")
    if every is None and cron is None:
        if until is not None:
            raise ValueError("until is for what recurs: give every or cron, too")
        return None
    until_ms = None if until is None else milliseconds(until)
    return Recurrence(every, cron, zone, missed, until_ms)  # type: ignore[arg-type]  # its validator looks at it


def milliseconds(time: datetime) -> int:
    """Since 1970; a time without a zone is local time.

    Raises:
        TypeError: it is no time.
    """
    if not isinstance(time, datetime):
        raise TypeError(f"a time is a datetime, as in datetime(2030, 1, 31, 12, tzinfo=timezone.utc), not {time!r}")
    return int(time.timestamp() * 1000)
