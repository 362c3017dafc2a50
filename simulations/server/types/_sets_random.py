"""SPOP and SRANDMEMBER: members that the server's random numbers choose."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from .._command import Call, Command, integer
from .._errors import syntax_error
from .._reply import Members, Reply
from ._changes import removed_from
from ._random import choose, one_of, random_count
from ._set import Set

_REBUILT_BELOW = 5
"""A set of which so many times less is left than was taken is made anew of what is left."""


def spop(call: Call) -> Reply:
    """SPOP key [count]."""
    key, words = call.words[1], call.words
    if len(words) > 3:
        raise syntax_error()
    count = _pop_count(call, words[2]) if len(words) == 3 else None
    held = call.database.get_as(Set, key)
    if held is None:
        return None if count is None else Members([])
    if count == 0:
        return Members([])
    call.notify("s", "spop", key)
    if count is not None:
        return Members([*_pop_several(call, key, held, count)])
    member = one_of(held.members, call.engine.rng)
    held.discard(member)
    removed_from(call, key, held.members)
    return member


def _pop_count(call: Call, word: bytes) -> int:
    not_positive = "ERR value is out of range, must be positive"
    if not call.profile.since(6, 2):
        integer(word)
    return integer(word, not_positive if call.profile.since(6, 2) else "ERR index out of range", least=0)


def _pop_several(call: Call, key: bytes, held: Set, count: int) -> list[bytes]:
    if count >= len(held.members):
        taken = held.ordered()
        held.members.clear()
        removed_from(call, key, held.members)
        return taken
    taken = choose(held.ordered(), count, call.engine.rng)
    for member in taken:
        held.discard(member)
    if len(held.members) * _REBUILT_BELOW <= count:
        expires = call.database.expires.get(key)
        limits = call.engine.limits
        left = held.ordered()
        made = Set.for_first(left[0], limits)
        for member in left:
            made.add(member, limits)
        call.database.put(key, made, keep_expiry=expires is not None)
    else:
        call.touch(key)
    return taken


def srandmember(call: Call) -> Reply:
    """SRANDMEMBER key [count]."""
    key, words = call.words[1], call.words
    if len(words) > 3:
        raise syntax_error()
    count = random_count(call, words[2]) if len(words) == 3 else None
    held = call.database.get_as(Set, key)
    if held is None:
        return None if count is None else []
    if count is None:
        return one_of(held.members, call.engine.rng)
    return [*choose(held.ordered(), count, call.engine.rng)]


_ONE = (1, 1, 1)

SET_RANDOM_COMMANDS: Final[Sequence[Command]] = (
    Command("spop", spop, -2, "write fast", _ONE, group="set"),
    Command("srandmember", srandmember, -2, "readonly", _ONE, group="set"),
)
