"""HGETEX, HSETEX and HGETDEL: fields are read or set, and expire or go by the same command (since 8.0)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from .._command import Call, Command
from .._reply import Reply
from ._changes import changed
from ._hash import Hash
from ._hash_expiry import DELETED, DONE, set_expiry
from ._hash_field_options import (
    EXPIRIES,
    FieldOptions,
    counted_fields,
    parse_expiring,
    parse_hgetex_before,
    parse_hsetex_before,
    takes_any_order,
)
from ._hash_fields import hash_at


def hgetdel(call: Call) -> Reply:
    """HGETDEL key FIELDS n field ..."""
    key = call.words[1]
    held = hash_at(call, key)
    fields = counted_fields(call, 2)
    if held is None:
        return [None] * len(fields)
    expired, removed = False, False
    values: list[Reply] = []
    for name in fields:
        gone, value = _look(call, held, name)
        values.append(value)
        expired, removed = expired or gone, held.remove(name) or removed
    if expired or removed:
        _finish(call, key, held, expired, ["hdel"] if removed else [])
    return values


def _look(call: Call, held: Hash, name: bytes) -> tuple[bool, bytes | None]:
    """Whether a field had expired, which goes by this, and its value."""
    expired = name in held.fields and not held.is_live(name, call.now_ms)
    if expired:
        held.remove(name)
    return expired, held.fields.get(name)


def _finish(call: Call, key: bytes, held: Hash, expired: bool, events: Sequence[str]) -> None:  # noqa: FBT001
    """Tell what happened; the key goes with its last field."""
    changed(call, key, held)
    call.database.note_field_expiry(key, held)
    for event in (["hexpired"] if expired else []) + [*events]:
        call.notify("h", event, key)
    if not held.fields:
        call.database.delete(key)
        call.notify("g", "del", key)


def hgetex(call: Call) -> Reply:
    """HGETEX key [EX|PX|EXAT|PXAT n|PERSIST] FIELDS n field ..."""
    key = call.words[1]
    held = hash_at(call, key)
    options = parse_expiring(call, "hgetex") if takes_any_order(call) else parse_hgetex_before(call)
    if held is None:
        return [None] * len(options.fields)
    held.knew_expiry = held.knew_expiry or bool(options.until)
    expired, updated, deleted = False, False, False
    values: list[Reply] = []
    for name in options.fields:
        gone, value = _look(call, held, name)
        expired = expired or gone
        values.append(value)
        if value is not None and options.until:
            answer = _change_expiry(call, held, name, options)
            updated, deleted = updated or answer == DONE, deleted or answer == DELETED
    if expired or updated or deleted:
        event = "hpersist" if options.until == b"PERSIST" else "hexpire"
        _finish(call, key, held, expired, [event] if updated else ["hdel"] if deleted else [])
    return values


def _change_expiry(call: Call, held: Hash, name: bytes, options: FieldOptions) -> int:
    if options.until == b"PERSIST":
        return int(held.persist(name))
    return set_expiry(call, held, name, options.at_ms)


def hsetex(call: Call) -> Reply:
    """HSETEX key [FNX|FXX] [EX|PX|EXAT|PXAT n|KEEPTTL] FIELDS n field value ...: 1 if they were set."""
    key, limits = call.words[1], call.engine.limits
    options = parse_expiring(call, "hsetex") if takes_any_order(call) else parse_hsetex_before(call)
    held = hash_at(call, key)
    if held is None:
        if options.condition == b"FXX":
            return 0
        held = Hash()
    names = options.fields[::2]
    expired, is_met = _is_met(call, held, names, options.condition)
    if not is_met:
        if expired:
            _finish(call, key, held, expired, [])
        return 0
    held.expect(options.fields, limits)
    held.knew_expiry = held.knew_expiry or options.until in EXPIRIES
    answers: list[int] = []
    for name, value in zip(names, options.fields[1::2], strict=True):
        held.put(name, value, limits, keep_expiry=bool(options.until))
        if options.until in EXPIRIES:
            answers.append(set_expiry(call, held, name, options.at_ms))
    events = ["hset"] + (["hdel" if DELETED in answers else "hexpire"] if answers else [])
    _finish(call, key, held, expired, events)
    return 1


def _is_met(call: Call, held: Hash, names: Sequence[bytes], condition: bytes) -> tuple[bool, bool]:
    """Whether some fields had expired, and whether all are there (FXX), or none (FNX)."""
    expired = False
    for name in names if condition else ():
        gone, value = _look(call, held, name)
        expired = expired or gone
        if (value is None) == (condition == b"FXX"):
            return expired, False
    return expired, True


_ONE = (1, 1, 1)

HASH_EX_COMMANDS: Final[Sequence[Command]] = (
    Command("hgetdel", hgetdel, -5, "write fast", _ONE, since=(8, 0), group="hash"),
    Command("hgetex", hgetex, -5, "write fast", _ONE, since=(8, 0), group="hash"),
    Command("hsetex", hsetex, -6, "write denyoom fast", _ONE, since=(8, 0), group="hash"),
)
