"""Sets: members come, go and are looked at. Random ones: `_sets_random`; several sets together: `_sets_algebra`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from .._command import Call, Command
from .._reply import Members, Reply
from ._changes import changed, removed_from
from ._scan import is_wanted, next_page, parse_cursor, scan_options
from ._set import Set


def sadd(call: Call) -> Reply:
    """SADD key member ...: how many are new."""
    key, members, limits = call.words[1], call.words[2:], call.engine.limits
    held = call.database.get_as(Set, key)
    if held is None:
        held = Set.for_first(members[0], limits, len(members))
    else:
        held.expect(len(members), limits)
    added = sum(held.add(member, limits) for member in members)
    if added:
        changed(call, key, held)
        call.notify("s", "sadd", key)
    return added


def srem(call: Call) -> Reply:
    """SREM key member ...: how many were there."""
    key = call.words[1]
    held = call.database.get_as(Set, key)
    if held is None:
        return 0
    removed = sum(held.discard(member) for member in call.words[2:])
    if removed:
        call.notify("s", "srem", key)
        removed_from(call, key, held.members)
    return removed


def smove(call: Call) -> Reply:
    """SMOVE source destination member."""
    source, target, member = call.words[1:4]
    limits = call.engine.limits
    held = call.database.get_as(Set, source)
    if held is None:
        return 0
    there = call.database.get_as(Set, target)
    if held is there:
        return int(member in held.members)
    if not held.discard(member):
        return 0
    call.notify("s", "srem", source)
    removed_from(call, source, held.members)
    if there is None:
        there = Set.for_first(member, limits)
    if there.add(member, limits):
        changed(call, target, there)
        call.notify("s", "sadd", target)
    return 1


def scard(call: Call) -> Reply:
    """SCARD key."""
    held = call.database.get_as(Set, call.words[1])
    return len(held.members) if held is not None else 0


def sismember(call: Call) -> Reply:
    """SISMEMBER key member."""
    held = call.database.get_as(Set, call.words[1])
    return int(held is not None and call.words[2] in held.members)


def smismember(call: Call) -> Reply:
    """SMISMEMBER key member ..."""
    held = call.database.get_as(Set, call.words[1])
    return [int(held is not None and member in held.members) for member in call.words[2:]]


def smembers(call: Call) -> Reply:
    """SMEMBERS key."""
    held = call.database.get_as(Set, call.words[1])
    return Members([*held.ordered()] if held is not None else [])


def sscan(call: Call) -> Reply:
    """SSCAN key cursor [MATCH pattern] [COUNT n]."""
    cursor = parse_cursor(call, call.words[2])
    held = call.database.get_as(Set, call.words[1])
    if held is None:
        return [b"0", []]
    options = scan_options(call, cursor)
    if held.is_compact:
        return [b"0", [member for member in held.ordered() if is_wanted(member, options)]]
    cursor, page, held.scan_order = next_page(held.members.keys(), options, held.scan_order)
    return [b"%d" % cursor, [*page]]


_ONE = (1, 1, 1)

SET_COMMANDS: Final[Sequence[Command]] = (
    Command("sadd", sadd, -3, "write denyoom fast", _ONE, group="set"),
    Command("srem", srem, -3, "write fast", _ONE, group="set"),
    Command("smove", smove, 4, "write fast", (1, 2, 1), group="set"),
    Command("scard", scard, 2, "readonly fast", _ONE, group="set"),
    Command("sismember", sismember, 3, "readonly fast", _ONE, group="set"),
    Command("smismember", smismember, -3, "readonly fast", _ONE, since=(6, 2), group="set"),
    Command("smembers", smembers, 2, "readonly", _ONE, group="set"),
    Command("sscan", sscan, -3, "readonly", _ONE, since=(2, 8), group="set"),
)
