"""Which words of a command are keys."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from ._command import Command
from ._session import Words


def keys_of(command: Command, words: Words) -> Words:
    """The words that are keys, in their order; none if they are not where they should be."""
    find = _MOVABLE.get(command.name)
    if find is not None:
        return find(words)
    first, last, step = command.keys
    if not first:
        return ()
    end = last + 1 if last >= 0 else len(words) + last + 1
    return words[first:end:step]


def _after_streams(words: Words) -> Words:
    """XREAD and XREADGROUP: half of what follows STREAMS."""
    for at, word in enumerate(words):
        if word.upper() == b"STREAMS":
            rest = words[at + 1 :]
            return rest[: len(rest) // 2]
    return ()


def _counted_at(position: int) -> Callable[[Words], Words]:
    """Keys behind their number, which stands at this position: EVAL script 2 key key."""

    def find(words: Words) -> Words:
        if len(words) <= position or not words[position].isdigit():
            return ()
        return words[position + 1 : position + 1 + int(words[position])]

    return find


_MOVABLE: Final[Mapping[str, Callable[[Words], Words]]] = {
    "xread": _after_streams,
    "xreadgroup": _after_streams,
    "eval": _counted_at(2),
    "evalsha": _counted_at(2),
    "eval_ro": _counted_at(2),
    "evalsha_ro": _counted_at(2),
    "fcall": _counted_at(2),
    "fcall_ro": _counted_at(2),
    "lmpop": _counted_at(1),
    "blmpop": _counted_at(2),
    "zmpop": _counted_at(1),
    "bzmpop": _counted_at(2),
    "sintercard": _counted_at(1),
    "zunion": _counted_at(1),
    "zinter": _counted_at(1),
    "zdiff": _counted_at(1),
    "zintercard": _counted_at(1),
}

HAS_MOVABLE_KEYS: Final = frozenset(_MOVABLE)
"""Commands whose keys are where other words say they are."""
