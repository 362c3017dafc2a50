"""DUMP and RESTORE: a value as bytes, which any server of the same or a later version takes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from attrs import frozen

from .._command import Call, Command, integer
from .._errors import CommandError, syntax_error
from .._keyspace import Value, kind_of
from .._reply import OK, Reply
from ._kinds import format_of
from ._payload import dumped, restored

BUSY: Final = "BUSYKEY Target key name already exists."
NEGATIVE: Final = "ERR Invalid TTL value, must be >= 0"
FREQUENCY_MAX: Final = 255


def dump(call: Call) -> Reply:
    """DUMP key."""
    value = call.database.get(call.words[1])
    return None if value is None else dumped(value, format_of(call.engine))


@frozen
class _Options:
    """Of RESTORE: whether it may overwrite, whether the time to live is a moment, and how it was used before."""

    replace: bool = False
    absolute: bool = False
    idle_seconds: int | None = None
    frequency: int | None = None


def restore(call: Call) -> Reply:
    """RESTORE key ttl payload [REPLACE] [ABSTTL] [IDLETIME seconds] [FREQ frequency]."""
    options = _options(call.words[4:])
    key, database = call.words[1], call.database
    there = database.peek(key)
    if there is not None and not options.replace:
        raise CommandError(BUSY)
    ttl = integer(call.words[2])
    if ttl < 0:
        raise CommandError(NEGATIVE)
    value = restored(call.words[3], format_of(call.engine))
    at_ms = ttl if options.absolute or not ttl else ttl + call.now_ms
    database.delete(key)
    if at_ms and at_ms < call.now_ms and call.profile.since(6, 0) and call.engine.role.replica_of is None:
        call.engine.statistics.expired += call.profile.since(8, 2)
        if there is not None:
            call.notify("g", "del", key)
        return OK
    database.put(key, value)
    if at_ms:
        database.expire_at(key, at_ms)
    database.uses.restore(key, idle_s=options.idle_seconds, frequency=options.frequency)
    call.notify("g", "restore", key)
    _tell_overwritten(call, key, there, value)
    return OK


def _options(words: Sequence[bytes]) -> _Options:
    replace, absolute, idle, frequency = False, False, None, None
    rest: Iterator[bytes] = iter(words)
    for word in rest:
        option = word.lower()
        if option == b"replace":
            replace = True
        elif option == b"absttl":
            absolute = True
        elif option == b"idletime" and frequency is None and (value := next(rest, None)) is not None:
            idle = integer(value)
            if idle < 0:
                raise CommandError("ERR Invalid IDLETIME value, must be >= 0")
        elif option == b"freq" and idle is None and (value := next(rest, None)) is not None:
            frequency = integer(value)
            if not 0 <= frequency <= FREQUENCY_MAX:
                raise CommandError("ERR Invalid FREQ value, must be >= 0 and <= 255")
        else:
            raise syntax_error()
    return _Options(replace, absolute, idle, frequency)


def _tell_overwritten(call: Call, key: bytes, there: Value | None, value: Value) -> None:
    events = call.engine.events
    if there is not None and events is not None:
        events.tell_overwritten(call.database.index, key, is_other_kind=kind_of(there) != kind_of(value))


DUMP_COMMANDS: Final[Sequence[Command]] = (
    Command("dump", dump, 2, "readonly", (1, 1, 1)),
    Command("restore", restore, -4, "write denyoom", (1, 1, 1)),
    Command("restore-asking", restore, -4, "write denyoom asking", (1, 1, 1), group="server"),
)
