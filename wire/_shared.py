"""Which commands must not travel over a connection that other tasks use too.

Three kinds: those that change what the connection is for everybody on it (another database or user, a subscription, no
replies at all), those that hold back everybody's replies while they block, and a transaction that is left open, into
which the next commands of other tasks would fall. They are refused before anything is sent.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from ._redis_py import Arg


def words(text: str) -> frozenset[str]:
    """The words of a text, for lists of commands that a person can read."""
    return frozenset(text.split())


_CHANGES_IT: Final = words(
    "ASKING AUTH HELLO MONITOR PSUBSCRIBE PSYNC PUNSUBSCRIBE QUIT READONLY READWRITE RESET SELECT SSUBSCRIBE SUBSCRIBE "
    "SUNSUBSCRIBE SYNC UNSUBSCRIBE WATCH"
)
_BLOCKS_IT: Final = words("BLMOVE BLMPOP BLPOP BRPOP BRPOPLPUSH BZMPOP BZPOPMAX BZPOPMIN WAIT WAITAOF")
_BLOCKS_IF_TOLD: Final = frozenset(["XREAD", "XREADGROUP"])
_REMEDY: Final = "needs a connection of its own: see Client.open and Client.link"


def check_shareable(commands: Sequence[tuple[Arg, ...]]) -> None:
    """Refuse what would harm the other users of a connection.

    Args:
        commands: what is sent together.

    Raises:
        ValueError: one of them would; the message names it and what to do instead.
    """
    transactions = 0
    for args in commands:
        name = suspect(args[0])
        if name is None:
            continue
        if name == "MULTI":
            transactions += 1
        elif name in ("EXEC", "DISCARD"):
            transactions = max(0, transactions - 1)
        elif name in _BLOCKS_IF_TOLD:
            _check_no_block(name, args)
        elif name in _BLOCKS_IT and len(args) == 1:
            continue  # Without its words it is an error, at once.
        elif name != "CLIENT" or [upper(word) for word in args[1:2]] == ["REPLY"]:
            raise ValueError(f"{name} {_REMEDY}")
    if transactions:
        raise ValueError("MULTI without its EXEC would take in other tasks' commands: send both in one pipeline")


@lru_cache(maxsize=512)  # There are some 250 commands, mostly written in one way each.
def suspect(word: Arg) -> str | None:
    """The name of a command that must be looked at more closely; None for all others."""
    name = upper(word)
    looked_at = name in _CHANGES_IT or name in _BLOCKS_IT or name in _BLOCKS_IF_TOLD
    return name if looked_at or name in ("MULTI", "EXEC", "DISCARD", "CLIENT") else None


def upper(word: Arg) -> str:
    """A word of a command as Redis compares it."""
    return (word.decode("latin-1") if isinstance(word, bytes) else str(word)).upper()


def _check_no_block(name: str, args: tuple[Arg, ...]) -> None:
    for word in args[1:]:
        option = upper(word)
        if option == "STREAMS":
            return
        if option == "BLOCK":
            raise ValueError(f"{name} with BLOCK {_REMEDY}")
