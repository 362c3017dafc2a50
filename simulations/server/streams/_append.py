"""XADD, XTRIM, XDEL, XLEN, XRANGE, XREVRANGE, XSETID."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from attrs import define

from .._command import Call, Command, integer
from .._errors import NO_SUCH_KEY, CommandError, syntax_error, wrong_arity
from .._reply import NULL_ARRAY, OK, Reply
from ._ids import INVALID_ID, MAX_ID, MIN_ID, PART_MAX, Id, after, before, parse_bound, parse_id, text_of
from ._stream import Stream

LIMIT_MAX: Final = 1_000_000
TOO_LARGE: Final = "ERR Elements are too large to be stored"
NOT_GREATER: Final = "ERR The ID specified in XADD is equal or smaller than the target stream top item"
EXHAUSTED: Final = "ERR The stream has exhausted the last possible ID, unable to add more items"


@define
class Trim:
    """How a stream is to be cut: to a length, or up to an id."""

    length: int | None = None
    least_id: Id | None = None
    approximate: bool = False
    limit: int | None = None

    @property
    def given(self) -> bool:
        return self.length is not None or self.least_id is not None


def xlen(call: Call) -> Reply:
    """XLEN key."""
    stream = call.database.get_as(Stream, call.words[1])
    return stream.length if stream is not None else 0


def xadd(call: Call) -> Reply:
    """XADD key [NOMKSTREAM] [MAXLEN|MINID [=|~] threshold [LIMIT n]] <*|id> field value ..."""
    words = call.words
    position, trim, make = (2, None, True) if words[2][:1] in b"*0123456789" else _options(call, 2)
    wanted, fields = words[position], words[position + 1 :]
    asked = _asked_id(call, wanted)
    if trim is not None:
        _check(call, trim)
    if not fields or len(fields) % 2:
        raise _no_pairs(call)
    if asked == MIN_ID and call.profile.since(6, 0):
        raise CommandError("ERR The ID specified in XADD must be greater than 0-0")
    key = words[1]
    stream = call.database.get_as(Stream, key)
    if stream is None:
        if not make:
            return None
        stream = Stream()
        if not call.profile.since(6, 0):
            call.database.put(key, stream)  # it stays, even if nothing is added
    elif stream.last_id == MAX_ID:
        raise CommandError(EXHAUSTED)
    entry_id = _next_id(call, stream, asked)
    configuration = call.engine.configuration
    stream.append(
        entry_id,
        fields,
        size=sum(map(len, fields)) + 2 * len(fields) + 8,
        node_entries_max=configuration.number("stream-node-max-entries"),
        node_bytes_max=configuration.number("stream-node-max-bytes"),
    )
    if call.database.values.get(key) is not stream:
        call.database.put(key, stream)
    else:
        call.touch(key)
    call.signal_ready(key)  # in 5.0 a key that is made wakes nobody by itself
    call.notify("t", "xadd", key)
    if trim is not None and trim.given and _cut(call, stream, trim):
        call.notify("t", "xtrim", key)
    return text_of(entry_id)


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
            raise CommandError(EXHAUSTED)
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


def _options(call: Call, position: int) -> tuple[int, Trim, bool]:
    """The options of XADD: where the id stands, how to trim, and whether to make the stream."""
    words, trim, make = call.words, Trim(), True
    while position < len(words):
        option, more = words[position].upper(), len(words) - 1 - position
        if option == b"*":
            break
        if option == b"NOMKSTREAM" and call.profile.since(6, 2):
            make = False
            position += 1
        elif option in _strategies(call) and more:
            position = _threshold(call, trim, option, position)
        elif option == b"LIMIT" and more and call.profile.since(6, 2):
            position = _limit(call, trim, position)
        else:
            break
    if position >= len(words):
        _check(call, trim)
        raise _no_pairs(call)
    return position, trim, make


def _no_pairs(call: Call) -> CommandError:
    return wrong_arity("xadd") if call.profile.since(7, 0) else CommandError("ERR wrong number of arguments for XADD")


def _strategies(call: Call) -> tuple[bytes, ...]:
    return (b"MAXLEN", b"MINID") if call.profile.since(6, 2) else (b"MAXLEN",)


def _threshold(call: Call, trim: Trim, option: bytes, position: int) -> int:
    words = call.words
    if trim.given and call.profile.since(6, 2):
        raise CommandError("ERR syntax error, MAXLEN and MINID options at the same time are not compatible")
    trim.approximate = False
    if len(words) - 1 - position >= 2 and words[position + 1] in (b"~", b"="):
        trim.approximate = words[position + 1] == b"~"
        position += 1
    value = words[position + 1]
    if option == b"MAXLEN":
        trim.length = integer(value)
        if trim.length < 0:
            raise CommandError("ERR The MAXLEN argument must be >= 0.")
    else:
        trim.least_id = parse_id(value)
    return position + 2


def _limit(call: Call, trim: Trim, position: int) -> int:
    trim.limit = integer(call.words[position + 1])
    if trim.limit < 0:
        raise CommandError("ERR The LIMIT argument must be >= 0.")
    return position + 2


def _check(call: Call, trim: Trim, *, needed: bool = False) -> None:
    if trim.limit and not trim.given:
        raise CommandError("ERR syntax error, LIMIT cannot be used without specifying a trimming strategy")
    if needed and not trim.given:
        raise CommandError("ERR syntax error, XTRIM must be called with a trimming strategy")
    if not call.profile.since(6, 2):
        return
    if trim.limit is not None:
        if not trim.approximate:
            raise CommandError("ERR syntax error, LIMIT cannot be used without the special ~ option")
    elif trim.approximate:
        most = 100 * call.engine.configuration.number("stream-node-max-entries")
        trim.limit = min(most if most > 0 else 10_000, LIMIT_MAX)


def _cut(call: Call, stream: Stream, trim: Trim) -> int:
    """Remove the oldest entries as far as the options say; returns how many."""
    removed = 0
    limit = trim.limit or 0
    while stream.nodes:
        node = stream.nodes[0]
        if trim.length is not None:
            whole = stream.length - node.live >= trim.length
        else:
            whole = trim.least_id is not None and node.ids[-1] < trim.least_id
        if not whole or (trim.approximate and limit and removed + node.live > limit):
            break
        removed += stream.remove_first_node()
    if not trim.approximate:
        removed += _cut_exactly(stream, trim)
    if removed:
        call.touch(call.words[1])
    return removed


def _cut_exactly(stream: Stream, trim: Trim) -> int:
    doomed: list[Id] = []
    for entry_id, _ in stream.range(MIN_ID, stream.last_id):
        if trim.length is not None:
            if stream.length - len(doomed) <= trim.length:
                break
        elif trim.least_id is None or entry_id >= trim.least_id:
            break
        doomed.append(entry_id)
    for entry_id in doomed:
        stream.remove(entry_id)
    return len(doomed)


def xtrim(call: Call) -> Reply:
    """XTRIM key MAXLEN|MINID [=|~] threshold [LIMIT n]."""
    if not call.profile.since(6, 2):
        return _xtrim_before_6_2(call)
    trim = _trim_options(call)
    _check(call, trim, needed=True)
    stream = call.database.get_as(Stream, call.words[1])
    return 0 if stream is None else _trimmed(call, stream, trim)


def _xtrim_before_6_2(call: Call) -> Reply:
    """The key is looked at first."""
    stream = call.database.get_as(Stream, call.words[1])
    if stream is None:
        return 0
    trim = _trim_options(call)
    if not trim.given:
        raise CommandError("ERR XTRIM called without an option to trim the stream")
    return _trimmed(call, stream, trim)


def _trim_options(call: Call) -> Trim:
    trim, position, words = Trim(), 2, call.words
    while position < len(words):
        option, more = words[position].upper(), len(words) - 1 - position
        if option in _strategies(call) and more:
            position = _threshold(call, trim, option, position)
        elif option == b"LIMIT" and more and call.profile.since(6, 2):
            position = _limit(call, trim, position)
        else:
            raise syntax_error()
    return trim


def _trimmed(call: Call, stream: Stream, trim: Trim) -> int:
    removed = _cut(call, stream, trim)
    if removed:
        call.notify("t", "xtrim", call.words[1])
    return removed


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


def xrange(call: Call) -> Reply:
    """XRANGE key start end [COUNT n]."""
    return _range(call, call.words[2], call.words[3], backwards=False)


def xrevrange(call: Call) -> Reply:
    """XREVRANGE key end start [COUNT n]."""
    return _range(call, call.words[3], call.words[2], backwards=True)


def _range(call: Call, first: bytes, last: bytes, *, backwards: bool) -> Reply:
    exclusive = call.profile.since(6, 2)
    start = bound(first, 0, after, "ERR invalid start ID for the interval", exclusive=exclusive)
    end = bound(last, PART_MAX, before, "ERR invalid end ID for the interval", exclusive=exclusive)
    count = None
    position = 4
    words = call.words
    while position < len(words):
        if words[position].upper() != b"COUNT" or position + 1 >= len(words):
            raise syntax_error()
        count = max(0, integer(words[position + 1]))
        position += 2
    stream = call.database.get_as(Stream, words[1])
    if stream is None:
        return []
    if count == 0:
        return NULL_ARRAY
    entries: list[Reply] = []
    for entry_id, fields in (stream.range_backwards if backwards else stream.range)(start, end):
        entries.append([text_of(entry_id), list(fields)])
        if count is not None and len(entries) >= count:
            break
    return entries


def bound(word: bytes, missing_seq: int, step: Callable[[Id], Id | None], error: str, *, exclusive: bool = True) -> Id:
    """One end of an interval; ``(id`` leaves that id out."""
    if word[:1] != b"(" or not exclusive:
        return parse_bound(word, missing_seq=missing_seq)
    if word[1:] in (b"-", b"+"):
        raise CommandError(INVALID_ID)
    stepped = step(parse_id(word[1:], missing_seq=missing_seq))
    if stepped is None:
        raise CommandError(error)
    return stepped


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
    call.touch(call.words[1])
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
    Command("xtrim", xtrim, -2, "write", _KEY, since=(5, 0), group="stream"),
    Command("xtrim", xtrim, -4, "write", _KEY, since=(6, 2), group="stream"),
    Command("xdel", xdel, -3, "write fast", _KEY, since=(5, 0), group="stream"),
    Command("xlen", xlen, 2, "readonly fast", _KEY, since=(5, 0), group="stream"),
    Command("xrange", xrange, -4, "readonly", _KEY, since=(5, 0), group="stream"),
    Command("xrevrange", xrevrange, -4, "readonly", _KEY, since=(5, 0), group="stream"),
    Command("xsetid", xsetid, -3, "write denyoom fast", _KEY, since=(5, 0), group="stream"),
)
