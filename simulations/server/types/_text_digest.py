"""Strings that are known by a hash of them: DIGEST, and what SET and DELEX compare."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from .._command import Call, Command
from .._errors import CommandError, wrong_arity
from .._reply import Reply
from ._text import text_at
from ._xxh3 import xxh3_64

HEX_DIGITS: Final = 16
NO_CONDITION: Final = "ERR Invalid condition. Use IFEQ, IFNE, IFDEQ, or IFDNE"


def matches(condition: bytes, value: bytes, match: bytes) -> bool:
    """Whether a string is as IFEQ, IFNE, IFDEQ or IFDNE want it.

    Raises:
        CommandError: what it is compared with is no digest.
    """
    if condition in (b"IFEQ", b"IFNE"):
        return (value == match) == (condition == b"IFEQ")
    if len(match) != HEX_DIGITS:
        raise CommandError(f"ERR must be exactly {HEX_DIGITS} hexadecimal characters")
    return (_digest(value) == match.lower()) == (condition == b"IFDEQ")


def _digest(text: bytes) -> bytes:
    return b"%016x" % xxh3_64(text)


def digest(call: Call) -> Reply:
    """DIGEST key."""
    text = text_at(call, call.words[1])
    return None if text is None else _digest(text)


def delex(call: Call) -> Reply:
    """DELEX key [IFEQ v|IFNE v|IFDEQ d|IFDNE d]: 1 if it is gone by this."""
    words, key = call.words, call.words[1]
    if len(words) not in (2, 4):
        raise wrong_arity("delex")
    value = call.database.get(key)
    if value is None:
        return 0
    if len(words) == 4:
        if not isinstance(value, bytes):
            raise CommandError("ERR Key should be of string type if conditions are specified")
        condition = words[2].upper()
        if condition not in (b"IFEQ", b"IFNE", b"IFDEQ", b"IFDNE"):
            raise CommandError(NO_CONDITION)
        if not matches(condition, value, words[3]):
            return 0
    call.database.delete(key)
    call.notify("g", "del", key)
    return 1


_ONE = (1, 1, 1)

DIGEST_COMMANDS: Final[Sequence[Command]] = (
    Command("digest", digest, 2, "readonly fast", _ONE, since=(8, 4), group="string"),
    Command("delex", delex, -2, "write fast", _ONE, since=(8, 4), group="string"),
)
