"""Streams: their nodes as listpacks, then what they know of themselves, then their groups.

A node is written with its tombstones, as it is their bytes that fill it. Behind the entries come, in the kinds of 7.0
and later, the first id, the greatest deleted id and how many entries there were; of groups how many they have read; in
that of 7.2 when a consumer was active; in that of 8.6 what producers said.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ..streams._idempotence import Idempotence
from ..streams._ids import Id
from ..streams._stream import Group, Node, Stream
from ._kinds import Format, Kind
from ._listpack import packed
from ._writing import Writer

DELETED, SAME_NAMES = 1, 2
UNKNOWN: Final = (1 << 64) - 1
"""What a group has read, if nobody knows."""


def write_stream(out: Writer, stream: Stream, how: Format) -> None:
    """Write a stream."""
    kind = how.stream_kind
    out.length(len(stream.nodes))
    for node in stream.nodes:
        out.string(raw_id(node.ids[0]))
        out.string(packed(_node(node)))
    out.length(stream.length)
    _id(out, stream.last_id)
    if kind >= Kind.STREAM_2:
        _id(out, stream.first_id)
        _id(out, stream.max_deleted_id)
        out.length(stream.entries_added)
    out.length(len(stream.groups))
    for name, group in stream.groups.items():
        _group(out, name, group, kind)
    if kind >= Kind.STREAM_4:
        _idempotence(out, stream.idempotence or Idempotence.by_default(how.configuration))


def raw_id(entry_id: Id) -> bytes:
    """An id whose order as bytes is its order."""
    return entry_id[0].to_bytes(8, "big") + entry_id[1].to_bytes(8, "big")


def _id(out: Writer, entry_id: Id) -> None:
    out.length(entry_id[0])
    out.length(entry_id[1])


def _node(node: Node) -> Iterator[bytes]:
    """The elements of a node: how many live, how many do not, the names of the first entry's fields; then entries."""
    names = list(node.names)
    yield from (b"%d" % node.live, b"%d" % (len(node.ids) - node.live), b"%d" % len(names), *names, b"0")
    master = node.ids[0]
    for offset, (entry_id, body) in enumerate(zip(node.ids, node.fields, strict=True)):
        fields = node.deleted.get(offset, ()) if body is None else body
        flags = DELETED if body is None else 0
        same = fields[::2] == node.names or list(fields[::2]) == names
        ms, seq = (_signed(one - other) for one, other in zip(entry_id, master, strict=True))
        yield from (b"%d" % (flags | SAME_NAMES if same else flags), b"%d" % ms, b"%d" % seq)
        if same:
            yield from fields[1::2]
            yield b"%d" % (len(names) + 3)
        else:
            yield b"%d" % (len(fields) // 2)
            yield from fields
            yield b"%d" % (len(fields) + 4)


def _signed(number: int) -> int:
    """As 64 bits keep it."""
    return (number + (1 << 63)) % (1 << 64) - (1 << 63)


def _group(out: Writer, name: bytes, group: Group, kind: Kind) -> None:
    out.string(name)
    _id(out, group.last_id)
    if kind >= Kind.STREAM_2:
        out.length(UNKNOWN if group.entries_read is None else group.entries_read)
    out.length(len(group.pending))
    for entry_id, row in group.pending.items():
        out.raw(raw_id(entry_id))
        out.moment(row.delivered_ms)
        out.length(row.count)
    out.length(len(group.consumers))
    for consumer in group.consumers.values():
        out.string(consumer.name)
        out.moment(consumer.seen_ms)
        if kind >= Kind.STREAM_3:
            out.moment(consumer.active_ms)
        out.length(len(consumer.pending))
        for entry_id in consumer.pending:
            out.raw(raw_id(entry_id))


def _idempotence(out: Writer, state: Idempotence) -> None:
    out.length(state.seconds)
    out.length(state.size_max)
    out.length(len(state.producers))
    for producer, known in sorted(state.producers.items()):
        out.string(producer)
        out.length(len(known))
        for message, entry_id in known.items():
            out.string(message)
            _id(out, entry_id)
    out.length(state.added)
    out.length(state.duplicates)
