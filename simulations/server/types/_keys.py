"""Keys of any kind: whether they are there, which there are, and away with them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from .._command import Call, Command
from .._errors import syntax_error
from .._glob import fits
from .._keyspace import Value, kind_of
from .._reply import OK, Reply, Status
from ._freeing import count_flushed, count_freed
from ._scan import ScanOptions, next_page, parse_cursor, scan_options


def delete(call: Call) -> Reply:
    """DEL key ..., UNLINK key ...: how many there were."""
    removed = 0
    lazily = call.words[0].lower() == b"unlink" or (
        call.profile.since(6, 0) and call.engine.configuration["lazyfree-lazy-user-del"] == "yes"
    )
    for key in call.words[1:]:
        value = call.database.values.get(key)
        if call.database.delete(key) and value is not None:
            count_freed(call, value, lazily=lazily)
            removed += 1
            call.notify("g", "del", key)
    return removed


def exists(call: Call) -> Reply:
    """EXISTS key ...: how many of them are there, each as often as it is named."""
    return sum(call.database.get(key, uses=False) is not None for key in call.words[1:])


def touch(call: Call) -> Reply:
    """TOUCH key ...: the same, and uses them."""
    return sum(call.database.get(key) is not None for key in call.words[1:])


def type_of(call: Call) -> Reply:
    """TYPE key."""
    value = call.database.get(call.words[1], uses=False)
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
    count_flushed(call, call.database.clear())
    call.engine.dirty += 1
    return OK


def flushall(call: Call) -> Reply:
    """FLUSHALL [ASYNC|SYNC]."""
    _check_flush(call)
    count_flushed(call, sum(database.clear() for database in call.engine.databases))
    call.engine.files.is_saving_until_ms = 0  # a snapshot of what is gone is not finished
    call.engine.dirty += 1
    return OK


def _check_flush(call: Call) -> None:
    modes = (b"ASYNC", b"SYNC") if call.profile.since(6, 2) else (b"ASYNC",)
    if len(call.words) > 2 or (len(call.words) == 2 and call.words[1].upper() not in modes):
        raise syntax_error()


def scan(call: Call) -> Reply:
    """SCAN cursor [MATCH pattern] [COUNT n] [TYPE kind]."""
    cursor = parse_cursor(call, call.words[1])
    options = scan_options(call, cursor, begin=2)
    database = call.database
    if database.expires:
        database.remove_expired()
    following, page, database.scan_order = next_page(database.values, options, database.scan_order)
    keys = [key for key in page if (value := database.get(key)) is not None and is_of_kind(value, options)]
    return [b"%d" % following, [*keys]]


def is_of_kind(value: Value, options: ScanOptions) -> bool:
    """Whether TYPE lets a value through."""
    return options.kind is None or kind_of(value).encode() == options.kind.lower()


def randomkey(call: Call) -> Reply:
    """RANDOMKEY."""
    database = call.database
    if database.keeps_expired and not (keys := database.keys()):
        keys = list(database.values)  # a real server gives up after a hundred that it may not remove
        return call.engine.rng.choice(keys) if keys else None
    while keys := list(database.values):
        key = call.engine.rng.choice(keys)
        if database.peek(key) is not None:
            return key
    return None


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
    Command("scan", scan, -2, "readonly", since=(2, 8)),
    Command("randomkey", randomkey, 1, "readonly"),
    Command("touch", touch, -2, "readonly fast", _ALL, since=(3, 2)),
)
