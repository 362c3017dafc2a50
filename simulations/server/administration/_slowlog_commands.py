"""SLOWLOG: what took long, told to clients."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from .._command import Call, Command, integer
from .._errors import CommandError
from .._reply import OK, Reply


def slowlog_get(call: Call) -> Reply:
    """SLOWLOG GET [count]."""
    if len(call.words) > 3:
        raise CommandError("ERR wrong number of arguments for 'slowlog|get' command")
    count = 10
    if len(call.words) == 3:
        if call.profile.since(7, 0):
            count = integer(call.words[2], "ERR count should be greater than or equal to -1", least=-1)
        else:
            count = integer(call.words[2])
    entries = call.engine.slowness.log.entries
    if count >= 0 or not call.profile.since(7, 0):
        entries = entries[: max(count, 0)] if count >= 0 else entries
    return [
        [each.number, each.at_s, each.microseconds, list(each.words), each.address.encode(), each.name]
        for each in entries
    ]


def slowlog_len(call: Call) -> Reply:
    """SLOWLOG LEN."""
    return len(call.engine.slowness.log.entries)


def slowlog_reset(call: Call) -> Reply:
    """SLOWLOG RESET."""
    call.engine.slowness.log.entries.clear()
    return OK


def _sub(name: str, run: Callable[[Call], Reply], arity: int) -> Command:
    return Command(name, run, arity, "admin loading stale", group="server")


SLOWLOG_COMMANDS: Final[Sequence[Command]] = (
    Command(
        "slowlog",
        None,
        -2,
        group="server",
        subcommands=(
            _sub("get", slowlog_get, -2),
            _sub("len", slowlog_len, 2),
            _sub("reset", slowlog_reset, 2),
        ),
    ),
)
