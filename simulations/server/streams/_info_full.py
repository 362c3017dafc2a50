"""The second part of XINFO STREAM FULL: entries, groups, and who holds what."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from .._command import Call
from .._reply import Pairs, Reply
from ._ids import MAX_ID, MIN_ID, Id, text_of
from ._lag import lag_of
from ._stream import Consumer, Fields, Group, Stream


def entry_of(entry_id: Id, body: Fields) -> Reply:
    """An entry as replies show it."""
    return [text_of(entry_id), list(body)]


def stream_in_full(call: Call, stream: Stream, count: int) -> Iterator[tuple[Reply, Reply]]:
    """What FULL adds.

    Args:
        call: the command.
        stream: which.
        count: how many entries, and rows of each pending list, are shown; 0: all.
    """
    most = count or None
    yield b"entries", [entry_of(*entry) for entry in islice(stream.range(MIN_ID, MAX_ID), most)]
    yield b"groups", [Pairs(list(_group(call, stream, name, most))) for name in stream.groups]


def _group(call: Call, stream: Stream, name: bytes, most: int | None) -> Iterator[tuple[Reply, Reply]]:
    group: Group = stream.groups[name]
    yield b"name", name
    yield b"last-delivered-id", text_of(group.last_id)
    if call.profile.since(7, 0):
        yield b"entries-read", group.entries_read
        yield b"lag", lag_of(call.profile, stream, group)
    yield b"pel-count", len(group.pending)
    yield (
        b"pending",
        [
            [text_of(entry_id), row.consumer.name, row.delivered_ms, row.count]
            for entry_id, row in islice(group.pending.items(), most)
        ],
    )
    yield b"consumers", [Pairs(list(_consumer(call, consumer, most))) for consumer in group.consumers.values()]


def _consumer(call: Call, consumer: Consumer, most: int | None) -> Iterator[tuple[Reply, Reply]]:
    yield b"name", consumer.name
    yield b"seen-time", consumer.seen_ms
    if call.profile.since(7, 2):
        yield b"active-time", consumer.active_ms
    yield b"pel-count", len(consumer.pending)
    yield (
        b"pending",
        [[text_of(entry_id), row.delivered_ms, row.count] for entry_id, row in islice(consumer.pending.items(), most)],
    )
