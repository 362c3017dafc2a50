"""LCS, the longest common subsequence of two strings; before 7.0 it was STRALGO LCS."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from attrs import define

from .._command import Call, Command, integer
from .._errors import CommandError, syntax_error
from .._reply import Pairs, Reply

_CELL = 4
"""Bytes of a cell of the table that a real server makes."""


@define
class LcsOptions:
    """What is told beside the two strings.

    Attributes:
        length: LEN, only how long it is.
        places: IDX, where it is.
        with_lengths: WITHMATCHLEN.
        shortest: MINMATCHLEN, no shorter pieces than this.
    """

    length: bool = False
    places: bool = False
    with_lengths: bool = False
    shortest: int = 0


def lcs(call: Call) -> Reply:
    """LCS key1 key2 [LEN] [IDX] [MINMATCHLEN n] [WITHMATCHLEN]."""
    first, second = _texts(call, call.words[1:3])
    options, position = LcsOptions(), 3
    while position < len(call.words):
        position = _option(call, options, position)
    return _told(call, first, second, options)


def stralgo(call: Call) -> Reply:
    """STRALGO LCS STRINGS a b|KEYS a b [LEN] [IDX] [MINMATCHLEN n] [WITHMATCHLEN]."""
    words, options, position = call.words, LcsOptions(), 2
    if words[1].upper() != b"LCS":
        raise syntax_error()
    both: Sequence[bytes] = ()
    while position < len(words):
        word = words[position].upper()
        if word in (b"STRINGS", b"KEYS") and position + 2 < len(words):
            if both:
                raise CommandError("ERR Either use STRINGS or KEYS")
            both = words[position + 1 : position + 3]
            both = _texts(call, both) if word == b"KEYS" else both
            position += 3
        else:
            position = _option(call, options, position)
    if not both:
        raise CommandError("ERR Please specify two strings: STRINGS or KEYS options are mandatory")
    return _told(call, both[0], both[1], options)


def _texts(call: Call, keys: Sequence[bytes]) -> list[bytes]:
    texts: list[bytes] = []
    for key in keys:
        value = call.database.get(key)
        if value is not None and not isinstance(value, bytes):
            raise CommandError("ERR The specified keys must contain string values")
        texts.append(value or b"")
    return texts


def _option(call: Call, options: LcsOptions, position: int) -> int:
    """Read one option; returns where the next one is."""
    word = call.words[position].upper()
    if word == b"LEN":
        options.length = True
    elif word == b"IDX":
        options.places = True
    elif word == b"WITHMATCHLEN":
        options.with_lengths = True
    elif word == b"MINMATCHLEN" and position + 1 < len(call.words):
        options.shortest = max(integer(call.words[position + 1]), 0)
        return position + 2
    else:
        raise syntax_error()
    return position + 1


def _told(call: Call, first: bytes, second: bytes, options: LcsOptions) -> Reply:
    if options.length and options.places:
        raise CommandError("ERR If you want both the length and indexes, please just use IDX.")
    size = (len(first) + 1) * (len(second) + 1) * _CELL
    if call.profile.since(7, 0) and size > call.engine.configuration.number("proto-max-bulk-len"):
        raise CommandError("ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len")
    table = _table(first, second)
    if options.length:
        return table[-1][-1]
    pairs = _walk(first, second, table)
    if not options.places:
        return bytes(first[at] for at, _ in reversed(pairs))
    matches: list[Reply] = [
        _match(begin, other, length, options) for begin, other, length in _pieces(pairs) if length >= options.shortest
    ]
    return Pairs([(b"matches", matches), (b"len", table[-1][-1])])


def _table(first: bytes, second: bytes) -> list[list[int]]:
    """How long the longest common subsequence is, of each beginning of one and each of the other."""
    row = [0] * (len(second) + 1)
    rows = [row]
    for byte in first:
        left, upper_left, made = 0, 0, [0]
        add = made.append
        for upper, other in zip(row[1:], second, strict=True):
            if byte == other:
                left = upper_left + 1
            elif upper > left:
                left = upper
            add(left)
            upper_left = upper
        row = made
        rows.append(row)
    return rows


def _walk(first: bytes, second: bytes, table: list[list[int]]) -> list[tuple[int, int]]:
    """The places of the bytes that are common, from the last to the first."""
    pairs: list[tuple[int, int]] = []
    at, other = len(first), len(second)
    while at > 0 and other > 0:
        if first[at - 1] == second[other - 1]:
            at, other = at - 1, other - 1
            pairs.append((at, other))
        elif table[at - 1][other] > table[at][other - 1]:
            at -= 1
        else:
            other -= 1
    return pairs


def _pieces(pairs: list[tuple[int, int]]) -> list[tuple[int, int, int]]:
    """Where bytes follow each other in both: the beginnings and the length, from the last to the first."""
    pieces: list[tuple[int, int, int]] = []
    for at, other in pairs:
        if pieces and pieces[-1][0] == at + 1 and pieces[-1][1] == other + 1:
            pieces[-1] = (at, other, pieces[-1][2] + 1)
        else:
            pieces.append((at, other, 1))
    return pieces


def _match(begin: int, other: int, length: int, options: LcsOptions) -> Reply:
    match: list[Reply] = [[begin, begin + length - 1], [other, other + length - 1]]
    return [*match, length] if options.with_lengths else match


LCS_COMMANDS: Final[Sequence[Command]] = (
    Command("stralgo", stralgo, -2, "readonly movablekeys", since=(6, 0), until=(7, 0), group="string"),
    Command("lcs", lcs, -3, "readonly", (1, 2, 1), since=(7, 0), group="string"),
)
