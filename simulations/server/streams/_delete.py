"""XDEL, and since 8.2 XDELEX and XACKDEL, which say what becomes of each id."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from attrs import define

from .._command import Call, Command, integer
from .._errors import CommandError, syntax_error
from .._reply import Reply
from ._ids import Id, parse_id
from ._lookup import note_change
from ._references import References, delete_entry, references_named
from ._stream import Stream

NOT_FOUND: Final = -1
DELETED: Final = 1
STILL_REFERENCED: Final = 2


def xdel(call: Call) -> Reply:
    """XDEL key id ..."""
    key = call.words[1]
    stream = call.database.get_as(Stream, key)
    if stream is None:
        return 0
    ids = [parse_id(word) for word in call.words[2:]]
    removed = 0
    for entry_id in ids:
        if stream.remove(entry_id):
            removed += 1
            stream.max_deleted_id = max(stream.max_deleted_id, entry_id)
    if removed:
        call.touch(key)
        call.notify("t", "xdel", key)
    return removed


@define
class _Asked:
    """What XDELEX and XACKDEL are told."""

    references: References | None = None
    ids: Sequence[bytes] = ()


def xdelex(call: Call) -> Reply:
    """XDELEX key [KEEPREF|DELREF|ACKED] IDS n id ...: for each -1, 1 or 2."""
    key = call.words[1]
    stream = call.database.get_as(Stream, key)
    asked = _parse(call, 2)
    if stream is None:
        return [NOT_FOUND] * len(asked.ids)
    ids = [parse_id(word) for word in asked.ids]
    before = stream.length
    replies: list[Reply] = [_delete(stream, entry_id, asked.references) for entry_id in ids]
    _tell(call, key, stream, before)
    return replies


def xackdel(call: Call) -> Reply:
    """XACKDEL key group [KEEPREF|DELREF|ACKED] IDS n id ...: for each -1, 1 or 2."""
    key, name = call.words[1:3]
    stream = call.database.get_as(Stream, key)
    asked = _parse(call, 3)
    group = None if stream is None else stream.groups.get(name)
    if stream is None or group is None:
        return [NOT_FOUND] * len(asked.ids)
    ids = [parse_id(word) for word in asked.ids]
    before = stream.length
    replies: list[Reply] = []
    for entry_id in ids:
        if not group.release(entry_id):
            replies.append(NOT_FOUND)
            continue
        note_change(call)
        outcome = _delete(stream, entry_id, asked.references)
        replies.append(STILL_REFERENCED if outcome == STILL_REFERENCED else DELETED)
    _tell(call, key, stream, before)
    return replies


def _delete(stream: Stream, entry_id: Id, references: References | None) -> int:
    was_there = stream.get(entry_id) is not None
    if not delete_entry(stream, entry_id, references or References.KEEP):
        return STILL_REFERENCED
    if not was_there:
        return NOT_FOUND
    stream.max_deleted_id = max(stream.max_deleted_id, entry_id)
    return DELETED


def _tell(call: Call, key: bytes, stream: Stream, before: int) -> None:
    if stream.length != before:
        call.touch(key)
        call.notify("t", "xdel", key)


def _parse(call: Call, position: int) -> _Asked:
    asked, words = _Asked(), call.words
    while position < len(words):
        references = references_named(call.profile, words[position])
        if references is not None and asked.references is None:
            asked.references = references
            position += 1
        elif references is None and words[position].upper() == b"IDS" and position + 1 < len(words):
            count = integer(words[position + 1], "ERR Number of IDs must be a positive integer", least=1)
            position += 2
            if count > len(words) - position:
                raise CommandError("ERR The `numids` parameter must match the number of arguments")
            asked.ids = words[position : position + count]
            position += count
        else:
            raise syntax_error()
    return asked  # with ids: of the words that there are at least, not more than one is something else


_KEY: Final = (1, 1, 1)

DELETE_COMMANDS: Final[Sequence[Command]] = (
    Command("xdel", xdel, -3, "write fast", _KEY, since=(5, 0), group="stream"),
    Command("xdelex", xdelex, -5, "write fast", _KEY, since=(8, 2), group="stream"),
    Command("xackdel", xackdel, -6, "write fast", _KEY, since=(8, 2), group="stream"),
)
