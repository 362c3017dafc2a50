"""ZRANGE and its many relatives, and ZRANGESTORE."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import islice
from typing import Final

from attrs import define

from .._command import Call, Command, integer
from .._errors import CommandError, syntax_error
from .._reply import Reply, Rows
from ._bounds import Bounds, by_rank, by_score, by_text
from ._changes import overwrite
from ._numbers import score_reply
from ._sorted_set import Row, SortedSet

LIMIT_BY_RANK: Final = "ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX"
SCORES_BY_TEXT: Final = "ERR syntax error, WITHSCORES not supported in combination with BYLEX"


@define
class RangeOptions:
    """What a range command was told beside the range.

    Attributes:
        by: "rank", "score" or "text"; None: by an option, or by rank.
        backwards: None: by an option, or not.
        with_scores: WITHSCORES.
        offset, limit: LIMIT; below zero it is none.
    """

    by: str | None
    backwards: bool | None
    with_scores: bool = False
    offset: int = 0
    limit: int = -1


def zrange(call: Call) -> Reply:
    """ZRANGE key start stop [BYSCORE|BYLEX] [REV] [LIMIT offset count] [WITHSCORES]."""
    if not call.profile.since(6, 2):
        return _by_rank_before(call, backwards=False)
    return _tell(call, RangeOptions(None, None))


def zrevrange(call: Call) -> Reply:
    """ZREVRANGE key start stop [WITHSCORES]."""
    if not call.profile.since(6, 2):
        return _by_rank_before(call, backwards=True)
    return _tell(call, RangeOptions("rank", backwards=True))


def zrangebyscore(call: Call) -> Reply:
    """ZRANGEBYSCORE key min max [WITHSCORES] [LIMIT offset count]."""
    return _tell(call, RangeOptions("score", backwards=False))


def zrevrangebyscore(call: Call) -> Reply:
    """ZREVRANGEBYSCORE key max min [WITHSCORES] [LIMIT offset count]."""
    return _tell(call, RangeOptions("score", backwards=True))


def zrangebylex(call: Call) -> Reply:
    """ZRANGEBYLEX key min max [LIMIT offset count]."""
    return _tell(call, RangeOptions("text", backwards=False))


def zrevrangebylex(call: Call) -> Reply:
    """ZREVRANGEBYLEX key max min [LIMIT offset count]."""
    return _tell(call, RangeOptions("text", backwards=True))


def zrangestore(call: Call) -> Reply:
    """ZRANGESTORE destination key start stop [BYSCORE|BYLEX] [REV] [LIMIT offset count]."""
    options = RangeOptions(None, None)
    _parse(call, options, call.words[5:], stores=True)
    bounds = _bounds(call, options, *call.words[3:5])
    held = call.database.get_as(SortedSet, call.words[2])
    rows = [] if held is None else _rows(held, bounds, options)
    limits = call.engine.limits
    made = SortedSet.for_first(b"", limits, len(rows))
    for score, member in rows:
        made.put(member, score, limits)
    overwrite(call, call.words[1], made if rows else None, "z", "zrangestore")
    return len(rows)


def _by_rank_before(call: Call, *, backwards: bool) -> Reply:
    """As it was before 6.2: the range is looked at first, and there is only one option."""
    words, options = call.words, RangeOptions("rank", backwards)
    bounds = _bounds(call, options, *words[2:4])
    if len(words) > 4 and (len(words) > 5 or words[4].upper() != b"WITHSCORES"):
        raise syntax_error()
    options.with_scores = len(words) == 5
    return _reply(call, bounds, options)


def _tell(call: Call, options: RangeOptions) -> Reply:
    words = call.words
    if call.profile.since(6, 2):
        _parse(call, options, words[4:])
        bounds = _bounds(call, options, *words[2:4])
    else:
        bounds = _bounds(call, options, *words[2:4])
        _parse(call, options, words[4:])
    return _reply(call, bounds, options)


def _reply(call: Call, bounds: Bounds, options: RangeOptions) -> Reply:
    held = call.database.get_as(SortedSet, call.words[1])
    rows = [] if held is None else _rows(held, bounds, options)
    if options.with_scores:
        return rows_reply(call, rows)
    return [member for _, member in rows]


def rows_reply(call: Call, rows: Sequence[Row]) -> Rows:
    """Members and scores as replies have them."""
    profile = call.profile
    return Rows([(member, score_reply(score, profile)) for score, member in rows])


def _rows(held: SortedSet, bounds: Bounds, options: RangeOptions) -> list[Row]:
    found = held.between(*bounds.ranks(held), backwards=bool(options.backwards))
    if options.by == "rank":
        return list(found)  # LIMIT 1 -1 is taken, and has no effect
    if options.offset < 0:
        return []
    end = options.offset + options.limit if options.limit >= 0 else None
    return list(islice(found, options.offset, end))


def _bounds(call: Call, options: RangeOptions, first: bytes, second: bytes) -> Bounds:
    if options.by == "rank":
        return by_rank(first, second, backwards=bool(options.backwards))
    low, high = (second, first) if options.backwards else (first, second)
    if options.by == "score":
        return by_score(call.profile, low, high)
    return by_text(low, high, backwards=bool(options.backwards))


def _parse(call: Call, options: RangeOptions, words: Sequence[bytes], *, stores: bool = False) -> None:
    """The options.

    Raises:
        CommandError: there is another, or they exclude each other.
    """
    by_option, turned_by_option = options.by is None, options.backwards is None
    has_scores = not stores and (options.by != "text" or call.profile.since(6, 2))
    position = 0
    while position < len(words):
        word = words[position].upper()
        position += 1
        if word == b"WITHSCORES" and has_scores:
            options.with_scores = True
        elif word == b"LIMIT" and position + 1 < len(words):
            options.offset, options.limit = integer(words[position]), integer(words[position + 1])
            position += 2
        elif word == b"REV" and turned_by_option and not options.backwards:
            options.backwards = True
        elif word in (b"BYLEX", b"BYSCORE") and by_option and options.by is None:
            options.by = "text" if word == b"BYLEX" else "score"
        else:
            raise syntax_error()
    options.by = options.by or "rank"
    if options.limit != -1 and options.by == "rank":
        raise CommandError(LIMIT_BY_RANK)
    if options.with_scores and options.by == "text":
        raise CommandError(SCORES_BY_TEXT)


_Z = "sorted-set"
_ONE = (1, 1, 1)


def _range(name: str, run: Callable[[Call], Reply], since: tuple[int, int]) -> Command:
    return Command(name, run, -4, "readonly", _ONE, since=since, group=_Z)


SORTED_SET_RANGE_COMMANDS: Final[Sequence[Command]] = (
    _range("zrange", zrange, (1, 2)),
    _range("zrevrange", zrevrange, (1, 2)),
    _range("zrangebyscore", zrangebyscore, (1, 0)),
    _range("zrevrangebyscore", zrevrangebyscore, (2, 2)),
    _range("zrangebylex", zrangebylex, (2, 8)),
    _range("zrevrangebylex", zrevrangebylex, (2, 8)),
    Command("zrangestore", zrangestore, -5, "write denyoom", (1, 2, 1), since=(6, 2), group=_Z),
)
