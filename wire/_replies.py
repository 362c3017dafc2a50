"""Replies of Redis as types: the one place where what came over the wire gets a shape.

On the way of every event, an entry is a raw id and a list of fields as hiredis made them; its id is parsed when
somebody asks for it.

Redis takes any bytes for a name. What is no UTF-8 comes in as surrogates and goes out as the same bytes (PEP 383), so
that a stranger's consumer can be listed, claimed from and deleted like any other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import cast

from attrs import define, frozen

from ._ids import EntryId
from ._redis_py import RedisError, Reply


@define
class Entry:
    """An entry of a stream.

    Attributes:
        raw_id: its id as Redis wrote it.
        fields: name, value, name, value, …; None: the entry was deleted, only its id is left.
    """

    raw_id: bytes
    fields: Sequence[bytes] | None

    @property
    def id(self) -> EntryId:
        """The id, parsed."""
        return EntryId.of_reply(self.raw_id)

    def mapping(self) -> dict[bytes, bytes]:
        """The fields by name; of a name that is there twice, the last."""
        fields = self.fields or ()
        return dict(zip(fields[::2], fields[1::2], strict=True))


@frozen
class Pending:
    """A row of a group's pending list: an entry that was delivered and is not acknowledged."""

    raw_id: bytes
    consumer: str
    idle_ms: int
    deliveries: int

    @property
    def id(self) -> EntryId:
        """The entry's id, parsed."""
        return EntryId.of_reply(self.raw_id)


@frozen
class PendingSummary:
    """A group's pending list at a glance: how many entries, from which id to which, and how many for each consumer."""

    count: int
    first: EntryId | None
    last: EntryId | None
    consumers: Mapping[str, int]


@frozen
class GroupInfo:
    """A consumer group. `entries_read` and `lag` are None before Redis 7.0, and where deletions blur them."""

    name: str
    consumers: int
    pending: int
    last_delivered_id: EntryId
    entries_read: int | None
    lag: int | None


@frozen
class ConsumerInfo:
    """A consumer of a group.

    `inactive_ms` is the time since it last got an entry: None before Redis 7.2, or if it never did.
    """

    name: str
    pending: int
    idle_ms: int
    inactive_ms: int | None


@frozen
class StreamInfo:
    """A stream. `entries_added` and `max_deleted_entry_id` are None before Redis 7.0."""

    length: int
    last_generated_id: EntryId
    groups: int
    first_entry: Entry | None
    last_entry: Entry | None
    entries_added: int | None
    max_deleted_entry_id: EntryId | None


def rows(reply: Reply) -> list[list[Reply]]:
    """An array of arrays, as the commands that list something answer it."""
    return cast("list[list[Reply]]", reply or [])


def results(reply: Reply) -> list[Reply]:
    """What EXEC answers, or a pipeline: the reply of each command.

    Raises:
        redis.exceptions.RedisError: the first error among them.
    """
    found = cast("list[Reply]", reply)
    for one in found:
        if isinstance(one, RedisError):
            raise one
    return found


def entries(reply: Reply) -> list[Entry]:
    """What XRANGE, XCLAIM and their like answer; entries that are gone without even an id are left out."""
    pairs = cast("Iterable[tuple[bytes, list[bytes] | None] | None]", reply or ())
    return [Entry(*pair) for pair in pairs if pair is not None]


def entries_of_read(reply: Reply) -> list[Entry]:
    """What a read of one stream answers: a list with that stream and its entries, or nothing."""
    if not reply:
        return []
    return entries(rows(reply)[0][1])


def text(reply: Reply) -> str:
    """A string, with surrogates for what is no UTF-8."""
    return cast("bytes", reply).decode("utf-8", "surrogateescape")


def number(reply: Reply) -> int:
    """An integer, also where it comes as text."""
    return int(cast("bytes | int", reply))


def optional_number(reply: Reply) -> int | None:
    """An integer or nothing."""
    return None if reply is None else number(reply)


def optional_id(reply: Reply) -> EntryId | None:
    """An id or nothing."""
    return EntryId.of_reply(reply) if isinstance(reply, bytes) else None


def pending(reply: Reply) -> list[Pending]:
    """What XPENDING with a range answers."""
    return [Pending(cast("bytes", row[0]), text(row[1]), number(row[2]), number(row[3])) for row in rows(reply)]


def pending_summary(reply: Reply) -> PendingSummary:
    """What XPENDING without a range answers."""
    count, first, last, consumers = cast("list[Reply]", reply)
    return PendingSummary(
        number(count),
        optional_id(first),
        optional_id(last),
        {text(name): number(many) for name, many in rows(consumers)},
    )


def named(flat: Sequence[Reply]) -> dict[str, Reply]:
    """A flat list of name, value, … as XINFO answers it."""
    return {text(name): value for name, value in zip(flat[::2], flat[1::2], strict=True)}


def group_infos(reply: Reply) -> list[GroupInfo]:
    """What XINFO GROUPS answers."""
    return [
        GroupInfo(
            text(info["name"]),
            number(info["consumers"]),
            number(info["pending"]),
            EntryId.parse(text(info["last-delivered-id"])),
            optional_number(info.get("entries-read")),
            optional_number(info.get("lag")),
        )
        for info in map(named, rows(reply))
    ]


def consumer_infos(reply: Reply) -> list[ConsumerInfo]:
    """What XINFO CONSUMERS answers."""
    infos: list[ConsumerInfo] = []
    for info in map(named, rows(reply)):
        inactive = optional_number(info.get("inactive"))
        infos.append(
            ConsumerInfo(
                text(info["name"]),
                number(info["pending"]),
                number(info["idle"]),
                inactive if inactive is not None and inactive >= 0 else None,
            )
        )
    return infos


def stream_info(reply: Reply) -> StreamInfo:
    """What XINFO STREAM answers."""
    info = named(cast("list[Reply]", reply))
    first, last = entries([info["first-entry"]]), entries([info["last-entry"]])
    return StreamInfo(
        number(info["length"]),
        EntryId.parse(text(info["last-generated-id"])),
        number(info["groups"]),
        first[0] if first else None,
        last[0] if last else None,
        optional_number(info.get("entries-added")),
        optional_id(info.get("max-deleted-entry-id")),
    )
