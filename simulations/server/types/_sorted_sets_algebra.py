"""What several sorted sets, or plain ones, have in common, together, or one without the others."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from attrs import define

from .._command import Call, Command, integer
from .._errors import WRONG_TYPE, CommandError, syntax_error
from .._reply import Reply
from ._changes import overwrite
from ._numbers import double
from ._set import Set
from ._sorted_set import SortedSet
from ._sorted_sets_range import rows_reply

Scores = Mapping[bytes, float]


@define
class Sources:
    """What a command combines.

    Attributes:
        scores: of the members of each; a plain set has 1 for all.
        weights: what the scores of each are multiplied by.
        aggregate: what becomes of two scores of one member.
        with_scores: WITHSCORES.
        limit: of ZINTERCARD; 0: none.
    """

    scores: list[Scores]
    weights: list[float]
    aggregate: Callable[[float, float], float]
    with_scores: bool = False
    limit: int = 0


def _sum(first: float, second: float) -> float:
    total = first + second
    return 0.0 if math.isnan(total) else total


def _least(first: float, second: float) -> float:
    return min(first, second)


def _most(first: float, second: float) -> float:
    return max(first, second)


_AGGREGATES: Final = {b"SUM": _sum, b"MIN": _least, b"MAX": _most}


def _sources(call: Call, number_at: int, options: frozenset[bytes]) -> Sources:
    """The sources and the options behind them.

    Raises:
        CommandError: a key holds something else, or there are options that the command does not have.
    """
    words = call.words
    number = integer(words[number_at])
    if number < 1:
        raise CommandError(f"ERR at least 1 input key is needed for {_name(call)}")
    if number > len(words) - number_at - 1:
        raise syntax_error()
    begin = number_at + 1
    sources = Sources([_scores(call, key) for key in words[begin : begin + number]], [1.0] * number, _sum)
    _parse(sources, words[begin + number :], options)
    return sources


def _name(call: Call) -> str:
    if call.profile.since(7, 0):
        return f"'{call.words[0].decode('latin-1').lower()}' command"
    if call.profile.since(6, 2):
        return call.words[0].decode("latin-1").lower()
    return "ZUNIONSTORE/ZINTERSTORE"


def _scores(call: Call, key: bytes) -> Scores:
    held = call.database.get(key)
    if held is None:
        return {}
    if isinstance(held, SortedSet):
        return {member: score for score, member in held.rows}
    if isinstance(held, Set):
        return dict.fromkeys(held.ordered(), 1.0)
    raise CommandError(WRONG_TYPE)


def _parse(sources: Sources, words: Sequence[bytes], options: frozenset[bytes]) -> None:
    number, position = len(sources.weights), 0
    while position < len(words):
        option, left = words[position].upper(), len(words) - position - 1
        position += 1
        if option not in options:
            raise syntax_error()
        if option == b"WITHSCORES":
            sources.with_scores = True
        elif option == b"WEIGHTS" and left >= number:
            taken = words[position : position + number]
            sources.weights = [double(word, "ERR weight value is not a float") for word in taken]
            position += number
        elif option == b"AGGREGATE" and left and words[position].upper() in _AGGREGATES:
            sources.aggregate = _AGGREGATES[words[position].upper()]
            position += 1
        elif option == b"LIMIT" and left:
            sources.limit = integer(words[position], "ERR LIMIT can't be negative", least=0)
            position += 1
        else:
            raise syntax_error()


def _weighted(sources: Sources) -> list[dict[bytes, float]]:
    """The scores of each, multiplied, the smallest first."""
    found: list[dict[bytes, float]] = []
    for scores, weight in sorted(zip(sources.scores, sources.weights, strict=True), key=lambda pair: len(pair[0])):
        found.append({member: _product(score, weight) for member, score in scores.items()})
    return found


def _product(score: float, weight: float) -> float:
    product = score * weight
    return 0.0 if math.isnan(product) else product


def _union(sources: Sources) -> dict[bytes, float]:
    total: dict[bytes, float] = {}
    for scores in _weighted(sources):
        for member, score in scores.items():
            total[member] = sources.aggregate(total[member], score) if member in total else score
    return total


def _intersection(sources: Sources) -> dict[bytes, float]:
    smallest, *others = _weighted(sources)
    common: dict[bytes, float] = {}
    for member, first in smallest.items():
        if all(member in other for other in others):
            score = first
            for other in others:
                score = sources.aggregate(score, other[member])
            common[member] = score
    return common


def _difference(sources: Sources) -> dict[bytes, float]:
    first, *others = sources.scores
    return {member: score for member, score in first.items() if not any(member in other for other in others)}


Combine = Callable[[Sources], dict[bytes, float]]

_STORED: Final = frozenset({b"WEIGHTS", b"AGGREGATE"})
_TOLD: Final = _STORED | {b"WITHSCORES"}


def _tell(call: Call, combine: Combine, options: frozenset[bytes]) -> Reply:
    sources = _sources(call, 1, options)
    rows = sorted((score, member) for member, score in combine(sources).items())
    return rows_reply(call, rows) if sources.with_scores else [member for _, member in rows]


def _store(call: Call, event: str, combine: Combine, options: frozenset[bytes]) -> Reply:
    scores = combine(_sources(call, 2, options))
    made = SortedSet.of(scores.items(), call.engine.limits)
    overwrite(call, call.words[1], made if scores else None, "z", event)
    return len(scores)


def zunion(call: Call) -> Reply:
    """ZUNION numkeys key ... [WEIGHTS n ...] [AGGREGATE SUM|MIN|MAX] [WITHSCORES]."""
    return _tell(call, _union, _TOLD)


def zinter(call: Call) -> Reply:
    """ZINTER numkeys key ... [WEIGHTS n ...] [AGGREGATE SUM|MIN|MAX] [WITHSCORES]."""
    return _tell(call, _intersection, _TOLD)


def zdiff(call: Call) -> Reply:
    """ZDIFF numkeys key ... [WITHSCORES]."""
    return _tell(call, _difference, frozenset({b"WITHSCORES"}))


def zunionstore(call: Call) -> Reply:
    """ZUNIONSTORE destination numkeys key ... [WEIGHTS n ...] [AGGREGATE SUM|MIN|MAX]."""
    return _store(call, "zunionstore", _union, _STORED)


def zinterstore(call: Call) -> Reply:
    """ZINTERSTORE destination numkeys key ... [WEIGHTS n ...] [AGGREGATE SUM|MIN|MAX]."""
    return _store(call, "zinterstore", _intersection, _STORED)


def zdiffstore(call: Call) -> Reply:
    """ZDIFFSTORE destination numkeys key ..."""
    return _store(call, "zdiffstore", _difference, frozenset())


def zintercard(call: Call) -> Reply:
    """ZINTERCARD numkeys key ... [LIMIT n]."""
    sources = _sources(call, 1, frozenset({b"LIMIT"}))
    count = len(_intersection(sources))
    return min(count, sources.limit) if sources.limit else count


_Z = "sorted-set"

SORTED_SET_ALGEBRA_COMMANDS: Final[Sequence[Command]] = (
    Command("zunionstore", zunionstore, -4, "write denyoom movablekeys", (1, 1, 1), since=(2, 0), group=_Z),
    Command("zinterstore", zinterstore, -4, "write denyoom movablekeys", (1, 1, 1), since=(2, 0), group=_Z),
    Command("zdiffstore", zdiffstore, -4, "write denyoom movablekeys", (1, 1, 1), since=(6, 2), group=_Z),
    Command("zunion", zunion, -3, "readonly movablekeys", since=(6, 2), group=_Z),
    Command("zinter", zinter, -3, "readonly movablekeys", since=(6, 2), group=_Z),
    Command("zdiff", zdiff, -3, "readonly movablekeys", since=(6, 2), group=_Z),
    Command("zintercard", zintercard, -3, "readonly movablekeys", since=(7, 0), group=_Z),
)
