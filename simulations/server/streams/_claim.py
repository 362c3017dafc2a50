"""XCLAIM and XAUTOCLAIM: pending entries go from one consumer to another.

What becomes of a pending entry that is gone from the stream differs: since 7.0 a claim takes it off the pending list
and does not show it, before it is claimed and shown as null.
"""

from __future__ import annotations

from itertools import islice
from typing import Final

from attrs import define

from .._command import INTEGER_MAX, Call, Command, integer
from .._errors import CommandError, syntax_error
from .._reply import Reply
from ._ids import MIN_ID, Id, text_of
from ._lookup import find_group, join_group, note_change
from ._pending import parse_start
from ._stream import Consumer, Fields, Group, Pending, Stream
from ._telling import tell_gone
from ._xclaim_options import ClaimOptions, parse_claim_options

AUTOCLAIM_COUNT: Final = 100
LOOKS_PER_COUNT: Final = 10
"""XAUTOCLAIM looks at so many rows for each that it may answer."""
COUNT_MAX: Final = INTEGER_MAX // 16
ROOM_MAX: Final = 2**47 // 16
"""Since 7.0 XAUTOCLAIM makes room for so many ids of 16 bytes: no more of them have an address."""


@define(eq=False)
class _Claimer:
    """Who claims: found, or made, when it is needed for the first time."""

    call: Call
    key: bytes
    stream: Stream
    group: Group
    name: bytes
    just_ids: bool
    consumer: Consumer | None = None

    def join(self) -> Consumer:
        if self.consumer is None:
            self.consumer = join_group(self.call, self.key, self.group, self.name)
        return self.consumer

    def join_early(self) -> None:
        """Since 7.2, and in 5.0, a consumer has been seen when it asked, whether it gets something or not."""
        if self.call.profile.since(7, 2) or not self.call.profile.since(6, 0):
            self.join()

    def take(self, entry_id: Id, row: Pending, body: Fields | None) -> Reply:
        """Have a row belong to the claimer; the caller sees to its time and count. Returns how it is answered."""
        consumer = self.join()
        consumer.active_ms = self.call.now_ms
        if row.consumer is not consumer:
            row.consumer.pending.pop(entry_id)
            consumer.pending[entry_id] = row
            row.consumer = consumer
        note_change(self.call)
        if self.just_ids:
            return text_of(entry_id)
        return None if body is None else [text_of(entry_id), list(body)]


def xclaim(call: Call) -> Reply:
    """XCLAIM key group consumer min-idle id [id ...] [options]."""
    key, group_name, name = call.words[1:4]
    stream, group = find_group(call, key, group_name)
    options = parse_claim_options(call)
    if options.last_id > group.last_id:
        group.last_id = options.last_id
        note_change(call)
    claimer = _Claimer(call, key, stream, group, name, options.just_ids)
    claimer.join_early()
    replies: list[Reply] = []
    for entry_id in options.ids:
        body = stream.get(entry_id)
        if body is None and call.profile.since(7, 0):
            tell_gone(call, key, group_name, group, entry_id)
            if group.release(entry_id):
                note_change(call)
            continue
        row = _claimable(claimer, entry_id, options, exists=body is not None)
        if row is None:
            continue
        group.mark_delivered(row, options.delivered_ms)
        if options.count >= 0:
            row.count = options.count
        elif not options.just_ids:
            row.count += 1
        replies.append(claimer.take(entry_id, row, body))
    return replies


def _claimable(claimer: _Claimer, entry_id: Id, options: ClaimOptions, *, exists: bool) -> Pending | None:
    """The row to be claimed, if it was idle for long enough; with FORCE one is made where there is none."""
    group, now_ms = claimer.group, claimer.call.now_ms
    row = group.pending.get(entry_id)
    if row is not None:
        return row if now_ms - row.delivered_ms >= options.idle_ms_min or not options.idle_ms_min else None
    if not options.force or not exists:
        return None
    return group.add(entry_id, claimer.join(), now_ms)


def xautoclaim(call: Call) -> Reply:
    """XAUTOCLAIM key group consumer min-idle start [COUNT n] [JUSTID]: the next cursor, entries, deleted ids."""
    words = call.words
    idle_ms_min = max(0, integer(words[4], "ERR Invalid min-idle-time argument for XAUTOCLAIM"))
    start = parse_start(words[5])
    count, just_ids = _parse_autoclaim_options(call)
    stream, group = find_group(call, words[1], words[2])
    drops = call.profile.since(7, 0)
    if drops and count > ROOM_MAX:
        raise CommandError("ERR Insufficient memory, failed allocating transient memory, COUNT too high.")
    claimer = _Claimer(call, words[1], stream, group, words[3], just_ids)
    claimer.join_early()
    replies: list[Reply] = []
    deleted: list[Reply] = []
    cursor = MIN_ID
    looks = count * LOOKS_PER_COUNT
    for entry_id in _rows_from(group, start, looks + 1):
        if not looks or len(replies) + len(deleted) == count:
            cursor = entry_id
            break
        looks -= 1
        row = group.pending[entry_id]
        body = stream.get(entry_id)
        if body is None and drops:
            tell_gone(call, words[1], words[2], group, entry_id)
            group.release(entry_id)
            note_change(call)
            deleted.append(text_of(entry_id))
        elif not idle_ms_min or call.now_ms - row.delivered_ms >= idle_ms_min:
            group.mark_delivered(row, call.now_ms)
            row.count += not just_ids
            replies.append(claimer.take(entry_id, row, body))
    answer: list[Reply] = [text_of(cursor), replies]
    return [*answer, deleted] if drops else answer


def _rows_from(group: Group, start: Id, most: int) -> list[Id]:
    """The ids of at most so many rows: a list, as rows are removed meanwhile."""
    return list(islice(group.pending.starting_at(start), most))


def _parse_autoclaim_options(call: Call) -> tuple[int, bool]:
    count, just_ids = AUTOCLAIM_COUNT, False
    most = COUNT_MAX if call.profile.since(7, 0) else INTEGER_MAX
    words = iter(call.words[6:])
    for word in words:
        option = word.upper()
        value = next(words, None) if option == b"COUNT" else None
        if value is not None:
            count = integer(value, "ERR COUNT must be > 0", least=1, most=most)
        elif option == b"JUSTID":
            just_ids = True
        else:
            raise syntax_error()
    return count, just_ids


_KEY: Final = (1, 1, 1)

CLAIM_COMMANDS: Final = (
    Command("xclaim", xclaim, -6, "write fast", _KEY, since=(5, 0), group="stream"),
    Command("xautoclaim", xautoclaim, -6, "write fast", _KEY, since=(6, 2), group="stream"),
)
