"""XREAD and XREADGROUP, and what ends their waits.

A read looks for what there is; where there is nothing, and BLOCK was said, its client waits. Since 7.2 a key that
changed has the whole command run again, and a client that gets nothing by this goes behind the others. Before, only the
stream that changed is looked at, and not as a read would: see `_wake`.
"""

from __future__ import annotations

from typing import Final

from attrs import evolve

from .._command import Answer, Call, Command
from .._errors import CommandError
from .._reply import NULL_ARRAY, Entries, Pairs, Reply
from .._session import Block
from ._deliver import claim_idle, deliver, read_after, read_history
from ._idle import watch_idle
from ._ids import MAX_ID, MIN_ID, Id, before, parse_id, text_of
from ._lookup import find_group, join_group
from ._read_options import ReadOptions, parse_read
from ._stream import Group, Stream
from ._wake import Wake

Place = tuple[bytes, "Stream | None", "Group | None", Id]
"""A key, its stream, the group, and the id behind which it is read; that is `MAX_ID` for what is new to the group."""

IN_READ: Final = " in XREADGROUP with GROUP option"
MEANINGLESS: Final = (
    "ERR The {0} ID is meaningless in the context of XREADGROUP: you want to read the history of this consumer by"
    " specifying a proper ID, or use the > ID to get new messages. The {0} ID would just return an empty result set."
)
ONLY_FOR_GROUPS: Final = (
    "ERR The > ID can be specified only when calling XREADGROUP using the GROUP <group> <consumer> option."
)


def xread(call: Call) -> Answer:
    """XREAD [COUNT n] [BLOCK ms] STREAMS key [key ...] id [id ...]."""
    return _read(call, parse_read(call, "xread"))


def xreadgroup(call: Call) -> Answer:
    """XREADGROUP GROUP group consumer [COUNT n] [BLOCK ms] [NOACK] [CLAIM ms] STREAMS key [key ...] id [id ...]."""
    return _read(call, parse_read(call, "xreadgroup"))


def _read(call: Call, options: ReadOptions) -> Answer:
    if options.of_one and options.group is not None:
        # What the two functions below would do, without asking what else it could be.
        key = options.keys[0]
        stream, group = find_group(call, key, options.group, where=IN_READ)
        entries = _read_new(call, options, key, stream, group)
        if entries:
            return Pairs([(key, entries)], nested=True)
        places: list[Place] = [(key, stream, group, MAX_ID)]
    else:
        places = _find_places(call, options)
        found = _serve(call, options, places)
        if found:
            return Pairs(found, nested=True)
    if options.block_ms is None or call.nested:
        return NULL_ARRAY
    return _wait(call, options, places)


def _wait(call: Call, options: ReadOptions, places: list[Place]) -> Block:
    newer = call.profile.since(7, 2)
    # "$" is the id that was the last one when the wait began.
    ids = [text_of(place[3]) if word == b"$" else word for word, place in zip(options.ids, places, strict=True)]
    options = evolve(options, ids=ids)

    def read_again(key: bytes) -> list[Reply]:
        if options.group is None and not isinstance(call.database.get(key), Stream):
            return []
        again = _find_places(call, options)
        found = _serve(call, options, again)
        return [Pairs(found, nested=True)] if found else []

    block = Block(
        database=call.database.index,
        keys=options.keys,
        deadline_ms=call.engine.timer_ms + options.block_ms if options.block_ms else None,
        retry=read_again if newer else Wake(call, options, [place[3] for place in places]),
        on_timeout=NULL_ARRAY,
        requeue=newer,
    )
    if options.claim_ms is not None:
        watch_idle(call, options, options.claim_ms, block)
    return block


