"""Strings and the numbers in them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from attrs import define

from .._command import INTEGER_MAX, INTEGER_MIN, Call, Command, integer
from .._errors import NOT_AN_INTEGER, WRONG_TYPE, CommandError, syntax_error
from .._reply import OK, Reply


@define
class SetOptions:
    """What SET was told beside key and value."""

    only_new: bool = False
    only_old: bool = False
    keep_expiry: bool = False
    answer_old: bool = False
    expires_ms: int | None = None


def get(call: Call) -> Reply:
    """GET key."""
    return text_at(call, call.words[1])


def set_value(call: Call) -> Reply:
    """SET key value [NX|XX] [GET] [EX|PX|EXAT|PXAT n|KEEPTTL]."""
    key, value = call.words[1:3]
    options = _set_options(call)
    old = text_at(call, key) if options.answer_old else None
    there = call.database.get(key) is not None
    if (options.only_new and there) or (options.only_old and not there):
        return old
    call.database.put(key, value, keep_expiry=options.keep_expiry)
    call.notify("$", "set", key)
    if options.expires_ms is not None:
        call.database.expire_at(key, options.expires_ms)
        call.notify("g", "expire", key)
    return old if options.answer_old else OK


def _set_options(call: Call) -> SetOptions:
    options, words, position = SetOptions(), call.words, 3
    expiring = (b"EX", b"PX", b"EXAT", b"PXAT") if call.profile.since(6, 2) else (b"EX", b"PX")
    while position < len(words):
        word = words[position].upper()
        position += 1
        if word == b"NX" and not options.only_old:
            options.only_new = True
        elif word == b"XX" and not options.only_new:
            options.only_old = True
        elif word == b"GET" and call.profile.since(6, 2):
            options.answer_old = True
        elif word == b"KEEPTTL" and call.profile.since(6, 0) and options.expires_ms is None:
            options.keep_expiry = True
        elif word in expiring and position < len(words) and not options.keep_expiry and options.expires_ms is None:
            options.expires_ms = _moment(call, word, words[position])
            position += 1
        else:
            raise syntax_error()
    if options.only_new and options.answer_old and not call.profile.since(7, 0):
        raise syntax_error()
    return options


def _moment(call: Call, word: bytes, value: bytes) -> int:
    number = integer(value)
    if number <= 0:
        name = "'set' command" if call.profile.since(7, 0) else "set"
        raise CommandError(f"ERR invalid expire time in {name}")
    ms = number if word.startswith(b"P") else number * 1000
    return ms if word.endswith(b"AT") else call.now_ms + ms


def mget(call: Call) -> Reply:
    """MGET key ...: null where there is none, or one of another kind."""
    values = [call.database.get(key) for key in call.words[1:]]
    return [value if isinstance(value, bytes) else None for value in values]


def strlen(call: Call) -> Reply:
    """STRLEN key."""
    return len(text_at(call, call.words[1]) or b"")


def append(call: Call) -> Reply:
    """APPEND key value: the new length."""
    key = call.words[1]
    value = (text_at(call, key) or b"") + call.words[2]
    call.database.put(key, value, keep_expiry=True)
    call.notify("$", "append", key)
    return len(value)


def incr(call: Call) -> Reply:
    """INCR key."""
    return _add(call, 1)


def decr(call: Call) -> Reply:
    """DECR key."""
    return _add(call, -1)


def incrby(call: Call) -> Reply:
    """INCRBY key n."""
    return _add(call, integer(call.words[2]))


def decrby(call: Call) -> Reply:
    """DECRBY key n."""
    number = integer(call.words[2])
    if number == INTEGER_MIN:
        raise CommandError("ERR decrement would overflow")
    return _add(call, -number)


def _add(call: Call, number: int) -> Reply:
    key = call.words[1]
    text = text_at(call, key)
    total = (integer(text, NOT_AN_INTEGER) if text is not None else 0) + number
    if not INTEGER_MIN <= total <= INTEGER_MAX:
        raise CommandError("ERR increment or decrement would overflow")
    call.database.put(key, b"%d" % total, keep_expiry=True)
    call.notify("$", "incrby", key)
    return total


def text_at(call: Call, key: bytes) -> bytes | None:
    """The string that a key holds.

    Raises:
        CommandError: WRONGTYPE, it is none.
    """
    value = call.database.get(key)
    if value is not None and not isinstance(value, bytes):
        raise CommandError(WRONG_TYPE)
    return value


_ONE = (1, 1, 1)

STRING_COMMANDS: Final[Sequence[Command]] = (
    Command("get", get, 2, "readonly fast", _ONE, group="string"),
    Command("set", set_value, -3, "write denyoom", _ONE, group="string"),
    Command("mget", mget, -2, "readonly fast", (1, -1, 1), group="string"),
    Command("strlen", strlen, 2, "readonly fast", _ONE, since=(2, 2), group="string"),
    Command("append", append, 3, "write denyoom fast", _ONE, since=(2, 0), group="string"),
    Command("incr", incr, 2, "write denyoom fast", _ONE, group="string"),
    Command("decr", decr, 2, "write denyoom fast", _ONE, group="string"),
    Command("incrby", incrby, 3, "write denyoom fast", _ONE, group="string"),
    Command("decrby", decrby, 3, "write denyoom fast", _ONE, group="string"),
)
