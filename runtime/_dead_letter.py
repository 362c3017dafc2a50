"""A dead letter as people look at it, and which of them are meant."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta, timezone
from typing import Final

from attrs import field, frozen

from ..wire import Entry, EntryId

ABOUT: Final = "dead_"
"""What the fields begin with that tell about the letter; all others are the entry's own."""

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


@frozen
class DeadLetter:
    """An entry that a group gave up, with what is known about it.

    Attributes:
        id: the letter's own id, in the dead-letter stream.
        entry_id: the id that its entry had in the stream.
        stream, group, consumer: where it was, and who gave it up.
        event_id, event_type: the event's own id and its type; empty where they can't be read.
        deliveries: how often it had been delivered.
        reason: why it was given up, in words.
        error, message, traceback: the class of what its handler raised at last, its text, and the end of its traceback.
        redriven: how often it had been given back to the stream before.
        fields: the entry's own fields: name, value, name, value, …
    """

    id: EntryId
    entry_id: EntryId
    stream: str
    group: str
    consumer: str
    event_id: str
    event_type: str
    deliveries: int
    reason: str
    error: str
    message: str
    traceback: str
    redriven: int
    fields: Sequence[bytes]

    @classmethod
    def of_entry(cls, entry: Entry) -> DeadLetter:
        """As it stands in Redis. What somebody wrote by hand may lack some of it."""
        flat = entry.fields or ()
        named = {name.decode(errors="replace"): value for name, value in zip(flat[::2], flat[1::2], strict=True)}
        own = own_fields(flat)
        mine = dict(zip(own[::2], own[1::2], strict=True))

        def said(name: str) -> str:
            return named.get(ABOUT + name, b"").decode(errors="replace")

        return cls(
            id=entry.id,
            entry_id=_id(named.get("dead_id", b"")),
            stream=said("stream"),
            group=said("group"),
            consumer=said("consumer"),
            event_id=said("event_id") or mine.get(b"event_id", b"").decode(errors="replace"),
            event_type=said("event_type") or mine.get(b"event_type", b"").decode(errors="replace"),
            deliveries=_number(said("deliveries")),
            reason=said("reason"),
            error=said("error"),
            message=said("message"),
            traceback=said("traceback"),
            redriven=_number(mine.get(b"redriven", b"").decode(errors="replace")),
            fields=own,
        )

    @property
    def published_at(self) -> datetime:
        """When its entry came into the stream, by the clock of Redis, in UTC."""
        return _EPOCH + timedelta(milliseconds=self.entry_id.ms)

    @property
    def died_at(self) -> datetime:
        """When it was given up, or edited, by the clock of Redis, in UTC."""
        return _EPOCH + timedelta(milliseconds=self.id.ms)


def own_fields(flat: Sequence[bytes]) -> Sequence[bytes]:
    """The fields of the entry itself: as many as the letter says, behind all that is told about it."""
    for name, value in zip(flat[::2], flat[1::2], strict=True):
        if name == b"dead_own" and value.isdigit():
            return flat[len(flat) - 2 * int(value) :]
    pairs = zip(flat[::2], flat[1::2], strict=True)
    return [part for pair in pairs if not pair[0].startswith(ABOUT.encode()) for part in pair]


def _number(text: str) -> int:
    return int(text) if text.isdigit() else 0


def _id(raw: bytes) -> EntryId:
    try:
        return EntryId.parse(raw)
    except ValueError:
        return EntryId(0, 0)


def _ids(ids: Collection[EntryId | str] | None) -> frozenset[EntryId] | None:
    return None if ids is None else frozenset(EntryId.parse(each) if isinstance(each, str) else each for each in ids)


@frozen
class DeadLetterFilter:
    """Which dead letters are meant: those for which all holds that is said here; without anything, all.

    Attributes:
        ids: one of these is the letter's id, or the one that its entry had.
        event_types: its event's type is one of these.
        errors: its handler raised one of these at last, by the name of the class; "" for what can't be read.
        died_after: it was given up at this time or later.
        died_before: it was given up before this time.
    """

    ids: frozenset[EntryId] | None = field(default=None, converter=_ids)
    event_types: Collection[str] | None = None
    errors: Collection[str] | None = None
    died_after: datetime | None = None
    died_before: datetime | None = None

    def matches(self, letter: DeadLetter) -> bool:
        """Whether this one is meant."""
        return (
            (self.ids is None or letter.id in self.ids or letter.entry_id in self.ids)
            and (self.event_types is None or letter.event_type in self.event_types)
            and (self.errors is None or letter.error in self.errors)
            and (self.died_after is None or letter.died_at >= self.died_after)
            and (self.died_before is None or letter.died_at < self.died_before)
        )
