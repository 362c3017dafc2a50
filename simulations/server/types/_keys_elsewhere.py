"""Keys that get another name, another database, or a double: RENAME, RENAMENX, COPY, MOVE, SWAPDB."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from .._command import Call, Command, integer
from .._errors import NO_SUCH_KEY, CommandError, syntax_error
from .._keyspace import Database, Value, kind_of
from .._reply import OK, Reply

SAME: Final = "ERR source and destination objects are the same"
OUT_OF_RANGE: Final = "ERR DB index is out of range"


def rename(call: Call) -> Reply:
    """RENAME key newkey."""
    old, new = call.words[1:3]
    value = _existing(call, old)
    if old != new:
        _rename(call, old, new, value)
    return OK


def renamenx(call: Call) -> Reply:
    """RENAMENX key newkey: 1, or 0 where the new one is there."""
    old, new = call.words[1:3]
    value = _existing(call, old)
    if old == new or call.database.get(new) is not None:
        return 0
    _rename(call, old, new, value)
    return 1


def _existing(call: Call, key: bytes) -> Value:
    value = call.database.get(key)
    if value is None:
        raise CommandError(NO_SUCH_KEY)
    return value


def _rename(call: Call, old: bytes, new: bytes, value: Value) -> None:
    database = call.database
    expires = database.expires.get(old)
    database.delete(old)
    there = database.peek(new)
    database.delete(new)
    _put(database, new, value, expires)
    call.notify("g", "rename_from", old)
    call.notify("g", "rename_to", new)
    _tell_overwritten(call, database, new, there, value)


def _put(database: Database, key: bytes, value: Value, expires: int | None) -> None:
    database.put(key, value)
    if expires is not None:
        database.expire_at(key, expires)


def _tell_overwritten(call: Call, database: Database, key: bytes, there: Value | None, value: Value) -> None:
    """Here a real server does so behind the other events, as it had removed what was there."""
    events = call.engine.events
    if there is not None and events is not None:
        events.tell_overwritten(database.index, key, is_other_kind=kind_of(there) != kind_of(value))


def copy(call: Call) -> Reply:
    """COPY source destination [DB n] [REPLACE]: 1, or 0 where there is nothing to copy, or something in the way."""
    source, destination = call.words[1:3]
    target, replace, position = call.database, False, 3
    while position < len(call.words):
        option = call.words[position].upper()
        if option == b"REPLACE":
            replace = True
        elif option == b"DB" and position + 1 < len(call.words):
            position += 1
            target = _database(call, call.words[position])
        else:
            raise syntax_error()
        position += 1
    if target is call.database and source == destination:
        raise CommandError(SAME)
    value = call.database.get(source)
    if value is None or (target.peek(destination) is not None and not replace):
        return 0
    there = target.peek(destination)
    target.delete(destination)
    double = value if isinstance(value, bytes) else value.copy()
    _put(target, destination, double, call.database.expires.get(source))
    call.engine.notify("g", "copy_to", target, destination)
    _tell_overwritten(call, target, destination, there, double)
    return 1


def _database(call: Call, word: bytes) -> Database:
    index, databases = integer(word, least=-(2**31), most=2**31 - 1), call.engine.databases
    if not 0 <= index < len(databases):
        raise CommandError(OUT_OF_RANGE)
    return databases[index]


def move(call: Call) -> Reply:
    """MOVE key db: 1, or 0 where there is nothing to move, or something in the way."""
    key = call.words[1]
    try:
        target = _database(call, call.words[2])
    except CommandError:
        if call.profile.since(6, 2):
            raise
        raise CommandError("ERR index out of range") from None
    source = call.database
    if target is source:
        raise CommandError(SAME)
    value = source.get(key)
    if value is None or target.get(key) is not None:
        return 0
    expires = source.expires.get(key)
    source.delete(key)
    _put(target, key, value, expires)
    if call.profile.since(6, 0):
        call.notify("g", "move_from", key)
        call.engine.notify("g", "move_to", target, key)
    return 1


def swapdb(call: Call) -> Reply:
    """SWAPDB a b."""
    indexes: list[int] = []
    for word, name in zip(call.words[1:], ("first", "second"), strict=True):
        indexes.append(integer(word, f"ERR invalid {name} DB index", least=-(2**31), most=2**31 - 1))
    databases = call.engine.databases
    if not all(0 <= index < len(databases) for index in indexes):
        raise CommandError(OUT_OF_RANGE)
    one, other = (databases[index] for index in indexes)
    if one is not other:
        one.swap(other)
    call.engine.dirty += 1
    return OK


KEYS_ELSEWHERE_COMMANDS: Final[Sequence[Command]] = (
    Command("rename", rename, 3, "write", (1, 2, 1)),
    Command("renamenx", renamenx, 3, "write fast", (1, 2, 1)),
    Command("copy", copy, -3, "write denyoom", (1, 2, 1), since=(6, 2)),
    Command("move", move, 3, "write fast", (1, 1, 1)),
    Command("swapdb", swapdb, 3, "write fast", since=(4, 0), group="server"),
)
