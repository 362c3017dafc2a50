"""Sorted sets: the lowest or the highest are taken, or waited for; and random members."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from .._command import Answer, Call, Command, integer
from .._errors import syntax_error
from .._reply import NULL_ARRAY, Reply, Rows
from ._changes import removed_from
from ._lists_pop import keys_and_count
from ._numbers import score_reply
from ._random import LONG_MAX, choose, one_of, random_count
from ._sorted_set import Row, SortedSet
from ._sorted_sets_range import rows_reply
from ._waiting import timeout_ms, wait


def zpopmin(call: Call) -> Reply:
    """ZPOPMIN key [count]."""
    return _pop(call, highest=False)


def zpopmax(call: Call) -> Reply:
    """ZPOPMAX key [count]."""
    return _pop(call, highest=True)


def _pop(call: Call, *, highest: bool) -> Reply:
    words, count = call.words, 1
    newer = call.profile.since(7, 0)
    if len(words) > 3:
        raise syntax_error()
    if len(words) == 3:
        count = (
            integer(words[2], "ERR value is out of range, must be positive", least=0) if newer else integer(words[2])
        )
        if count <= 0 and not newer:
            return []
    held = call.database.get_as(SortedSet, words[1])
    if held is None or not count:
        return []
    reply = rows_reply(call, _take(call, words[1], held, count, highest=highest))
    nests = len(words) == 3 and call.profile.since(6, 2)
    return reply if nests else [part for row in reply.items for part in row]


def _take(call: Call, key: bytes, held: SortedSet, count: int, *, highest: bool) -> list[Row]:
    length = len(held.rows)
    begin, end = (max(length - count, 0), length) if highest else (0, min(count, length))
    taken = list(held.between(begin, end, backwards=highest))
    held.remove_rows(begin, end)
    call.notify("z", "zpopmax" if highest else "zpopmin", key)
    removed_from(call, key, held.scores)
    return taken


def _first(call: Call, keys: Sequence[bytes]) -> tuple[bytes, SortedSet] | None:
    for key in keys:
        held = call.database.get_as(SortedSet, key)
        if held is not None:
            return key, held
    return None


def bzpopmin(call: Call) -> Answer:
    """BZPOPMIN key ... timeout."""
    return _pop_or_wait(call, highest=False)


def bzpopmax(call: Call) -> Answer:
    """BZPOPMAX key ... timeout."""
    return _pop_or_wait(call, highest=True)


def _pop_or_wait(call: Call, *, highest: bool) -> Answer:
    keys, wait_ms = call.words[1:-1], timeout_ms(call, call.words[-1])

    def pop(among: Sequence[bytes]) -> Reply:
        found = _first(call, among)
        if found is None:
            return None
        ((score, member),) = _take(call, *found, 1, highest=highest)
        return [found[0], member, score_reply(score, call.profile)]

    popped = pop(keys)
    if popped is not None:
        return popped
    return NULL_ARRAY if call.nested else wait(call, SortedSet, keys, wait_ms, pop, on_timeout=NULL_ARRAY)


def zmpop(call: Call) -> Reply:
    """ZMPOP numkeys key ... MIN|MAX [COUNT n]."""
    keys, highest, count = _several(call, 1)
    popped = _take_from_first(call, keys, count, highest=highest)
    return NULL_ARRAY if popped is None else popped


def bzmpop(call: Call) -> Answer:
    """BZMPOP timeout numkeys key ... MIN|MAX [COUNT n]."""
    keys, highest, count = _several(call, 2)
    wait_ms = timeout_ms(call, call.words[1])

    def pop(among: Sequence[bytes]) -> Reply:
        return _take_from_first(call, among, count, highest=highest)

    popped = pop(keys)
    if popped is not None:
        return popped
    return NULL_ARRAY if call.nested else wait(call, SortedSet, keys, wait_ms, pop, on_timeout=NULL_ARRAY)


def _take_from_first(call: Call, keys: Sequence[bytes], count: int, *, highest: bool) -> Reply:
    found = _first(call, keys)
    if found is None:
        return None
    taken = _take(call, *found, count, highest=highest)
    return [found[0], [[member, score_reply(score, call.profile)] for score, member in taken]]


def _several(call: Call, number_at: int) -> tuple[Sequence[bytes], bool, int]:
    """The keys, the side and the count of ZMPOP and BZMPOP."""
    keys, side, count = keys_and_count(call, number_at)
    if side.upper() not in (b"MIN", b"MAX"):
        raise syntax_error()
    return keys, side.upper() == b"MAX", count()


def zrandmember(call: Call) -> Reply:
    """ZRANDMEMBER key [count [WITHSCORES]]."""
    words = call.words
    count = random_count(call, words[2]) if len(words) > 2 else None
    if len(words) > 4 or (len(words) == 4 and words[3].upper() != b"WITHSCORES"):
        raise syntax_error()
    if len(words) == 4:
        random_count(call, words[2], LONG_MAX // 2)
    held = call.database.get_as(SortedSet, words[1])
    if held is None:
        return None if count is None else []
    if count is None:
        return one_of(held.scores, call.engine.rng)
    # As a real server does: a small one is told in its order, a large one that is wanted as a whole from the end.
    members = [member for _, member in held.rows]
    if count >= len(members) > 1:
        members.reverse()
    chosen = choose(members, count, call.engine.rng)
    if len(words) == 4:
        return Rows([(member, score_reply(held.scores[member], call.profile)) for member in chosen])
    return [*chosen]


_ONE = (1, 1, 1)
_Z = "sorted-set"

SORTED_SET_POP_COMMANDS: Final[Sequence[Command]] = (
    Command("zpopmin", zpopmin, -2, "write fast", _ONE, since=(5, 0), group=_Z),
    Command("zpopmax", zpopmax, -2, "write fast", _ONE, since=(5, 0), group=_Z),
    Command("bzpopmin", bzpopmin, -3, "write noscript fast blocking", (1, -2, 1), since=(5, 0), group=_Z),
    Command("bzpopmax", bzpopmax, -3, "write noscript fast blocking", (1, -2, 1), since=(5, 0), group=_Z),
    Command("zmpop", zmpop, -4, "write movablekeys", since=(7, 0), group=_Z),
    Command("bzmpop", bzmpop, -5, "write blocking movablekeys", since=(7, 0), group=_Z),
    Command("zrandmember", zrandmember, -2, "readonly", _ONE, since=(6, 2), group=_Z),
)
