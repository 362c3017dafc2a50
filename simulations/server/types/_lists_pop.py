"""Lists: what is taken out, moved to another list, or waited for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from .._command import Answer, Call, Command, integer
from .._errors import syntax_error, wrong_arity
from .._reply import NULL_ARRAY, Reply
from ._changes import removed_from
from ._list import List
from ._lists import push_onto
from ._waiting import timeout_ms, wait


def lpop(call: Call) -> Reply:
    """LPOP key [count]."""
    return _pop(call, "lpop", left=True)


def rpop(call: Call) -> Reply:
    """RPOP key [count]."""
    return _pop(call, "rpop", left=False)


def _pop(call: Call, name: str, *, left: bool) -> Reply:
    if len(call.words) > 3:
        raise wrong_arity(name)
    key = call.words[1]
    count: int | None = None
    if len(call.words) == 3:
        count = integer(call.words[2], "ERR value is out of range, must be positive", least=0)
    held = call.database.get_as(List, key)
    if held is None:
        return None if count is None else NULL_ARRAY
    if count is None:
        return _take_one(call, key, held, left=left)
    return _take(call, key, held, count, left=left) if count else []


def _take_one(call: Call, key: bytes, held: List, *, left: bool) -> bytes:
    value = held.pop(left=left, limits=call.engine.limits)
    _took(call, key, held, left=left)
    return value


def _take(call: Call, key: bytes, held: List, count: int, *, left: bool) -> list[Reply]:
    values: list[Reply] = [*held.pop_several(count, left=left, limits=call.engine.limits)]
    _took(call, key, held, left=left)
    return values


def _took(call: Call, key: bytes, held: List, *, left: bool) -> None:
    call.notify("l", "lpop" if left else "rpop", key)
    removed_from(call, key, held.items)


# From one list to another


def _move(call: Call, source: bytes, target: bytes, *, from_left: bool, to_left: bool) -> Reply:
    held = call.database.get_as(List, source)
    if held is None:
        return None
    there = call.database.get_as(List, target)
    value = held.pop(left=from_left, limits=call.engine.limits)
    push_onto(call, target, there if there is not None else List(), [value], left=to_left)
    _took(call, source, held, left=from_left)
    return value


def _is_left(word: bytes) -> bool:
    side = word.upper()
    if side not in (b"LEFT", b"RIGHT"):
        raise syntax_error()
    return side == b"LEFT"


def rpoplpush(call: Call) -> Reply:
    """RPOPLPUSH source destination."""
    return _move(call, call.words[1], call.words[2], from_left=False, to_left=True)


def lmove(call: Call) -> Reply:
    """LMOVE source destination LEFT|RIGHT LEFT|RIGHT."""
    from_left, to_left = _is_left(call.words[3]), _is_left(call.words[4])
    return _move(call, call.words[1], call.words[2], from_left=from_left, to_left=to_left)


def brpoplpush(call: Call) -> Answer:
    """BRPOPLPUSH source destination timeout."""
    return _move_or_wait(call, timeout_ms(call, call.words[3]), from_left=False, to_left=True)


def blmove(call: Call) -> Answer:
    """BLMOVE source destination LEFT|RIGHT LEFT|RIGHT timeout."""
    from_left, to_left = _is_left(call.words[3]), _is_left(call.words[4])
    return _move_or_wait(call, timeout_ms(call, call.words[5]), from_left=from_left, to_left=to_left)


def _move_or_wait(call: Call, wait_ms: int, *, from_left: bool, to_left: bool) -> Answer:
    source, target = call.words[1:3]

    def move(_keys: Sequence[bytes]) -> Reply:
        return _move(call, source, target, from_left=from_left, to_left=to_left)

    moved = move([source])
    if moved is not None or call.nested:
        return moved
    return wait(call, List, [source], wait_ms, move, on_timeout=NULL_ARRAY)


# From the first of several that is there


def blpop(call: Call) -> Answer:
    """BLPOP key ... timeout."""
    return _pop_or_wait(call, left=True)


def brpop(call: Call) -> Answer:
    """BRPOP key ... timeout."""
    return _pop_or_wait(call, left=False)


def _pop_or_wait(call: Call, *, left: bool) -> Answer:
    keys, wait_ms = call.words[1:-1], timeout_ms(call, call.words[-1])

    def pop(among: Sequence[bytes]) -> Reply:
        for key in among:
            held = call.database.get_as(List, key)
            if held is not None:
                return [key, _take_one(call, key, held, left=left)]
        return None

    popped = pop(keys)
    if popped is not None:
        return popped
    if call.nested:
        return NULL_ARRAY
    return wait(call, List, keys, wait_ms, pop, on_timeout=NULL_ARRAY)


def lmpop(call: Call) -> Reply:
    """LMPOP numkeys key ... LEFT|RIGHT [COUNT n]."""
    keys, left, count = _several(call, 1)
    popped = _take_from_first(call, keys, count, left=left)
    return NULL_ARRAY if popped is None else popped


def blmpop(call: Call) -> Answer:
    """BLMPOP timeout numkeys key ... LEFT|RIGHT [COUNT n]."""
    keys, left, count = _several(call, 2)
    wait_ms = timeout_ms(call, call.words[1])

    def pop(among: Sequence[bytes]) -> Reply:
        return _take_from_first(call, among, count, left=left)

    popped = pop(keys)
    if popped is not None:
        return popped
    if call.nested:
        return NULL_ARRAY
    return wait(call, List, keys, wait_ms, pop, on_timeout=NULL_ARRAY)


def _take_from_first(call: Call, keys: Sequence[bytes], count: int, *, left: bool) -> Reply:
    for key in keys:
        held = call.database.get_as(List, key)
        if held is not None:
            return [key, _take(call, key, held, count, left=left)]
    return None


def _several(call: Call, number_at: int) -> tuple[Sequence[bytes], bool, int]:
    """The keys, the side and the count of LMPOP and BLMPOP."""
    keys, side, count = keys_and_count(call, number_at)
    return keys, _is_left(side), count()


def keys_and_count(call: Call, number_at: int) -> tuple[Sequence[bytes], bytes, Count]:
    """What LMPOP, ZMPOP and those that wait like them have in common: the keys, the word behind them, and the count.

    The count is read by whoever has looked at that word first, as a real server does.

    Raises:
        CommandError: there are fewer words than keys are said to be.
    """
    words = call.words
    number = integer(words[number_at], "ERR numkeys should be greater than 0", least=1)
    side_at = number_at + number + 1
    if side_at >= len(words):
        raise syntax_error()
    return words[number_at + 1 : side_at], words[side_at], Count(words[side_at + 1 :])


class Count:
    """COUNT n at the end of a command; 1 where it is not said."""

    def __init__(self, words: Sequence[bytes]) -> None:
        self._words = words

    def __call__(self) -> int:
        """The number.

        Raises:
            CommandError: there is something else.
        """
        words, count = self._words, -1
        for at in range(0, len(words), 2):
            if count != -1 or words[at].upper() != b"COUNT" or at + 1 == len(words):
                raise syntax_error()
            count = integer(words[at + 1], "ERR count should be greater than 0", least=1)
        return max(count, 1)


_ONE = (1, 1, 1)
_TWO = (1, 2, 1)
_WAITS = "write noscript blocking"

LIST_POP_COMMANDS: Final[Sequence[Command]] = (
    Command("lpop", lpop, -2, "write fast", _ONE, group="list"),
    Command("rpop", rpop, -2, "write fast", _ONE, group="list"),
    Command("rpoplpush", rpoplpush, 3, "write denyoom", _TWO, since=(1, 2), group="list"),
    Command("lmove", lmove, 5, "write denyoom", _TWO, since=(6, 2), group="list"),
    Command("brpoplpush", brpoplpush, 4, _WAITS + " denyoom", _TWO, since=(2, 2), group="list"),
    Command("blmove", blmove, 6, _WAITS + " denyoom", _TWO, since=(6, 2), group="list"),
    Command("blpop", blpop, -3, _WAITS, (1, -2, 1), since=(2, 0), group="list"),
    Command("brpop", brpop, -3, _WAITS, (1, -2, 1), since=(2, 0), group="list"),
    Command("lmpop", lmpop, -4, "write movablekeys", since=(7, 0), group="list"),
    Command("blmpop", blmpop, -5, "write blocking movablekeys", since=(7, 0), group="list"),
)
