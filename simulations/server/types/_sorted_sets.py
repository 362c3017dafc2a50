"""Sorted sets: members get scores, go, and are looked at one by one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from attrs import define

from .._command import Call, Command
from .._errors import CommandError, syntax_error, wrong_arity
from .._reply import NULL_ARRAY, Reply
from ._bounds import Bounds, by_rank, by_score, by_text
from ._changes import changed, removed_from
from ._numbers import all_digits, double, double_text, score_reply
from ._scan import is_wanted, next_page, parse_cursor, scan_options
from ._sorted_set import SortedSet

NOT_A_NUMBER: Final = "ERR resulting score is not a number (NaN)"
BOTH: Final = "ERR XX and NX options at the same time are not compatible"
CLASH: Final = "ERR GT, LT, and/or NX options at the same time are not compatible"


@define
class AddOptions:
    """What ZADD was told before the scores.

    Attributes:
        only_new, only_old: NX, XX.
        only_greater, only_less: GT, LT.
        counts_changed: CH.
        increments: INCR.
    """

    only_new: bool = False
    only_old: bool = False
    only_greater: bool = False
    only_less: bool = False
    counts_changed: bool = False
    increments: bool = False


_OPTIONS: Final = {
    b"NX": "only_new",
    b"XX": "only_old",
    b"GT": "only_greater",
    b"LT": "only_less",
    b"CH": "counts_changed",
    b"INCR": "increments",
}


def zadd(call: Call) -> Reply:
    """ZADD key [NX|XX] [GT|LT] [CH] [INCR] score member ..."""
    return _add(call, AddOptions())


def zincrby(call: Call) -> Reply:
    """ZINCRBY key increment member."""
    return _add(call, AddOptions(increments=True))


def _add(call: Call, options: AddOptions) -> Reply:
    key = call.words[1]
    pairs = _pairs(call, options)
    scores = [double(word) for word in pairs[::2]]
    held = call.database.get_as(SortedSet, key)
    limits = call.engine.limits
    if held is None:
        if options.only_old:
            return None if options.increments else 0
        held = SortedSet.for_first(pairs[1], limits, len(scores))
    else:
        held.expect(len(scores), limits)
    before, updated, told = len(held.scores), 0, None
    error: CommandError | None = None
    for member, score in zip(pairs[1::2], scores, strict=True):
        old = held.scores.get(member)
        try:
            told = _new_score(options, old, score)
        except CommandError as raised:
            error = raised
            break
        if told is not None and told != old:
            held.put(member, told, limits)
            updated += old is not None
    added = len(held.scores) - before
    if added or updated:
        changed(call, key, held)
        call.notify("z", "zincr" if options.increments else "zadd", key)
    if error is not None:
        raise error
    if options.increments:
        return None if told is None else score_reply(told, call.profile)
    return added + updated if options.counts_changed else added


def _pairs(call: Call, options: AddOptions) -> Sequence[bytes]:
    """Scores and members, behind the options.

    Raises:
        CommandError: options exclude each other, or there are no pairs.
    """
    words, position = call.words, 2
    has_greater = call.profile.since(6, 2)
    while position < len(words):
        name = _OPTIONS.get(words[position].upper())
        if name is None or (name in {"only_greater", "only_less"} and not has_greater):
            break
        setattr(options, name, True)
        position += 1
    pairs = words[position:]
    if not pairs or len(pairs) % 2:
        raise syntax_error()
    if options.only_new and options.only_old:
        raise CommandError(BOTH)
    if options.only_new + options.only_greater + options.only_less > 1:
        raise CommandError(CLASH)
    if options.increments and len(pairs) > 2:
        raise CommandError("ERR INCR option supports a single increment-element pair")
    return pairs


def _new_score(options: AddOptions, old: float | None, score: float) -> float | None:
    """The score that a member gets; None: it is left as it is, or left out."""
    if old is None:
        return None if options.only_old else score
    if options.only_new:
        return None
    if options.increments:
        score += old
        if math.isnan(score):
            raise CommandError(NOT_A_NUMBER)
    if (options.only_less and score >= old) or (options.only_greater and score <= old):
        return None
    return score


def zrem(call: Call) -> Reply:
    """ZREM key member ...: how many were there."""
    key = call.words[1]
    held = call.database.get_as(SortedSet, key)
    if held is None:
        return 0
    removed = sum(held.remove(member) for member in call.words[2:])
    if removed:
        call.notify("z", "zrem", key)
        removed_from(call, key, held.scores)
    return removed


def zremrangebyrank(call: Call) -> Reply:
    """ZREMRANGEBYRANK key start stop."""
    return _remove_range(call, "zremrangebyrank", by_rank(*call.words[2:4]))


def zremrangebyscore(call: Call) -> Reply:
    """ZREMRANGEBYSCORE key min max."""
    return _remove_range(call, "zremrangebyscore", by_score(call.profile, *call.words[2:4]))


def zremrangebylex(call: Call) -> Reply:
    """ZREMRANGEBYLEX key min max."""
    return _remove_range(call, "zremrangebylex", by_text(*call.words[2:4]))


def _remove_range(call: Call, event: str, bounds: Bounds) -> int:
    key = call.words[1]
    held = call.database.get_as(SortedSet, key)
    if held is None:
        return 0
    removed = held.remove_rows(*bounds.ranks(held))
    if removed:
        call.notify("z", event, key)
        removed_from(call, key, held.scores)
    return removed


def zcard(call: Call) -> Reply:
    """ZCARD key."""
    held = call.database.get_as(SortedSet, call.words[1])
    return len(held.scores) if held is not None else 0


def zcount(call: Call) -> Reply:
    """ZCOUNT key min max."""
    return _count(call, by_score(call.profile, *call.words[2:4]))


def zlexcount(call: Call) -> Reply:
    """ZLEXCOUNT key min max."""
    return _count(call, by_text(*call.words[2:4]))


def _count(call: Call, bounds: Bounds) -> int:
    held = call.database.get_as(SortedSet, call.words[1])
    if held is None:
        return 0
    begin, end = bounds.ranks(held)
    return end - begin


def zscore(call: Call) -> Reply:
    """ZSCORE key member."""
    held = call.database.get_as(SortedSet, call.words[1])
    return None if held is None else _score_of(call, held, call.words[2])


def zmscore(call: Call) -> Reply:
    """ZMSCORE key member ..."""
    held = call.database.get_as(SortedSet, call.words[1])
    return [None if held is None else _score_of(call, held, member) for member in call.words[2:]]


def _score_of(call: Call, held: SortedSet, member: bytes) -> Reply:
    score = held.scores.get(member)
    return None if score is None else score_reply(score, call.profile)


def zrank(call: Call) -> Reply:
    """ZRANK key member [WITHSCORE]."""
    return _rank(call, "zrank", backwards=False)


def zrevrank(call: Call) -> Reply:
    """ZREVRANK key member [WITHSCORE]."""
    return _rank(call, "zrevrank", backwards=True)


def _rank(call: Call, name: str, *, backwards: bool) -> Reply:
    words = call.words
    if len(words) > 4:
        raise wrong_arity(name)
    if len(words) == 4 and words[3].upper() != b"WITHSCORE":
        raise syntax_error()
    held, member = call.database.get_as(SortedSet, words[1]), words[2]
    if held is None or member not in held.scores:
        return NULL_ARRAY if len(words) == 4 else None
    rank = held.rank(member)
    told = len(held.rows) - 1 - rank if backwards else rank
    return [told, score_reply(held.scores[member], call.profile)] if len(words) == 4 else told


def zscan(call: Call) -> Reply:
    """ZSCAN key cursor [MATCH pattern] [COUNT n]."""
    cursor = parse_cursor(call, call.words[2])
    held = call.database.get_as(SortedSet, call.words[1])
    if held is None:
        return [b"0", []]
    options = scan_options(call, cursor)
    if held.is_compact:
        cursor, page = 0, [member for _, member in held.rows if is_wanted(member, options)]
    else:
        cursor, page, held.scan_order = next_page(held.scores.keys(), options, held.scan_order)
    told: list[Reply] = []
    for member in page:
        score = held.scores[member]
        told += [member, double_text(score, call.profile) if held.is_compact else all_digits(score)]
    return [b"%d" % cursor, told]


_ONE = (1, 1, 1)

SORTED_SET_COMMANDS: Final[Sequence[Command]] = (
    Command("zadd", zadd, -4, "write denyoom fast", _ONE, since=(1, 2), group="sorted-set"),
    Command("zincrby", zincrby, 4, "write denyoom fast", _ONE, since=(1, 2), group="sorted-set"),
    Command("zrem", zrem, -3, "write fast", _ONE, since=(1, 2), group="sorted-set"),
    Command("zremrangebyrank", zremrangebyrank, 4, "write", _ONE, since=(2, 0), group="sorted-set"),
    Command("zremrangebyscore", zremrangebyscore, 4, "write", _ONE, since=(1, 2), group="sorted-set"),
    Command("zremrangebylex", zremrangebylex, 4, "write", _ONE, since=(2, 8), group="sorted-set"),
    Command("zcard", zcard, 2, "readonly fast", _ONE, since=(1, 2), group="sorted-set"),
    Command("zcount", zcount, 4, "readonly fast", _ONE, since=(2, 0), group="sorted-set"),
    Command("zlexcount", zlexcount, 4, "readonly fast", _ONE, since=(2, 8), group="sorted-set"),
    Command("zscore", zscore, 3, "readonly fast", _ONE, since=(1, 2), group="sorted-set"),
    Command("zmscore", zmscore, -3, "readonly fast", _ONE, since=(6, 2), group="sorted-set"),
    Command("zrank", zrank, -3, "readonly fast", _ONE, since=(2, 0), group="sorted-set"),
    Command("zrevrank", zrevrank, -3, "readonly fast", _ONE, since=(2, 0), group="sorted-set"),
    Command("zscan", zscan, -3, "readonly", _ONE, since=(2, 8), group="sorted-set"),
)