def _find_places(call: Call, options: ReadOptions) -> list[Place]:
    """The streams and groups, before any of them is read.

    Raises:
        CommandError: one of them is not there, is no stream, or an id is none.
    """
    if options.group is None:
        return [_find_stream(call, key, word) for key, word in zip(options.keys, options.ids, strict=True)]
    places: list[Place] = []
    for key, word in zip(options.keys, options.ids, strict=True):
        stream, group = find_group(call, key, options.group, where=IN_READ)
        if word == b">":
            places.append((key, stream, group, MAX_ID))
        elif word == b"$" or (word == b"+" and call.profile.since(7, 4)):
            raise CommandError(MEANINGLESS.format(word.decode()))
        else:
            places.append((key, stream, group, parse_id(word)))
    return places


def _find_stream(call: Call, key: bytes, word: bytes) -> Place:
    stream = call.database.get_as(Stream, key)
    if word == b"$":
        return key, stream, None, stream.last_id if stream is not None else MIN_ID
    if word == b"+" and call.profile.since(7, 4):
        return key, stream, None, _before_last(stream)
    if word == b">":
        raise CommandError(ONLY_FOR_GROUPS)
    return key, stream, None, parse_id(word)


def _before_last(stream: Stream | None) -> Id:
    """Behind which the last entry comes."""
    last = None if stream is None else next(stream.range_backwards(MIN_ID, MAX_ID), None)
    return MIN_ID if last is None else before(last[0]) or MIN_ID


def _serve(call: Call, options: ReadOptions, places: list[Place]) -> list[tuple[Reply, Reply]]:
    """Read all places; those that have nothing are left out, except for histories.

    5.0 judges by the last id that was added, and shows a stream without entries where that one was deleted.
    """
    found: list[tuple[Reply, Reply]] = []
    entries: Entries | list[Reply]
    by_last_id = not call.profile.since(6, 0)
    for key, stream, group, behind in places:
        read_up_to = behind if group is None else group.last_id
        if stream is None:
            call.database.get(key)  # a real server looks again, and tells once more that there is none
            continue
        if group is None:
            entries = read_after(stream, behind, options.count)
        elif behind != MAX_ID:
            consumer = join_group(call, key, group, options.consumer)
            found.append((key, read_history(call, stream, group, consumer, behind=behind, count=options.count)))
            continue
        else:
            entries = _read_new(call, options, key, stream, group)
        if entries or (by_last_id and has_newer(call, stream, read_up_to)):
            found.append((key, entries))
    return found


def _read_new(call: Call, options: ReadOptions, key: bytes, stream: Stream, group: Group) -> Entries | list[Reply]:
    if not options.joins_always and not has_newer(call, stream, group.last_id):
        return []
    consumer = join_group(call, key, group, options.consumer)
    count, no_ack = options.count, options.no_ack
    if options.claim_ms is None:
        return deliver(call, stream, group, consumer, count=count, no_ack=no_ack)
    claimed = claim_idle(call, stream, group, consumer, idle_ms_min=options.claim_ms, count=count)
    if count and len(claimed) >= count:
        return claimed
    new = deliver(call, stream, group, consumer, count=count - len(claimed) if count else 0, no_ack=no_ack)
    # Of these, too, it is told for how long they were pending, and how often they were delivered before: not at all.
    return claimed + [[text_of(each), list(body), 0, 0] for each, body in zip(new.ids, new.fields, strict=True)]


def has_newer(call: Call, stream: Stream, entry_id: Id) -> bool:
    """Whether the stream has an entry behind an id."""
    if not stream.length or stream.last_id <= entry_id:
        return False
    if not call.profile.since(6, 0):
        return True
    node = stream.nodes[-1]
    if node.fields[-1] is not None:
        return node.ids[-1] > entry_id
    last = next(stream.range_backwards(entry_id, MAX_ID), None)
    return last is not None and last[0] > entry_id


READ_COMMANDS: Final = (
    Command("xread", xread, -4, "readonly noscript movablekeys", since=(5, 0), group="stream"),
    Command("xreadgroup", xreadgroup, -7, "write noscript movablekeys", since=(5, 0), group="stream"),
    Command("xread", xread, -4, "readonly blocking movablekeys", since=(6, 0), group="stream"),
    Command("xreadgroup", xreadgroup, -7, "write blocking movablekeys", since=(6, 0), group="stream"),
)
