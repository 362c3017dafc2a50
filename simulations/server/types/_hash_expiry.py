"""Fields of hashes that expire: HEXPIRE, HTTL, HPERSIST and their like (since 7.4)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from .._command import Call, Command
from .._errors import CommandError
from .._reply import Reply
from ._changes import changed
from ._hash import Hash
from ._hash_field_options import (
    CONDITIONS,
    NOT_ABOVE_ZERO,
    AnyOrder,
    FieldOptions,
    counted_fields,
    moment_ms,
    takes_any_order,
)
from ._hash_fields import hash_at

NO_FIELD: Final = -2
NO_EXPIRY: Final = -1
NOT_MET: Final = 0
DONE: Final = 1
DELETED: Final = 2


def hexpire(call: Call) -> Reply:
    """HEXPIRE key seconds [NX|XX|GT|LT] FIELDS n field ..."""
    return _expire(call, "hexpire", in_seconds=True, relative=True)


def hpexpire(call: Call) -> Reply:
    """HPEXPIRE key milliseconds [NX|XX|GT|LT] FIELDS n field ..."""
    return _expire(call, "hpexpire", in_seconds=False, relative=True)


def hexpireat(call: Call) -> Reply:
    """HEXPIREAT key seconds [NX|XX|GT|LT] FIELDS n field ..."""
    return _expire(call, "hexpireat", in_seconds=True, relative=False)


def hpexpireat(call: Call) -> Reply:
    """HPEXPIREAT key milliseconds [NX|XX|GT|LT] FIELDS n field ..."""
    return _expire(call, "hpexpireat", in_seconds=False, relative=False)


def _expire(call: Call, name: str, *, in_seconds: bool, relative: bool) -> Reply:
    key = call.words[1]
    held = hash_at(call, key)
    at_ms = moment_ms(call, call.words[2], in_seconds=in_seconds, relative=relative, name=name)
    options = _parse_any_order(call) if takes_any_order(call) else _parse(call)
    if held is None:
        return [NO_FIELD] * len(options.fields)
    held.knew_expiry = True
    answers = [set_expiry(call, held, field, at_ms, options.condition) for field in options.fields]
    note_changes(call, key, held, answers, "hexpire")
    return [*answers]


def _parse(call: Call) -> FieldOptions:
    word = call.words[3].upper()
    condition = word if word in CONDITIONS else b""
    fields = counted_fields(call, 4 if condition else 3, NOT_ABOVE_ZERO)
    return FieldOptions(fields, condition=condition)


def _parse_any_order(call: Call) -> FieldOptions:
    conditions: dict[bytes, None] = {}

    def option(word: bytes, position: int) -> int | None:
        if word not in CONDITIONS:
            return None
        conditions[word] = None
        return position

    too_few = CommandError("ERR FIELDS requires at least numfields and one field argument")
    fields = AnyOrder(call, 3, each=0, errors=(NOT_ABOVE_ZERO, too_few)).read(option)
    if len(conditions) > 1:
        raise CommandError("ERR Multiple condition flags specified")
    return FieldOptions(fields, condition=next(iter(conditions), b""))


def set_expiry(call: Call, held: Hash, name: bytes, at_ms: int, condition: bytes = b"") -> int:
    """Have one field expire, or remove it where that moment is over."""
    if name not in held.fields:
        return NO_FIELD
    old = held.expires.get(name)
    if old is None:
        if condition in (b"XX", b"GT"):
            return NOT_MET
    elif condition == b"NX" or (condition == b"GT" and old >= at_ms) or (condition == b"LT" and old <= at_ms):
        return NOT_MET
    if at_ms <= call.now_ms:
        held.remove(name)
        return DELETED
    held.expire_at(name, at_ms)
    return DONE


def note_changes(call: Call, key: bytes, held: Hash, answers: Sequence[int], event: str) -> None:
    """Say that fields expire now, or are gone; the key goes with the last of them."""
    if DELETED in answers or DONE in answers:
        changed(call, key, held)
        call.database.note_field_expiry(key, held)
        call.notify("h", "hdel" if DELETED in answers else event, key)
    if not held.fields:
        call.database.delete(key)
        call.notify("g", "del", key)


def httl(call: Call) -> Reply:
    """HTTL key FIELDS n field ...: seconds."""
    return _tell(call, lambda at_ms: (at_ms + 999 - call.now_ms) // 1000)


def hpttl(call: Call) -> Reply:
    """HPTTL key FIELDS n field ...: milliseconds."""
    return _tell(call, lambda at_ms: at_ms - call.now_ms)


def hexpiretime(call: Call) -> Reply:
    """HEXPIRETIME key FIELDS n field ...: seconds since 1970."""
    return _tell(call, lambda at_ms: (at_ms + 999) // 1000)


def hpexpiretime(call: Call) -> Reply:
    """HPEXPIRETIME key FIELDS n field ...: milliseconds since 1970."""
    return _tell(call, lambda at_ms: at_ms)


def _tell(call: Call, shown: Callable[[int], int]) -> Reply:
    held = hash_at(call, call.words[1])
    fields = counted_fields(call, 2)
    return [NO_FIELD if held is None else _told(call, held, name, shown) for name in fields]


def _told(call: Call, held: Hash, name: bytes, shown: Callable[[int], int]) -> int:
    if name not in held.fields:
        return NO_FIELD
    at_ms = held.expires.get(name)
    if at_ms is None:
        return NO_EXPIRY
    return shown(at_ms) if at_ms > call.now_ms else NO_FIELD


def hpersist(call: Call) -> Reply:
    """HPERSIST key FIELDS n field ..."""
    key = call.words[1]
    held = hash_at(call, key)
    fields = counted_fields(call, 2)
    answers = [NO_FIELD if held is None else _persist(call, held, name) for name in fields]
    if held is not None and DONE in answers:
        call.notify("h", "hpersist", key)
        changed(call, key, held)
    return [*answers]


def _persist(call: Call, held: Hash, name: bytes) -> int:
    if not held.is_live(name, call.now_ms):
        return NO_FIELD
    return DONE if held.persist(name) else NO_EXPIRY


_ONE = (1, 1, 1)
_SINCE = (7, 4)


def _command(name: str, run: Callable[[Call], Reply], arity: int, flags: str) -> Command:
    return Command(name, run, arity, flags + " fast", _ONE, since=_SINCE, group="hash")


HASH_EXPIRY_COMMANDS: Final[Sequence[Command]] = (
    _command("hexpire", hexpire, -6, "write"),
    _command("hpexpire", hpexpire, -6, "write"),
    _command("hexpireat", hexpireat, -6, "write"),
    _command("hpexpireat", hpexpireat, -6, "write"),
    _command("httl", httl, -5, "readonly"),
    _command("hpttl", hpttl, -5, "readonly"),
    _command("hexpiretime", hexpiretime, -5, "readonly"),
    _command("hpexpiretime", hpexpiretime, -5, "readonly"),
    _command("hpersist", hpersist, -5, "write"),
)
