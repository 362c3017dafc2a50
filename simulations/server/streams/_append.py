"""XADD, XLEN, XSETID."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from attrs import define, field

from .._command import Call, Command, integer
from .._errors import NO_SUCH_KEY, CommandError, syntax_error, wrong_arity
from .._reply import OK, Reply
from ._idempotence import Message, parse_message, remember, remembered
from ._ids import MAX_ID, MIN_ID, PART_MAX, Id, after, parse_id, text_of
from ._lookup import note_change
from ._references import references_named
from ._stream import Fields, Stream
from ._trim import Trim, check_trim, cut, parse_limit, parse_threshold, strategies

TOO_LARGE: Final = "ERR Elements are too large to be stored"
NOT_GREATER: Final = "ERR The ID specified in XADD is equal or smaller than the target stream top item"
EXHAUSTED: Final = "ERR The stream has exhausted the last possible ID, unable to add more items"


def xlen(call: Call) -> Reply:
    """XLEN key."""
    stream = call.database.get_as(Stream, call.words[1])
    return stream.length if stream is not None else 0


@define
class _Adding:
    """What XADD is told in front of the id."""

    trim: Trim = field(factory=Trim)
    make: bool = True
    message: Message | None = None


def xadd(call: Call) -> Reply:
    """XADD key [NOMKSTREAM] [KEEPREF|DELREF|ACKED] [IDMP ...] [MAXLEN|MINID ...] <*|id> field value ..."""
    words = call.words
    position, adding = (2, None) if words[2][:1] in b"*0123456789" else _options(call, 2)
    wanted, fields = words[position], words[position + 1 :]
    asked = _asked_id(call, wanted)
    if adding is not None:
        _check_options(call, adding, wanted)
    if not fields or len(fields) % 2:
        raise _no_pairs(call)
    if asked == MIN_ID and call.profile.since(6, 0):
        raise CommandError("ERR The ID specified in XADD must be greater than 0-0")
    message = None if adding is None else adding.message
    held = call.database.get_as(Stream, words[1])
    if held is None and adding is not None and not adding.make:
        return None
    if held is not None and message is not None:
        before = remembered(call, held, message, fields)
        if before is not None:
            return text_of(before)
    stream, entry_id = _append(call, held, asked, fields)
    if message is not None:
        remember(call, stream, message, fields, entry_id)
    if adding is not None and adding.trim.given and cut(call, stream, adding.trim):
        call.notify("t", "xtrim", words[1])
    return text_of(entry_id)


def _append(call: Call, held: Stream | None, asked: Id | int | None, fields: Fields) -> tuple[Stream, Id]:
    """Add an entry to the stream, or to a new one."""
    key = call.words[1]
    stream = Stream() if held is None else held
    if held is None and not call.profile.since(6, 0):
        call.database.put(key, stream)  # it stays, even if nothing is added
    if stream.last_id == MAX_ID and call.profile.since(6, 0):
        raise CommandError(EXHAUSTED)
    entry_id = _next_id(call, stream, asked)
    stream.append(entry_id, fields, call.engine.limits)
    if held is None:
        call.database.put(key, stream)
    else:
        call.touch(key)
    call.signal_ready(key)  # in 5.0 a key that is made wakes nobody by itself
    call.notify("t", "xadd", key)
    return stream, entry_id


def _check_options(call: Call, adding: _Adding, wanted: bytes) -> None:
    if adding.message is not None and wanted != b"*":
        raise CommandError("ERR syntax error, IDMP/IDMPAUTO can be used only with auto-generated IDs")
    check_trim(call, adding.trim)


def _asked_id(call: Call, word: bytes) -> Id | int | None:
    """None for ``*``, the milliseconds alone for ``ms-*``."""
    if word == b"*":
        return None
    if word.endswith(b"-*") and call.profile.since(7, 0):
        return parse_id(word[:-2])[0]
    return parse_id(word)


def _next_id(call: Call, stream: Stream, asked: Id | int | None) -> Id:
    last = stream.last_id
    if asked is None:
        if call.now_ms > last[0]:
            return call.now_ms, 0
        following = after(last)
        if following is None:
            if call.profile.since(6, 0):
                raise CommandError(EXHAUSTED)
            return last[0], 0  # 5.0 counts on from the last id of all to one that is smaller
        return following
    if isinstance(asked, int):
        if asked == last[0]:
            if last[1] == PART_MAX:
                raise CommandError(NOT_GREATER if call.profile.since(7, 2) else TOO_LARGE)
            return asked, last[1] + 1
        asked = (asked, 0)
    if asked <= last:
        raise CommandError(NOT_GREATER)
    return asked


def _options(call: Call, position: int) -> tuple[int, _Adding]:
    """The options of XADD, and where the id stands."""
    words, adding = call.words, _Adding()
    while position < len(words):
        following = _option(call, adding, position)
        if following == position:
            break
        position = following
    if position >= len(words):
        check_trim(call, adding.trim)
        raise _no_pairs(call)
    return position, adding


def _option(call: Call, adding: _Adding, position: int) -> int:
    """Take one option; returns where it goes on, which is here if it is none."""
    option, more = call.words[position].upper(), len(call.words) - 1 - position
    if option in strategies(call) and more:
        return parse_threshold(call, adding.trim, option, position)
    if option == b"LIMIT" and more and call.profile.since(6, 2):
        return parse_limit(call, adding.trim, position)
    needed = {b"IDMP": 2, b"IDMPAUTO": 1}.get(option, 0) if call.profile.since(8, 6) else 0
    if needed and more >= needed:
        adding.message = parse_message(call, option, position, adding.message)
        return position + 1 + needed
    return position + _flag(call, adding, option)


def _flag(call: Call, adding: _Adding, option: bytes) -> bool:
    """Take an option of one word, if it is one."""
    references = references_named(call.profile, option)
    if option == b"NOMKSTREAM" and call.profile.since(6, 2):
        adding.make = False
    elif references is not None and adding.trim.references is None:
        adding.trim.references = references
    else:
        return False
    return True


def _no_pairs(call: Call) -> CommandError:
    return wrong_arity("xadd") if call.profile.since(7, 0) else CommandError("ERR wrong number of arguments for XADD")


def xsetid(call: Call) -> Reply:
    """XSETID key id [ENTRIESADDED n] [MAXDELETEDID id]."""
    if not call.profile.since(7, 0):
        return _xsetid_before_7(call)
    new_id = parse_id(call.words[2])
    added, deleted = _setid_options(call, new_id)
    return _set_id(call, _stream_at(call), new_id, added, deleted)


def _xsetid_before_7(call: Call) -> Reply:
    if len(call.words) > 3:
        raise wrong_arity("xsetid")
    stream = _stream_at(call)
    return _set_id(call, stream, parse_id(call.words[2]), None, None)


def _stream_at(call: Call) -> Stream:
    stream = call.database.get_as(Stream, call.words[1])
    if stream is None:
        raise CommandError(NO_SUCH_KEY)
    return stream


def _set_id(call: Call, stream: Stream, new_id: Id, added: int | None, deleted: Id | None) -> Reply:
    _check_setid(call, stream, new_id, added)
    stream.last_id = new_id
    if added is not None:
        stream.entries_added = added
    if deleted is not None and deleted != MIN_ID:
        stream.max_deleted_id = deleted
    note_change(call)  # a real server says nothing to those who watch the key
    call.notify("t", "xsetid", call.words[1])
    return OK


def _setid_options(call: Call, new_id: Id) -> tuple[int | None, Id | None]:
    words = call.words
    added: int | None = None
    deleted: Id | None = None
    for position in range(3, len(words), 2):
        option = words[position].upper()
        if position + 1 >= len(words) or option not in (b"ENTRIESADDED", b"MAXDELETEDID"):
            raise syntax_error()
        if option == b"ENTRIESADDED":
            added = integer(words[position + 1])
            if added < 0:
                raise CommandError("ERR entries_added must be positive")
        else:
            deleted = parse_id(words[position + 1])
            if new_id < deleted:
                raise CommandError("ERR The ID specified in XSETID is smaller than the provided max_deleted_entry_id")
    return added, deleted


def _check_setid(call: Call, stream: Stream, new_id: Id, added: int | None) -> None:
    if call.profile.since(7, 2) and new_id < stream.max_deleted_id:
        raise CommandError("ERR The ID specified in XSETID is smaller than current max_deleted_entry_id")
    if stream.length:
        if new_id < next(stream.range_backwards(MIN_ID, MAX_ID))[0]:
            raise CommandError("ERR The ID specified in XSETID is smaller than the target stream top item")
        if added is not None and added < stream.length:
            raise CommandError("ERR The entries_added specified in XSETID is smaller than the target stream length")


_KEY = (1, 1, 1)

APPEND_COMMANDS: Final[Sequence[Command]] = (
    Command("xadd", xadd, -5, "write denyoom fast", _KEY, since=(5, 0), group="stream"),
    Command("xlen", xlen, 2, "readonly fast", _KEY, since=(5, 0), group="stream"),
    Command("xsetid", xsetid, -3, "write denyoom fast", _KEY, since=(5, 0), group="stream"),
)
