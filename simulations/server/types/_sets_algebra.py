"""What several sets have in common, together, or one without the others; to be told, counted or stored."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from .._command import Call, Command, integer
from .._errors import CommandError, syntax_error
from .._reply import Members, Reply
from ._changes import overwrite
from ._limits import Limits
from ._packed import whole_number
from ._set import Set


def _sets(call: Call, keys: Sequence[bytes]) -> list[Set | None]:
    return [call.database.get_as(Set, key) for key in keys]


def _sets_in_common(call: Call, keys: Sequence[bytes]) -> list[Set | None]:
    """The same for an intersection: before 6.0 a key that is not there ends the look at further ones."""
    found: list[Set | None] = []
    for key in keys:
        found.append(call.database.get_as(Set, key))
        if found[-1] is None and not call.profile.since(6, 0):
            break
    return found


def _common(sets: Sequence[Set | None]) -> list[bytes]:
    """The members that are in all of them, in the order of the smallest."""
    known = sorted((held for held in sets if held is not None), key=lambda held: len(held.members))
    if len(known) < len(sets):
        return []
    others = [held.members for held in known[1:]]
    return [member for member in known[0].ordered() if all(member in other for other in others)]


def _intersect(sets: Sequence[Set | None], limits: Limits) -> Set:
    members = _common(sets)
    if limits.set_entries < 0:
        return Set.of(members, limits)
    smallest = min((held for held in sets if held is not None), key=lambda held: len(held.members), default=None)
    made = Set("intset" if smallest is not None and smallest.is_intset else "listpack")
    for member in members:
        made.add(member, limits)
    if members and all(whole_number(member) is not None for member in members):
        made.to_intset(limits)
    return made


def _unite(sets: Sequence[Set | None], limits: Limits) -> Set:
    return Set.of((member for held in sets if held is not None for member in held.ordered()), limits)


def _subtract(sets: Sequence[Set | None], limits: Limits) -> Set:
    first, *others = sets
    if first is None:
        return Set()
    gone = [held.members for held in others if held is not None]
    return Set.of((each for each in first.ordered() if not any(each in members for members in gone)), limits)


def sinter(call: Call) -> Reply:
    """SINTER key ..."""
    return Members([*_common(_sets_in_common(call, call.words[1:]))])


def sunion(call: Call) -> Reply:
    """SUNION key ..."""
    return Members([*_unite(_sets(call, call.words[1:]), call.engine.limits).ordered()])


def sdiff(call: Call) -> Reply:
    """SDIFF key ..."""
    return Members([*_subtract(_sets(call, call.words[1:]), call.engine.limits).ordered()])


def sinterstore(call: Call) -> Reply:
    """SINTERSTORE destination key ...: how many members it has now."""
    sets = _sets_in_common(call, call.words[2:])
    if None in sets and not call.profile.since(6, 0):
        call.database.delete(call.words[1])  # without an event
        return 0
    return _store(call, "sinterstore", _intersect(sets, call.engine.limits))


def sunionstore(call: Call) -> Reply:
    """SUNIONSTORE destination key ...: how many members it has now."""
    return _store(call, "sunionstore", _unite(_sets(call, call.words[2:]), call.engine.limits))


def sdiffstore(call: Call) -> Reply:
    """SDIFFSTORE destination key ...: how many members it has now."""
    return _store(call, "sdiffstore", _subtract(_sets(call, call.words[2:]), call.engine.limits))


def _store(call: Call, event: str, made: Set) -> int:
    overwrite(call, call.words[1], made if made.members else None, "s", event)
    return len(made.members)


def sintercard(call: Call) -> Reply:
    """SINTERCARD numkeys key ... [LIMIT n]: how many members they have in common."""
    keys, limit = keys_and_limit(call)
    count = len(_common(_sets(call, keys)))
    return min(count, limit) if limit else count


def keys_and_limit(call: Call) -> tuple[Sequence[bytes], int]:
    """The keys and the limit of SINTERCARD and ZINTERCARD; 0: there is none.

    Raises:
        CommandError: they are said in another way.
    """
    words = call.words
    number = integer(words[1], "ERR numkeys should be greater than 0", least=1)
    if number > len(words) - 2:
        raise CommandError("ERR Number of keys can't be greater than number of args")
    limit = 0
    for at in range(2 + number, len(words), 2):
        if words[at].upper() != b"LIMIT" or at + 1 == len(words):
            raise syntax_error()
        limit = integer(words[at + 1], "ERR LIMIT can't be negative", least=0)
    return words[2 : 2 + number], limit


_ALL = (1, -1, 1)

SET_ALGEBRA_COMMANDS: Final[Sequence[Command]] = (
    Command("sinter", sinter, -2, "readonly", _ALL, group="set"),
    Command("sunion", sunion, -2, "readonly", _ALL, group="set"),
    Command("sdiff", sdiff, -2, "readonly", _ALL, group="set"),
    Command("sinterstore", sinterstore, -3, "write denyoom", _ALL, group="set"),
    Command("sunionstore", sunionstore, -3, "write denyoom", _ALL, group="set"),
    Command("sdiffstore", sdiffstore, -3, "write denyoom", _ALL, group="set"),
    Command("sintercard", sintercard, -3, "readonly movablekeys", since=(7, 0), group="set"),
)
