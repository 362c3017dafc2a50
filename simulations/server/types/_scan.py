"""SCAN, SSCAN, HSCAN and ZSCAN: a part at a time, and nothing missed that was there all the while.

Members are gone through in the order of a hash of them, and the cursor is the hash to go on at. So it does not matter
what comes and goes meanwhile. A small value is told as a whole, as a real server does.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Collection
from zlib import crc32

from attrs import define

from .._command import Call, integer
from .._errors import CommandError, syntax_error
from .._glob import fits

_COUNT = 10


@define
class ScanOptions:
    """What a scan was told.

    Attributes:
        cursor: where to go on; 0: at the beginning.
        pattern: only what fits it.
        count: about how many at a time.
        names_only: HSCAN: no values.
        kind: SCAN: only of this type.
    """

    cursor: int
    pattern: bytes | None = None
    count: int = _COUNT
    names_only: bool = False
    kind: bytes | None = None


class ScanOrder:
    """Members in the order of their hashes, as they were when a scan began."""

    def __init__(self, members: Collection[bytes]) -> None:
        self._rows = sorted((crc32(member) + 1, member) for member in members)

    def page(self, cursor: int, count: int) -> tuple[int, list[bytes]]:
        """Some members from a cursor on, and the cursor behind them; 0: that was all."""
        rows = self._rows
        begin = bisect_left(rows, (cursor, b""))
        end = min(begin + count, len(rows))
        while end < len(rows) and end > begin and rows[end][0] == rows[end - 1][0]:
            end += 1
        return rows[end][0] if end < len(rows) else 0, [member for _, member in rows[begin:end]]


def parse_cursor(call: Call, word: bytes) -> int:
    """A cursor.

    Raises:
        CommandError: it is none.
    """
    form = rb"[0-9]{1,20}" if call.profile.since(7, 2) else rb"[+-]?[0-9]{0,20}"
    if not re.fullmatch(form, word) or abs(int(word or b"0")) >= 1 << 64:
        raise CommandError("ERR invalid cursor")
    return int(word or b"0") % (1 << 64)


def scan_options(call: Call, cursor: int, *, begin: int = 3) -> ScanOptions:
    """What is said behind the cursor.

    Raises:
        CommandError: there is something else.
    """
    options, words = ScanOptions(cursor), call.words
    position = begin
    while position < len(words):
        option = words[position].upper()
        if option == b"COUNT" and position + 1 < len(words):
            options.count = integer(words[position + 1])
            if options.count < 1:
                raise syntax_error()
            position += 2
        elif option == b"MATCH" and position + 1 < len(words):
            options.pattern = words[position + 1]
            position += 2
        elif option == b"TYPE" and begin == 2 and call.profile.since(6, 0) and position + 1 < len(words):
            options.kind = words[position + 1]
            position += 2
        elif option == b"NOVALUES" and call.profile.since(7, 4):
            if words[0].upper() != b"HSCAN":
                raise CommandError("ERR NOVALUES option can only be used in HSCAN")
            options.names_only = True
            position += 1
        else:
            raise syntax_error()
    return options


def next_page(
    members: Collection[bytes], options: ScanOptions, order: ScanOrder | None
) -> tuple[int, list[bytes], ScanOrder]:
    """Some of the members, those that fit; the cursor behind them, and the order to keep for the next page.

    Args:
        members: those that are there now.
        options: what was told.
        order: that of the page before.
    """
    if order is None or options.cursor == 0:
        order = ScanOrder(members)
    cursor, page = order.page(options.cursor, options.count)
    return cursor, [member for member in page if member in members and is_wanted(member, options)], order


def is_wanted(member: bytes, options: ScanOptions) -> bool:
    """Whether it fits the pattern."""
    return options.pattern is None or fits(member, options.pattern)
