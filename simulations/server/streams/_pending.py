"""XACK and XPENDING: entries that were delivered are acknowledged, and listed until they are."""

from __future__ import annotations

from typing import Final

from attrs import frozen

from .._command import Call, Command, integer
from .._errors import CommandError, syntax_error
from .._reply import NULL_ARRAY, Reply
from ._ids import PART_MAX, Id, after, before, parse_bound, parse_id, text_of
from ._lookup import find_group, note_change
from ._stream import Group, Pending, Stream


def xack(call: Call) -> Reply:
    """XACK key group id [id ...]: how many of them were pending, whoever held them."""
    stream = call.database.get_as(Stream, call.words[1])
    group = stream.groups.get(call.words[2]) if stream is not None else None
    if group is None:
        return 0
    acknowledged = 0
    if call.profile.since(6, 0):
        for entry_id in [parse_id(word) for word in call.words[3:]]:
            acknowledged += group.release(entry_id)
    else:
        for word in call.words[3:]:
            acknowledged += group.release(parse_id(word))
    if acknowledged:
        note_change(call)
    return acknowledged


def xpending(call: Call) -> Reply:
    """XPENDING key group [[IDLE ms] start end count [consumer]]."""
    words = call.words
    extended = call.profile.since(6, 2)
    if len(words) != 3 and not 6 <= len(words) <= (9 if extended else 7):
        raise syntax_error()
    asked = _parse_range(call, extended=extended) if len(words) > 3 else None
    _, group = find_group(call, words[1], words[2])
    if asked is None:
        return _summary(group)
    if not extended and asked.consumer is not None and asked.consumer in group.consumers:
        group.consumers[asked.consumer].seen_ms = call.now_ms  # the one who is asked about, before 6.2
    return _rows(group, asked, call.now_ms)


@frozen
class _Asked:
    """Which rows are wanted."""

    start: Id
    end: Id
    count: int
    consumer: bytes | None
    idle_ms_min: int


def _parse_range(call: Call, *, extended: bool) -> _Asked:
    words = call.words[3:]
    idle_ms_min = 0
    if extended and words[0].upper() == b"IDLE":
        idle_ms_min = integer(words[1])
        words = words[2:]
        if len(words) < 3:
            raise syntax_error()
    count = integer(words[2])
    if extended:
        start, end = parse_start(words[0]), _parse_end(words[1])
    else:
        start, end = parse_bound(words[0]), parse_bound(words[1], missing_seq=PART_MAX)
    return _Asked(start, end, count, words[3] if len(words) > 3 else None, idle_ms_min)


def parse_start(word: bytes) -> Id:
    """The lower bound of a range, behind ``(`` an exclusive one.

    Raises:
        CommandError: it is none.
    """
    if word[:1] != b"(" or len(word) < 2:
        return parse_bound(word)
    start = after(parse_id(word[1:]))
    if start is None:
        raise CommandError("ERR invalid start ID for the interval")
    return start


def _parse_end(word: bytes) -> Id:
    if word[:1] != b"(" or len(word) < 2:
        return parse_bound(word, missing_seq=PART_MAX)
    end = before(parse_id(word[1:], missing_seq=PART_MAX))
    if end is None:
        raise CommandError("ERR invalid end ID for the interval")
    return end


def _summary(group: Group) -> Reply:
    pending = group.pending
    if not pending:
        return [0, None, None, NULL_ARRAY]
    holders: list[Reply] = [
        [consumer.name, b"%d" % len(consumer.pending)] for consumer in group.consumers.values() if consumer.pending
    ]
    return [len(pending), text_of(pending.first()), text_of(pending.last()), holders]


def _rows(group: Group, asked: _Asked, now_ms: int) -> Reply:
    pending = group.pending
    if asked.consumer is not None:
        consumer = group.consumers.get(asked.consumer)
        if consumer is None:
            return []
        pending = consumer.pending
    rows: list[Reply] = []
    if asked.count <= 0 or asked.start > asked.end:
        return rows
    for entry_id in pending.starting_at(asked.start):
        if entry_id > asked.end:
            break
        row = pending[entry_id]
        idle_ms = now_ms - row.delivered_ms
        if asked.idle_ms_min and idle_ms < asked.idle_ms_min:
            continue
        rows.append(_row(entry_id, row, idle_ms))
        if len(rows) == asked.count:
            break
    return rows


def _row(entry_id: Id, row: Pending, idle_ms: int) -> Reply:
    return [text_of(entry_id), row.consumer.name, max(0, idle_ms), row.count]


_KEY: Final = (1, 1, 1)

PENDING_COMMANDS: Final = (
    Command("xack", xack, -4, "write fast", _KEY, since=(5, 0), group="stream"),
    Command("xpending", xpending, -3, "readonly", _KEY, since=(5, 0), group="stream"),
)
