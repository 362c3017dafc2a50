"""Streams, read: the counterpart of `_streams`, where the format is told."""

from __future__ import annotations

from typing import Final

from attrs import define

from ..streams._idempotence import DURATION_MAX, SIZE_MAX, Idempotence
from ..streams._ids import Id
from ..streams._lag import counts_anew, position_of
from ..streams._stream import Consumer, Group, Node, Pending, Stream
from ._kinds import Format, Kind
from ._listpack import unpacked
from ._reading import BadFormat, Reader
from ._streams import DELETED, SAME_NAMES, UNKNOWN

ID_BYTES: Final = 16
_MASK: Final = (1 << 64) - 1


def read_stream(data: Reader, kind: Kind, how: Format) -> Stream:
    """Read a stream.

    Raises:
        BadFormat: it is none.
    """
    stream = Stream()
    stream.take_nodes([_node(data) for _ in range(data.length())])
    stream.length = data.number()
    if stream.length != sum(node.live for node in stream.nodes):
        raise BadFormat("a stream holds other entries than it says")
    stream.last_id = _id(data)
    stream.entries_added = stream.length
    if kind >= Kind.STREAM_2:
        _id(data)  # of the first entry, which the nodes tell
        stream.max_deleted_id = _id(data)
        stream.entries_added = data.number()
    for _ in range(data.length()):
        _group(data, stream, kind, how)
    if kind >= Kind.STREAM_4:
        _idempotence(data, stream, how)
    return stream


def _id(data: Reader) -> Id:
    return data.number(), data.number()


def _raw_id(raw: bytes) -> Id:
    if len(raw) != ID_BYTES:
        raise BadFormat(f"{raw!r} is no id")
    return int.from_bytes(raw[:8], "big"), int.from_bytes(raw[8:], "big")


@define
class _Words:
    """The elements of a node, one after the other."""

    elements: list[bytes]
    at: int = 0

    def take(self, count: int) -> list[bytes]:
        found = self.elements[self.at : self.at + count]
        if count < 0 or len(found) < count:
            raise BadFormat("a node ends within an entry")
        self.at += count
        return found

    def number(self) -> int:
        (word,) = self.take(1)
        return int(word)


def _node(data: Reader) -> Node:
    master = _raw_id(data.string())
    words = _Words(unpacked(data.string()))
    live, deleted, count = words.number(), words.number(), words.number()
    names = words.take(count)
    words.number()
    node = Node(names)
    for _ in range(live + deleted):
        _entry(words, node, master)
    if words.at != len(words.elements) or node.live != live or not node.ids or node.ids[0] != master:
        raise BadFormat("a node holds other entries than it says")
    return node


def _entry(words: _Words, node: Node, master: Id) -> None:
    flags, ms, seq = words.number(), words.number(), words.number()
    if flags & SAME_NAMES:
        values = words.take(len(node.names))
        fields = [word for pair in zip(node.names, values, strict=True) for word in pair]
        expected = len(values) + 3
    else:
        fields = words.take(2 * words.number())
        expected = len(fields) + 4
    if words.number() != expected:
        raise BadFormat("an entry is not as long as it says")
    entry_id = (master[0] + ms) & _MASK, (master[1] + seq) & _MASK
    if node.ids and entry_id <= node.ids[-1]:
        raise BadFormat("entries are not in order")
    node.put(entry_id, fields, deleted=bool(flags & DELETED))


def _group(data: Reader, stream: Stream, kind: Kind, how: Format) -> None:
    name, last_id = data.string(), _id(data)
    if name in stream.groups:
        raise BadFormat("a group is there twice")
    group = stream.groups[name] = Group(last_id)
    if kind >= Kind.STREAM_2:
        read = data.number()
        group.entries_read = None if read == UNKNOWN else read
    elif how.profile.since(7, 0):
        group.entries_read = position_of(stream, last_id, newer=counts_anew(how.profile))
    nobody = Consumer(b"", 0)
    for _ in range(data.length()):
        entry_id = _raw_id(data.raw(ID_BYTES))
        row = group.add(entry_id, nobody, data.moment())
        row.count = data.number()
    for _ in range(data.length()):
        _consumer(data, group, kind)
    if any(row.consumer is nobody for _, row in group.pending.items()):
        raise BadFormat("nobody holds a pending entry")


def _consumer(data: Reader, group: Group, kind: Kind) -> None:
    consumer = Consumer(data.string(), data.moment())
    if consumer.name in group.consumers:
        raise BadFormat("a consumer is there twice")
    consumer.active_ms = data.moment() if kind >= Kind.STREAM_3 else consumer.seen_ms
    group.consumers[consumer.name] = consumer
    for _ in range(data.length()):
        entry_id = _raw_id(data.raw(ID_BYTES))
        row: Pending | None = group.pending.get(entry_id)
        if row is None or entry_id in consumer.pending:
            raise BadFormat("a consumer holds what its group does not")
        row.consumer = consumer
        consumer.pending[entry_id] = row


def _idempotence(data: Reader, stream: Stream, how: Format) -> None:
    state = Idempotence(data.number(), data.number())
    if not (0 < state.seconds <= DURATION_MAX and 0 < state.size_max <= SIZE_MAX):
        raise BadFormat("what a stream remembers of its producers is beyond all limits")
    for _ in range(data.length()):
        producer = data.string()
        state.producers[producer] = {data.string(): _id(data) for _ in range(data.length())}
    state.added, state.duplicates = data.number(), data.number()
    # A stream that nobody told anything has none of its own.
    if state != Idempotence.by_default(how.configuration):
        stream.idempotence = state
