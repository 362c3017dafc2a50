"""The runs of handlers, each from its start to its end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from attrs import frozen

from ..history import HandlerEnded, HandlerStarted, History, Published, Publishing

Outcome = Literal["done", "failed", "cancelled", "open"]
Of = tuple[str, str, bytes]
"""Stream, group and raw id."""


@frozen
class Run:
    """One run of a handler. `ended_at` is the place of its end among all records; an open one has no end."""

    start: HandlerStarted
    started_at: int
    end: HandlerEnded | None = None
    ended_at: int | None = None

    @property
    def outcome(self) -> Outcome:
        """How it ended; ``open``: its process died, or it runs still."""
        return "open" if self.end is None else self.end.outcome


@frozen(eq=False)
class Runs:
    """All runs of a history, in the order of their starts.

    Attributes:
        of_entry: by stream, group and raw id; those of other events with the same id are among them.
        of_event: by stream, group and event id.
    """

    all: Sequence[Run]
    of_entry: Mapping[Of, Sequence[Run]]
    of_event: Mapping[tuple[str, str, str], Sequence[Run]]

    def done_before(self, of: Of, event_id: str, place: int, *, host: str = "", begun_after: int = -1) -> bool:
        """Whether a run of this event ended well before a record; on this host, where one is given."""
        return any(
            run.outcome == "done"
            and run.ended_at is not None
            and begun_after < run.started_at
            and run.ended_at < place
            and (not event_id or not run.start.event_id or run.start.event_id == event_id)
            and host in ("", run.start.host)
            for run in self.of_entry.get(of, ())
        )


def runs(history: History) -> Runs:
    """The runs of all groups' handlers; worked out once."""
    return history.once(_of_groups)


def reader_runs(history: History) -> Runs:
    """The runs of handlers of readers without a group, by the readers' names; worked out once."""
    return history.once(_of_readers)


def _of_groups(history: History) -> Runs:
    return _runs(history, of_readers=False)


def _of_readers(history: History) -> Runs:
    return _runs(history, of_readers=True)


def _runs(history: History, *, of_readers: bool) -> Runs:
    begun: dict[int, Run] = {}
    for place, record in enumerate(history.records):
        match record:
            case HandlerStarted(is_reader=is_reader) if is_reader is of_readers:
                begun[record.run] = Run(record, place)
            case HandlerEnded() if record.run in begun:
                started = begun[record.run]
                begun[record.run] = Run(started.start, started.started_at, record, place)
            case _:
                pass
    of_entry: dict[Of, list[Run]] = {}
    of_event: dict[tuple[str, str, str], list[Run]] = {}
    for run in begun.values():
        start = run.start
        of_entry.setdefault((start.stream, start.group, start.raw_id), []).append(run)
        of_event.setdefault((start.stream, start.group, start.event_id), []).append(run)
    return Runs(tuple(begun.values()), of_entry, of_event)


@frozen(eq=False)
class Publications:
    """What was published: how often each event was begun, by stream and event id, and how it ended."""

    begun: Mapping[tuple[str, str], Sequence[Publishing]]
    ended: Mapping[tuple[str, str], Sequence[Published]]


def publications(history: History) -> Publications:
    """What was published; worked out once."""
    return history.once(_publications)


def _publications(history: History) -> Publications:
    begun: dict[tuple[str, str], list[Publishing]] = {}
    ended: dict[tuple[str, str], list[Published]] = {}
    for record in history.records:
        if isinstance(record, Publishing):
            begun.setdefault((record.stream, record.event_id), []).append(record)
        elif isinstance(record, Published):
            ended.setdefault((record.stream, record.event_id), []).append(record)
    return Publications(begun, ended)
