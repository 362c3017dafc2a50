"""Ids of stream entries: pairs of milliseconds and sequence, each of 64 bits, ordered as tuples are."""

from __future__ import annotations

import re
from typing import Final

from .._errors import CommandError

Id = tuple[int, int]

PART_MAX: Final = 2**64 - 1
MIN_ID: Final[Id] = (0, 0)
MAX_ID: Final[Id] = (PART_MAX, PART_MAX)

TEXT_MAX: Final = 127
"""Bytes of the longest text that is looked at."""

ODD_NUMBER: Final = re.compile(rb"[ \t\n\v\f\r]*([+-]?)(0*)([1-9][0-9]*|(?<=0))")

INVALID_ID: Final = "ERR Invalid stream ID specified as stream command argument"


def text_of(entry_id: Id) -> bytes:
    """As Redis writes it: ``1700000000000-0``."""
    return b"%d-%d" % entry_id


def after(entry_id: Id) -> Id | None:
    """The next possible id, None after the last one."""
    ms, seq = entry_id
    if seq < PART_MAX:
        return ms, seq + 1
    return (ms + 1, 0) if ms < PART_MAX else None


def before(entry_id: Id) -> Id | None:
    """The id just before, None before the first one."""
    ms, seq = entry_id
    if seq:
        return ms, seq - 1
    return (ms - 1, PART_MAX) if ms else None


def parse_id(word: bytes, *, missing_seq: int = 0) -> Id:
    """``ms-seq``, or ``ms`` alone, whose sequence is `missing_seq` then.

    Raises:
        CommandError: it is none.
    """
    ms, dash, seq = word.partition(b"-")
    if not dash:
        return _part(ms, word), missing_seq
    return _part(ms, word), _part(seq, word)


def parse_bound(word: bytes, *, missing_seq: int = 0) -> Id:
    """The same where ``-`` and ``+`` are the least and the greatest of all.

    Raises:
        CommandError: it is none.
    """
    if word == b"-":
        return MIN_ID
    if word == b"+":
        return MAX_ID
    return parse_id(word, missing_seq=missing_seq)


def _part(digits: bytes, word: bytes) -> int:
    """One half of an id: plain digits, or whatever else C's strtoull takes, which Redis falls back to."""
    if len(word) <= TEXT_MAX:
        if digits.isdigit():
            number = int(digits)
            if number <= PART_MAX:
                return number
        elif (found := ODD_NUMBER.fullmatch(digits.partition(b"\0")[0])) is not None:
            sign, zeros, number = found[1], found[2], int(found[3] or b"0")
            # A minus wraps around, but for what Redis' own reader takes for a negative number and refuses.
            refused = sign == b"-" and number and not zeros and digits[:1] == b"-"
            if number <= PART_MAX and not refused:
                return -number % (PART_MAX + 1) if sign == b"-" else number
    raise CommandError(INVALID_ID)
