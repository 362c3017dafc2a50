"""Keys of any kind: whether they are there, for how long, and away with them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from .._command import Call, Command, integer
from .._errors import NO_SUCH_KEY, CommandError, syntax_error
from .._glob import fits
from .._keyspace import kind_of
from .._reply import OK, Reply, Status


def delete(call: Call) -> Reply:
    """DEL key ..., UNLINK key ...: how many there were."""
    removed = 0
    for key in call.words[1:]:
        if call.database.delete(key):
            removed += 1
            call.notify("g", "del", key)
    return removed


def exists(call: Call) -> Reply:
    """EXISTS key ...: how many of them are there, each as often as it is named."""
    return sum(call.database.get(key) is not None for key in call.words[1:])


def type_of(call: Call) -> Reply:
    """TYPE key."""
    value = call.database.get(call.words[1])
    return Status(b"none" if value is None else kind_of(value).encode())


def keys(call: Call) -> Reply:
    """KEYS pattern."""
    pattern = call.words[1]
    return [key for key in call.database.keys() if fits(key, pattern)]  # noqa: SIM118 - not a dict


def dbsize(call: Call) -> Reply:
    """DBSIZE."""
    return len(call.database.values)


def flushdb(call: Call) -> Reply:
    """FLUSHDB [ASYNC|SYNC]."""
    _check_flush(call)
    call.database.clear()
    call.engine.dirty += 1
    return OK


def flushall(call: Call) -> Reply:
    """FLUSHALL [ASYNC|SYNC]."""
    _check_flush(call)
    for database in call.engine.databases:
        database.clear()
    call.engine.files.is_saving_until_ms = 0  # a snapshot of what is gone is not finished
    call.engine.dirty += 1
    return OK


def _check_flush(call: Call) -> None:
    modes = (b"ASYNC", b"SYNC") if call.profile.since(6, 2) else (b"ASYNC",)
    if len(call.words) > 2 or (len(call.words) == 2 and call.words[1].upper() not in modes):
        raise syntax_error()


def rename(call: Call) -> Reply:
    """RENAME key newkey."""
    old, new = call.words[1:3]
    database = call.database
    value = database.get(old)
    if value is None:
        raise CommandError(NO_SUCH_KEY)
    if old == new:
        return OK
    expires = database.expires.get(old)
    database.delete(old)
    database.delete(new)
    database.put(new, value)
    if expires is not None:
        database.expire_at(new, expires)
    call.notify("g", "rename_from", old)
    call.notify("g", "rename_to", new)
    return OK


def persist(call: Call) -> Reply:
    """PERSIST key: 1 if it would have expired."""
    key = call.words[1]
    if call.database.get(key) is None or call.database.expires.pop(key, None) is None:
        return 0
    call.touch(key)
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
    at_ms = integer(call.words[2]) * unit + (call.now_ms if relative else 0)
    conditions = {word.upper() for word in call.words[3:]}
    _check_conditions(call, conditions)
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
    left = _left_ms(call)
    return left if left < 0 else (left + 500) // 1000


def pttl(call: Call) -> Reply:
    """PTTL key: milliseconds."""
    return _left_ms(call)


def _left_ms(call: Call) -> int:
    key = call.words[1]
    if call.database.get(key) is None:
        return -2
    at_ms = call.database.expires.get(key)
    return -1 if at_ms is None else at_ms - call.now_ms


_ONE = (1, 1, 1)
_ALL = (1, -1, 1)

KEY_COMMANDS: Final[Sequence[Command]] = (
    Command("del", delete, -2, "write", _ALL),
    Command("unlink", delete, -2, "write fast", _ALL, since=(4, 0)),
    Command("exists", exists, -2, "readonly fast", _ALL),
    Command("type", type_of, 2, "readonly fast", _ONE),
    Command("keys", keys, 2, "readonly"),
    Command("dbsize", dbsize, 1, "readonly fast", group="server"),
    Command("flushdb", flushdb, -1, "write", group="server"),
    Command("flushall", flushall, -1, "write", group="server"),
    Command("rename", rename, 3, "write", (1, 2, 1)),
    Command("persist", persist, 2, "write fast", _ONE, since=(2, 2)),
    Command("expire", expire, -3, "write fast", _ONE),
    Command("pexpire", pexpire, -3, "write fast", _ONE, since=(2, 6)),
    Command("expireat", expireat, -3, "write fast", _ONE, since=(1, 2)),
    Command("pexpireat", pexpireat, -3, "write fast", _ONE, since=(2, 6)),
    Command("ttl", ttl, 2, "readonly fast", _ONE),
    Command("pttl", pttl, 2, "readonly fast", _ONE, since=(2, 6)),
)
