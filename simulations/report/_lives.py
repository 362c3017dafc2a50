"""The life of each event: which records tell of it.

An event has an identity of its own; commands and replies name its entry, by an id that a server may hand out again
after a failover. So the history is walked in order, and an id means the event that it was last given to.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from attrs import define, field, frozen

from ...actors import (
    ActorEvent,
    DeadLettered,
    EntriesDestroyed,
    EntriesReclaimed,
    EventsDropped,
    HandlerFailed,
    LeaseLost,
)
from ...wire import LinkEvent
from ..history import (
    Applied,
    Destroyed,
    HandlerEnded,
    HandlerStarted,
    History,
    Published,
    Publishing,
    Record,
    Sent,
    ServiceCalled,
    Told,
)

READS: Final = ("XREADGROUP", "XREAD", "XRANGE", "XCLAIM", "XAUTOCLAIM", "claim", "take_own")
"""Actions whose replies say what is handed over; of others the words say what they are about."""
_ID: Final = re.compile(rb"(?<![\w-])\d{1,20}-\d{1,20}(?![\w-])")


@frozen
class Life:
    """What became of one event.

    Attributes:
        name: its event id, or its entry's id where it has none.
        records: places in the history, ascending.
        runs: how often a handler began with it.
        acknowledged: whether its entry was acknowledged in the end.
    """

    name: str
    key: str
    records: Sequence[int]
    runs: int
    acknowledged: bool

    def in_words(self) -> str:
        """What became of it, in a few words."""
        runs = "never handled" if not self.runs else "1 run" if self.runs == 1 else f"{self.runs} runs"
        return f"{runs}, {'acknowledged' if self.acknowledged else 'not acknowledged'}"


@frozen
class Lives:
    """All of them, by first mention, and for each record the places of those that it tells of."""

    lives: Sequence[Life]
    of_record: Sequence[tuple[int, ...]]

    def place(self, name: str) -> int | None:
        """Where an event stands in the list."""
        return next((place for place, life in enumerate(self.lives) if life.name == name), None)


@define(eq=False)
class _Drafts:
    """What is known while the history is walked; `published` is what publishers learned of it in the end."""

    published: dict[tuple[bytes, bytes], str]

    names: dict[tuple[bytes, bytes], str] = field(factory=dict)
    keys: dict[str, str] = field(factory=dict)
    records: dict[str, list[int]] = field(factory=dict)
    runs: dict[str, int] = field(factory=dict)
    acknowledged: set[str] = field(factory=set)

    def learn(self, stream: str | bytes, raw_id: bytes | None, event_id: str) -> str:
        """An entry is this event's from now on; one that nobody gave an id is called by the entry's."""
        key = stream.encode() if isinstance(stream, str) else stream
        if raw_id is None:
            return event_id
        name = event_id or self.names.get((key, raw_id)) or self.published.get((key, raw_id)) or raw_id.decode()
        self.names[key, raw_id] = name
        return name


def lives_of(history: History) -> Lives:
    """Every event's life, from the records alone."""
    drafts = _Drafts(
        {(each.stream.encode(), each.raw_id): each.event_id for each in history.of(Published) if each.raw_id}
    )
    concerned = [tuple(filter(None, dict.fromkeys(_concerned(drafts, record)))) for record in history.records]
    for place, names in enumerate(concerned):
        for name in names:
            drafts.records.setdefault(name, []).append(place)
    places = {name: place for place, name in enumerate(drafts.records)}
    lives = [
        Life(name, drafts.keys.get(name, ""), records, drafts.runs.get(name, 0), name in drafts.acknowledged)
        for name, records in drafts.records.items()
    ]
    return Lives(lives, [tuple(places[name] for name in names) for names in concerned])


def _concerned(drafts: _Drafts, record: Record) -> Iterator[str]:
    """The events that a record tells of, while what it says about them is written down."""
    match record:
        case Publishing() if record.event_id:
            drafts.keys[record.event_id] = record.key
            yield record.event_id
        case Published():
            yield drafts.learn(record.stream, record.raw_id, record.event_id)
        case HandlerStarted() | HandlerEnded():
            name = drafts.learn(record.stream, record.raw_id, record.event_id)
            if isinstance(record, HandlerStarted):
                drafts.runs[name] = drafts.runs.get(name, 0) + 1
                drafts.keys.setdefault(name, record.key)
            yield name
        case ServiceCalled():
            yield record.event_id
        case Sent():
            yield from _of_command(drafts, record)
        case Applied():
            yield from _of_change(drafts, record.words)
        case Destroyed():
            yield from _of_loss(drafts, record)
        case Told():
            yield from _of_told(drafts, record.event)
        case _:
            pass


def _of_command(drafts: _Drafts, record: Sent) -> Iterator[str]:
    event_id = _event_id(record.words)
    if event_id:
        yield event_id
    elif record.action in READS:
        reply = record.reply or b""  # one that came after a wait is all there is: it names the stream, too
        yield from _named(drafts, record.words or reply.split(b"\r\n"), [reply])
    else:
        yield from _named(drafts, record.words, record.words)


def _of_change(drafts: _Drafts, words: Sequence[bytes]) -> Iterator[str]:
    command = words[0].upper() if words else b""
    if command == b"XADD":
        raw_id = next((word for word in words[2:] if _ID.fullmatch(word)), None)
        yield drafts.learn(words[1], raw_id, _event_id(words))
    elif command in {b"XACK", b"XACKDEL"}:
        names = list(_named(drafts, words[:2], words[2:]))
        drafts.acknowledged.update(names)
        yield from names
    elif command in {b"XCLAIM", b"XDEL", b"XDELEX"}:
        yield from _named(drafts, words[:2], _before_options(words[2:]))


def _before_options(words: Sequence[bytes]) -> Sequence[bytes]:
    """LASTID and the like name entries that the change is not about."""
    return words[: next((at for at, word in enumerate(words) if word.upper() in {b"TIME", b"IDLE", b"LASTID"}), None)]


def _of_loss(drafts: _Drafts, record: Destroyed) -> Iterator[str]:
    for stream, raw_id, fields in record.entries:
        yield drafts.learn(stream, raw_id, _event_id(fields))
    for stream, _, raw_id in record.acknowledgements:
        name = drafts.names.get((stream.encode(), raw_id))
        if name:
            drafts.acknowledged.discard(name)
            yield name


def _of_told(drafts: _Drafts, event: ActorEvent | LinkEvent) -> Iterator[str]:
    match event:
        case HandlerFailed() | DeadLettered():
            yield from _named(drafts, [event.stream.encode()], [event.raw_id])
        case EntriesDestroyed() | EntriesReclaimed() | EventsDropped() | LeaseLost():
            yield from _named(drafts, [event.stream.encode()], event.raw_ids)
        case _:
            pass


def _event_id(words: Sequence[bytes]) -> str:
    """The field ``event_id`` of an entry, wherever it stands in a command."""
    at = next((at for at, word in enumerate(words[:-1]) if word == b"event_id"), None)
    return "" if at is None else words[at + 1].decode("utf-8", "replace")


def _named(drafts: _Drafts, streams: Iterable[bytes], texts: Iterable[bytes]) -> Iterator[str]:
    """Events whose entries' ids stand in the texts, of any of the streams."""
    streams = list(streams)
    for text in texts:
        for raw_id in _ID.findall(text):
            for stream in streams:
                name = drafts.names.get((stream, raw_id))
                if name:
                    yield name
