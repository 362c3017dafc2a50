"""Lists: what goes in at the ends, what is in the middle. What is taken out: `_lists_pop`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final

from .._command import INTEGER_MAX, INTEGER_MIN, Call, Command, integer
from .._errors import NO_SUCH_KEY, CommandError, syntax_error
from .._reply import OK, Reply
from ._changes import changed, removed_from
from ._list import List

RANK_ZERO: Final = (
    "ERR RANK can't be zero: use 1 to start from the first match, 2 from the second"
    " ... or use negative to start from the end of the list"
)
RANK_ZERO_BEFORE: Final = "ERR RANK can't be zero: use 1 to start from the first match, 2 from the second, ..."
TOO_LOW: Final = f"ERR value is out of range, value must between {-INTEGER_MAX} and {INTEGER_MAX}"


def lpush(call: Call) -> Reply:
    """LPUSH key element ...: the new length."""
    return _push(call, left=True)


def rpush(call: Call) -> Reply:
    """RPUSH key element ...: the new length."""
    return _push(call, left=False)


def lpushx(call: Call) -> Reply:
    """LPUSHX key element ...: only onto a list that is there."""
    return _push(call, left=True, only_old=True)


def rpushx(call: Call) -> Reply:
    """RPUSHX key element ...: only onto a list that is there."""
    return _push(call, left=False, only_old=True)


def _push(call: Call, *, left: bool, only_old: bool = False) -> int:
    key = call.words[1]
    held = call.database.get_as(List, key)
    if held is None:
        if only_old:
            return 0
        held = List()
    push_onto(call, key, held, call.words[2:], left=left)
    return len(held.items)


def push_onto(call: Call, key: bytes, held: List, values: Sequence[bytes], *, left: bool) -> None:
    """Add elements to the list of a key, and say so."""
    held.push(values, left=left, limits=call.engine.limits)
    changed(call, key, held)
    call.notify("l", "lpush" if left else "rpush", key)


def llen(call: Call) -> Reply:
    """LLEN key."""
    held = call.database.get_as(List, call.words[1])
    return len(held.items) if held is not None else 0


def lindex(call: Call) -> Reply:
    """LINDEX key index."""
    held = call.database.get_as(List, call.words[1])
    if held is None:
        return None
    index = integer(call.words[2])
    return held.items[index] if -len(held.items) <= index < len(held.items) else None


def lset(call: Call) -> Reply:
    """LSET key index element."""
    key = call.words[1]
    held = call.database.get_as(List, key)
    if held is None:
        raise CommandError(NO_SUCH_KEY)
    index = integer(call.words[2])
    if call.profile.since(7, 2):
        index = (index + 2**31) % 2**32 - 2**31  # A real server keeps no more of it than 32 bits.
    held.make_room(call.words[3], call.engine.limits)
    if not -len(held.items) <= index < len(held.items):
        raise CommandError("ERR index out of range")
    held.replace(index, call.words[3], call.engine.limits)
    call.touch(key)
    call.notify("l", "lset", key)
    return OK


def linsert(call: Call) -> Reply:
    """LINSERT key BEFORE|AFTER pivot element: the new length, -1 where there is no such pivot."""
    key, where, pivot, value = call.words[1:5]
    if where.upper() not in (b"BEFORE", b"AFTER"):
        raise syntax_error()
    held = call.database.get_as(List, key)
    if held is None:
        return 0
    held.make_room(value, call.engine.limits)
    if pivot not in held.items:
        return -1
    held.insert(held.items.index(pivot) + (where.upper() == b"AFTER"), value)
    call.touch(key)
    call.notify("l", "linsert", key)
    return len(held.items)


def span(start: int, stop: int, length: int) -> tuple[int, int]:
    """Where a range with both ends begins, and behind which place it ends; numbers below zero count from the end."""
    begin = max(start + length if start < 0 else start, 0)
    end = min(stop + length if stop < 0 else stop, length - 1) + 1
    return (begin, end) if begin < end else (0, 0)


def lrange(call: Call) -> Reply:
    """LRANGE key start stop."""
    start, stop = integer(call.words[2]), integer(call.words[3])
    held = call.database.get_as(List, call.words[1])
    if held is None:
        return []
    begin, end = span(start, stop, len(held.items))
    return _slice(held, begin, end)


def _slice(held: List, begin: int, end: int) -> list[Reply]:
    """The elements from one place to another, from the nearer end."""
    length = len(held.items)
    if begin <= length - end:
        return list(islice(held.items, begin, end))
    backwards = list(islice(reversed(held.items), length - end, length - begin))
    return [*reversed(backwards)]


def ltrim(call: Call) -> Reply:
    """LTRIM key start stop."""
    key = call.words[1]
    start, stop = integer(call.words[2]), integer(call.words[3])
    held = call.database.get_as(List, key)
    if held is None:
        return OK
    begin, end = span(start, stop, len(held.items))
    dirty, unchanged = call.engine.dirty, end - begin == len(held.items)
    held.keep(list(islice(held.items, begin, end)), call.engine.limits)
    call.notify("l", "ltrim", key)
    removed_from(call, key, held.items)
    if unchanged and call.profile.since(6, 2):
        call.engine.dirty = dirty  # whoever watches the key is told of a change; files and replicas are not
    return OK


def lrem(call: Call) -> Reply:
    """LREM key count element: how many were removed; from the end where the count is below zero."""
    key, value = call.words[1], call.words[3]
    count = integer(call.words[2])
    if count == INTEGER_MIN and call.profile.since(7, 2):
        raise CommandError(TOO_LOW)
    held = call.database.get_as(List, key)
    if held is None:
        return 0
    wanted = abs(count) or len(held.items)
    found = [at for at, item in _from_either_end(held, backwards=count < 0) if item == value][:wanted]
    if found:
        gone = set(found)
        left = [item for at, item in enumerate(held.items) if at not in gone]
        held.keep(left, call.engine.limits)
        call.notify("l", "lrem", key)
        removed_from(call, key, held.items)
    return len(found)


def _from_either_end(held: List, *, backwards: bool) -> Iterator[tuple[int, bytes]]:
    if not backwards:
        return enumerate(held.items)
    return zip(range(len(held.items) - 1, -1, -1), reversed(held.items), strict=True)


def lpos(call: Call) -> Reply:
    """LPOS key element [RANK n] [COUNT n] [MAXLEN n]: where it is."""
    rank, count, most = _position_options(call)
    held = call.database.get_as(List, call.words[1])
    if held is None:
        return None if count is None else []
    looked = islice(_from_either_end(held, backwards=rank < 0), most or None)
    matches = (at for at, item in looked if item == call.words[2])
    skipped = islice(matches, abs(rank) - 1, None)
    if count is None:
        return next(skipped, None)
    return list(islice(skipped, count or None))


def _position_options(call: Call) -> tuple[int, int | None, int]:
    rank, count, most = 1, None, 0
    for at in range(3, len(call.words), 2):
        option = call.words[at].upper()
        if option not in (b"RANK", b"COUNT", b"MAXLEN") or at + 1 == len(call.words):
            raise syntax_error()
        word = call.words[at + 1]
        if option == b"RANK":
            rank = _rank(call, word)
        elif option == b"COUNT":
            count = integer(word, "ERR COUNT can't be negative", least=0)
        else:
            most = integer(word, "ERR MAXLEN can't be negative", least=0)
    return rank, count, most


def _rank(call: Call, word: bytes) -> int:
    rank = integer(word)
    if rank == INTEGER_MIN and call.profile.since(7, 2):
        raise CommandError(TOO_LOW)
    if rank == 0:
        raise CommandError(RANK_ZERO if call.profile.since(7, 0) else RANK_ZERO_BEFORE)
    return rank


_ONE = (1, 1, 1)

LIST_COMMANDS: Final[Sequence[Command]] = (
    Command("lpush", lpush, -3, "write denyoom fast", _ONE, group="list"),
    Command("rpush", rpush, -3, "write denyoom fast", _ONE, group="list"),
    Command("lpushx", lpushx, -3, "write denyoom fast", _ONE, since=(2, 2), group="list"),
    Command("rpushx", rpushx, -3, "write denyoom fast", _ONE, since=(2, 2), group="list"),
    Command("llen", llen, 2, "readonly fast", _ONE, group="list"),
    Command("lindex", lindex, 3, "readonly", _ONE, group="list"),
    Command("lset", lset, 4, "write denyoom", _ONE, group="list"),
    Command("linsert", linsert, 5, "write denyoom", _ONE, since=(2, 2), group="list"),
    Command("lrange", lrange, 4, "readonly", _ONE, group="list"),
    Command("ltrim", ltrim, 4, "write", _ONE, group="list"),
    Command("lrem", lrem, 4, "write", _ONE, group="list"),
    Command("lpos", lpos, -3, "readonly", _ONE, since=(6, 0), group="list"),
)
