"""XRANGE and XREVRANGE."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import islice
from typing import Final

from .._command import Call, Command, integer
from .._errors import CommandError, syntax_error
from .._reply import NULL_ARRAY, Entries, Reply
from ._ids import INVALID_ID, PART_MAX, Id, after, before, parse_bound, parse_id
from ._stream import Stream


def xrange(call: Call) -> Reply:
    """XRANGE key start end [COUNT n]."""
    return _range(call, call.words[2], call.words[3], backwards=False)


def xrevrange(call: Call) -> Reply:
    """XREVRANGE key end start [COUNT n]."""
    return _range(call, call.words[3], call.words[2], backwards=True)


def _range(call: Call, first: bytes, last: bytes, *, backwards: bool) -> Reply:
    exclusive = call.profile.since(6, 2)
    start = bound(first, 0, after, "ERR invalid start ID for the interval", exclusive=exclusive)
    end = bound(last, PART_MAX, before, "ERR invalid end ID for the interval", exclusive=exclusive)
    count = None
    position = 4
    words = call.words
    while position < len(words):
        if words[position].upper() != b"COUNT" or position + 1 >= len(words):
            raise syntax_error()
        count = max(0, integer(words[position + 1]))
        position += 2
    stream = call.database.get_as(Stream, words[1])
    if stream is None:
        return []
    if count == 0:
        return NULL_ARRAY
    found = list(islice((stream.range_backwards if backwards else stream.range)(start, end), count))
    return Entries([each for each, _ in found], [fields for _, fields in found])


def bound(word: bytes, missing_seq: int, step: Callable[[Id], Id | None], error: str, *, exclusive: bool = True) -> Id:
    """One end of an interval; ``(id`` leaves that id out."""
    if word[:1] != b"(" or not exclusive:
        return parse_bound(word, missing_seq=missing_seq)
    if word[1:] in (b"-", b"+"):
        raise CommandError(INVALID_ID)
    stepped = step(parse_id(word[1:], missing_seq=missing_seq))
    if stepped is None:
        raise CommandError(error)
    return stepped


RANGE_COMMANDS: Final[Sequence[Command]] = (
    Command("xrange", xrange, -4, "readonly", (1, 1, 1), since=(5, 0), group="stream"),
    Command("xrevrange", xrevrange, -4, "readonly", (1, 1, 1), since=(5, 0), group="stream"),
)
