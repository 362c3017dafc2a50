"""What a read gives: entries of a stream, new ones for a group, and those that a consumer holds or claims."""

from __future__ import annotations

from .._command import Call
from .._reply import NULL_ARRAY, Entries, Reply
from ._ids import Id, text_of
from ._lag import advance
from ._lookup import note_change
from ._stream import Consumer, Fields, Group, Stream


def read_after(stream: Stream, entry_id: Id, count: int) -> Entries:
    """The entries behind an id, at most `count` unless that is 0."""
    return Entries(*stream.behind(entry_id, count))


def deliver(call: Call, stream: Stream, group: Group, consumer: Consumer, *, count: int, no_ack: bool) -> Entries:
    """The entries that nobody of the group has got so far, at most `count` unless that is 0; the consumer holds them.

    Args:
        call: the command.
        stream: what is read.
        group: which has read up to its last id.
        consumer: who gets the entries.
        count: the limit.
        no_ack: whether nobody holds them.
    """
    ids, bodies = stream.behind(group.last_id, count)
    if not ids:
        return Entries((), ())
    group.read_from = group.last_id
    advance(call.profile, stream, group, ids)
    engine = call.engine
    if not no_ack:
        now_ms = engine.now_us // 1000
        group.hold(ids, consumer, now_ms)
        consumer.active_ms = now_ms
    engine.dirty += 1
    return Entries(ids, bodies)


def read_history(
    call: Call, stream: Stream, group: Group, consumer: Consumer, *, behind: Id, count: int
) -> list[Reply]:
    """What a consumer holds, behind an id; each entry counts as delivered again, unless it is gone from the stream."""
    entries: list[Reply] = []
    pending = consumer.pending
    for each in pending.starting_at(behind, inclusive=False):
        body = stream.get(each)
        if body is None:
            entries.append([text_of(each), NULL_ARRAY])
        else:
            row = pending[each]
            group.mark_delivered(row, call.now_ms)
            row.count += 1
            entries.append([text_of(each), list(body)])
        if len(entries) == count:
            break
    return entries


def claim_idle(
    call: Call, stream: Stream, group: Group, consumer: Consumer, *, idle_ms_min: int, count: int
) -> list[Reply]:
    """Pending entries that were delivered long ago, the oldest delivery first, go to a consumer.

    Returns:
        The entries, each with how long it was idle and how often it had been delivered before.
    """
    now_ms = call.now_ms
    entries: list[Reply] = []
    for delivered_ms, each, body in _idle_bodies(stream, group, now_ms - idle_ms_min, count):
        row = group.pending[each]
        entries.append([text_of(each), list(body), now_ms - delivered_ms, row.count])
        if row.consumer is not consumer:
            row.consumer.pending.pop(each)
            consumer.pending[each] = row
            row.consumer = consumer
        group.mark_delivered(row, now_ms)
        row.count += 1
    if entries:
        consumer.active_ms = now_ms
        note_change(call)
    return entries


def _idle_bodies(stream: Stream, group: Group, before_ms: int, count: int) -> list[tuple[int, Id, Fields]]:
    """The entries that were delivered up to then and are still there, the oldest delivery first."""
    found: list[tuple[int, Id, Fields]] = []
    for delivered_ms, each in group.oldest_first():
        if delivered_ms > before_ms:
            break
        body = stream.get(each)
        if body is not None:
            found.append((delivered_ms, each, body))
            if len(found) == count:
                break
    return found
