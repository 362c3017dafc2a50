"""Strings: set, read, and changed in parts. Numbers in them: `_counters`; bits: `_bits`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from .._command import Call, Command, integer
from .._errors import WRONG_TYPE, CommandError, wrong_arity
from .._reply import OK, Reply
from ._set_options import SetOptions, expiry_ms, moment_ms, parse_set_options
from ._text import ChangedText, check_length, put_text, text_at
from ._text_digest import matches


def get(call: Call) -> Reply:
    """GET key."""
    return text_at(call, call.words[1])


def set_value(call: Call) -> Reply:
    """SET key value [NX|XX|IFEQ v|IFNE v|IFDEQ d|IFDNE d] [GET] [EX|PX|EXAT|PXAT n|KEEPTTL]."""
    key, value = call.words[1:3]
    if len(call.words) == 3:
        call.database.put(key, value, overwrites=True)
        call.notify("$", "set", key)
        return OK
    options = parse_set_options(call, 3, "set")
    at_ms = expiry_ms(call, options, "set")
    old = text_at(call, key) if options.answers_old else None
    if not _is_met(call, options, key):
        return old
    _store(call, key, value, at_ms, keeps=options.until == b"KEEPTTL")
    return old if options.answers_old else OK


def _store(call: Call, key: bytes, value: bytes, at_ms: int | None, *, keeps: bool = False) -> None:
    call.database.put(key, value, keep_expiry=keeps, overwrites=True)
    if at_ms is not None:
        call.database.expire_at(key, at_ms)
    call.notify("$", "set", key)
    if at_ms is not None:
        call.notify("g", "expire", key)


def _is_met(call: Call, options: SetOptions, key: bytes) -> bool:
    """Whether a value may be stored by its conditions."""
    if not options.existence and not options.condition:
        return True
    value = call.database.peek(key)
    if options.existence and (value is None) != (options.existence == b"NX"):
        return False
    if not options.condition:
        return True
    if value is None:
        return options.condition in (b"IFNE", b"IFDNE")
    if not isinstance(value, bytes):
        raise CommandError(WRONG_TYPE)
    return matches(options.condition, value, options.match)


def setnx(call: Call) -> Reply:
    """SETNX key value: 1 if there was none."""
    if call.database.get(call.words[1]) is not None:
        return 0
    _store(call, call.words[1], call.words[2], None)
    return 1


def setex(call: Call) -> Reply:
    """SETEX key seconds value."""
    _store(call, call.words[1], call.words[3], moment_ms(call, b"EX", call.words[2], "setex"))
    return OK


def psetex(call: Call) -> Reply:
    """PSETEX key milliseconds value."""
    _store(call, call.words[1], call.words[3], moment_ms(call, b"PX", call.words[2], "psetex"))
    return OK


def getset(call: Call) -> Reply:
    """GETSET key value."""
    old = text_at(call, call.words[1])
    _store(call, call.words[1], call.words[2], None)
    return old


def getdel(call: Call) -> Reply:
    """GETDEL key."""
    key = call.words[1]
    old = text_at(call, key)
    if call.database.delete(key):
        call.notify("g", "del", key)
    return old


def getex(call: Call) -> Reply:
    """GETEX key [EX|PX|EXAT|PXAT n|PERSIST]."""
    options = parse_set_options(call, 2, "getex")
    key, database = call.words[1], call.database
    text = text_at(call, key)
    if text is None:
        return None
    at_ms = expiry_ms(call, options, "getex")
    if at_ms is not None and at_ms <= call.now_ms and options.until.endswith(b"AT"):
        database.delete(key)
        call.notify("g", "del", key)
    elif at_ms is not None:
        database.expire_at(key, at_ms)
        call.notify("g", "expire", key)
    elif options.until == b"PERSIST" and database.expires.pop(key, None) is not None:
        call.touch(key)
        call.notify("g", "persist", key)
    return text


def mget(call: Call) -> Reply:
    """MGET key ...: null where there is none, or one of another kind."""
    values = [call.database.get(key) for key in call.words[1:]]
    return [bytes(value) if isinstance(value, bytes) else None for value in values]


def mset(call: Call) -> Reply:
    """MSET key value ..."""
    for key, value in _pairs(call, "mset"):
        _store(call, key, value, None)
    return OK


def msetnx(call: Call) -> Reply:
    """MSETNX key value ...: 1 if there was none of them."""
    pairs = _pairs(call, "msetnx")
    if any(call.database.get(key) is not None for key, _ in pairs):
        return 0
    for key, value in pairs:
        _store(call, key, value, None)
    return 1


def _pairs(call: Call, name: str) -> list[tuple[bytes, bytes]]:
    words = call.words[1:]
    if len(words) % 2:
        raise wrong_arity(name) if call.profile.since(7, 0) else CommandError("ERR wrong number of arguments for MSET")
    return list(zip(words[::2], words[1::2], strict=True))


def msetex(call: Call) -> Reply:
    """MSETEX numkeys key value ... [NX|XX] [EX|PX|EXAT|PXAT n|KEEPTTL]: 1 if they were stored."""
    words = call.words
    number = integer(words[1], "ERR invalid numkeys value", least=1, most=2**31 - 1)
    if 2 * number + 2 > len(words):
        raise CommandError("ERR wrong number of key-value pairs")
    options = parse_set_options(call, 2 * number + 2, "msetex")
    at_ms = expiry_ms(call, options, "msetex")
    keys, values = words[2 : 2 * number + 2 : 2], words[3 : 2 * number + 2 : 2]
    if not all(_is_met(call, options, key) for key in keys):
        return 0
    for key, value in zip(keys, values, strict=True):
        call.database.put(key, value, keep_expiry=options.until == b"KEEPTTL", overwrites=True)
        if at_ms is not None:
            call.database.expire_at(key, at_ms)
            call.notify("g", "expire", key)
        call.notify("$", "set", key)
    return 1


def strlen(call: Call) -> Reply:
    """STRLEN key."""
    return len(text_at(call, call.words[1]) or b"")


def append(call: Call) -> Reply:
    """APPEND key value: the new length."""
    key, old = call.words[1], text_at(call, call.words[1])
    if old is None:
        put_text(call, key, call.words[2], "append")
        return len(call.words[2])
    check_length(call, len(old) + len(call.words[2]))
    text = ChangedText(old + call.words[2])
    put_text(call, key, text, "append")
    return len(text)


def getrange(call: Call) -> Reply:
    """GETRANGE key start end, and as it was called once, SUBSTR."""
    start, end = integer(call.words[2]), integer(call.words[3])
    text = text_at(call, call.words[1]) or b""
    if start < 0 and end < 0 and start > end:
        return b""
    begin = max(start + len(text) if start < 0 else start, 0)
    return text[begin : max(end + len(text) if end < 0 else end, 0) + 1]


def setrange(call: Call) -> Reply:
    """SETRANGE key offset value: the new length."""
    key, value = call.words[1], call.words[3]
    offset = integer(call.words[2])
    if offset < 0:
        raise CommandError("ERR offset is out of range")
    text = text_at(call, key) or b""
    if not value:
        return len(text)
    check_length(call, offset + len(value))
    changed = ChangedText(text[:offset].ljust(offset, b"\0") + value + text[offset + len(value) :])
    put_text(call, key, changed, "setrange")
    return len(changed)


_ONE = (1, 1, 1)
_S = "string"
_TEXT = "write denyoom"

STRING_COMMANDS: Final[Sequence[Command]] = (
    Command("get", get, 2, "readonly fast", _ONE, group=_S),
    Command("set", set_value, -3, _TEXT, _ONE, group=_S),
    Command("setnx", setnx, 3, _TEXT + " fast", _ONE, group=_S),
    Command("setex", setex, 4, _TEXT, _ONE, since=(2, 0), group=_S),
    Command("psetex", psetex, 4, _TEXT, _ONE, since=(2, 6), group=_S),
    Command("getset", getset, 3, _TEXT + " fast", _ONE, group=_S),
    Command("getdel", getdel, 2, "write fast", _ONE, since=(6, 2), group=_S),
    Command("getex", getex, -2, "write fast", _ONE, since=(6, 2), group=_S),
    Command("mget", mget, -2, "readonly fast", (1, -1, 1), group=_S),
    Command("mset", mset, -3, _TEXT, (1, -1, 2), group=_S),
    Command("msetnx", msetnx, -3, _TEXT, (1, -1, 2), group=_S),
    Command("msetex", msetex, -4, _TEXT + " movablekeys", since=(8, 4), group=_S),
    Command("strlen", strlen, 2, "readonly fast", _ONE, since=(2, 2), group=_S),
    Command("append", append, 3, _TEXT + " fast", _ONE, since=(2, 0), group=_S),
    Command("getrange", getrange, 4, "readonly", _ONE, since=(2, 4), group=_S),
    Command("substr", getrange, 4, "readonly", _ONE, group=_S),
    Command("setrange", setrange, 4, _TEXT, _ONE, since=(2, 2), group=_S),
)
