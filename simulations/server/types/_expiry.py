"""For how long keys are there: EXPIRE and its like, PERSIST, TTL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from .._command import INTEGER_MAX, INTEGER_MIN, Call, Command, integer
from .._errors import CommandError
from .._reply import Reply

NEVER: Final = -1
NO_KEY: Final = -2


def persist(call: Call) -> Reply:
    """PERSIST key: 1 if it would have expired."""
    key = call.words[1]
    if call.database.get(key) is None or call.database.expires.pop(key, None) is None:
        return 0
    call.touch(key)
    if call.profile.since(6, 0):
        call.notify("g", "persist", key)
    return 1


def expire(call: Call) -> Reply:
    """EXPIRE key seconds [NX|XX|GT|LT]."""
    return _expire(call, unit=1000, relative=True)


def pexpire(call: Call) -> Reply:
    """PEXPIRE key milliseconds [NX|XX|GT|LT]."""
    return _expire(call, unit=1, relative=True)


def expireat(call: Call) -> Reply:
    """EXPIREAT key seconds [NX|XX|GT|LT]."""
    return _expire(call, unit=1000, relative=False)


def pexpireat(call: Call) -> Reply:
    """PEXPIREAT key milliseconds [NX|XX|GT|LT]."""
    return _expire(call, unit=1, relative=False)


def _expire(call: Call, *, unit: int, relative: bool) -> Reply:
    key = call.words[1]
    conditions = {word.upper() for word in call.words[3:]}
    _check_conditions(call, conditions)
    at_ms = _moment(call, integer(call.words[2]), unit=unit, relative=relative)
    if call.database.get(key) is None:
        return 0
    current = call.database.expires.get(key)
    if not _applies(conditions, current, at_ms):
        return 0
    if at_ms <= call.now_ms:
        call.database.delete(key)
        call.notify("g", "del", key)
    else:
        call.database.expire_at(key, at_ms)
        call.notify("g", "expire", key)
    return 1


def _moment(call: Call, number: int, *, unit: int, relative: bool) -> int:
    """When that is; before 6.2 what is too large for 64 bits wraps around."""
    at_ms = number * unit + (call.now_ms if relative else 0)
    if INTEGER_MIN <= number * unit <= INTEGER_MAX and INTEGER_MIN <= at_ms <= INTEGER_MAX:
        return at_ms
    if not call.profile.since(6, 2):
        return (at_ms - INTEGER_MIN) % (1 << 64) + INTEGER_MIN
    name = call.words[0].decode("latin-1").lower()
    shown = f"'{name}' command" if call.profile.since(7, 0) else name
    raise CommandError(f"ERR invalid expire time in {shown}")


def _check_conditions(call: Call, conditions: set[bytes]) -> None:
    if not call.profile.since(7, 0) and conditions:
        raise CommandError(f"ERR wrong number of arguments for '{call.words[0].decode('latin-1').lower()}' command")
    for word in call.words[3:]:
        if word.upper() not in (b"NX", b"XX", b"GT", b"LT"):
            raise CommandError(b"ERR Unsupported option " + word)
    if b"NX" in conditions and len(conditions) > 1:
        raise CommandError("ERR NX and XX, GT or LT options at the same time are not compatible")
    if {b"GT", b"LT"} <= conditions:
        raise CommandError("ERR GT and LT options at the same time are not compatible")


def _applies(conditions: set[bytes], current: int | None, at_ms: int) -> bool:
    if b"NX" in conditions and current is not None:
        return False
    if b"XX" in conditions and current is None:
        return False
    if b"GT" in conditions and (current is None or at_ms <= current):
        return False
    return not (b"LT" in conditions and current is not None and at_ms >= current)


def ttl(call: Call) -> Reply:
    """TTL key: seconds; -1: for ever; -2: there is none."""
    left = pttl(call)
    return (left + 500) // 1000 if isinstance(left, int) and left >= 0 else left


def pttl(call: Call) -> Reply:
    """PTTL key: milliseconds."""
    at_ms = _until_ms(call)
    return at_ms if at_ms < 0 else at_ms - call.now_ms


def expiretime(call: Call) -> Reply:
    """EXPIRETIME key: seconds since 1970."""
    at_ms = _until_ms(call)
    return at_ms if at_ms < 0 else (at_ms + 500) // 1000


def pexpiretime(call: Call) -> Reply:
    """PEXPIRETIME key: milliseconds since 1970."""
    return _until_ms(call)


def _until_ms(call: Call) -> int:
    key = call.words[1]
    if call.database.get(key, uses=False) is None:
        return NO_KEY
    return call.database.expires.get(key, NEVER)


_ONE = (1, 1, 1)

EXPIRY_COMMANDS: Final[Sequence[Command]] = (
    Command("persist", persist, 2, "write fast", _ONE, since=(2, 2)),
    Command("expire", expire, -3, "write fast", _ONE),
    Command("pexpire", pexpire, -3, "write fast", _ONE, since=(2, 6)),
    Command("expireat", expireat, -3, "write fast", _ONE, since=(1, 2)),
    Command("pexpireat", pexpireat, -3, "write fast", _ONE, since=(2, 6)),
    Command("ttl", ttl, 2, "readonly fast", _ONE),
    Command("pttl", pttl, 2, "readonly fast", _ONE, since=(2, 6)),
    Command("expiretime", expiretime, 2, "readonly fast", _ONE, since=(7, 0)),
    Command("pexpiretime", pexpiretime, 2, "readonly fast", _ONE, since=(7, 0)),
)
