"""The same, read."""

from __future__ import annotations

import math
import struct
from typing import Final

from ._lzf import decompressed
from ._writing import HUGE, LONG, LZF, MEDIUM, SPECIAL

_INTEGERS: Final = ("<b", "<h", "<i")
_NO_NUMBER, _INFINITE, _LESS = 253, 254, 255
TOO_LONG: Final = 1 << 32
"""No length of anything is larger; what says so is damaged."""


class BadFormat(Exception):
    """The bytes are none of this format; the text says where."""


class Reader:
    """Bytes, and how far they are read.

    Attributes:
        at: the position of what is read next.
    """

    def __init__(self, data: bytes, at: int = 0) -> None:
        self.data = data
        self.at = at

    def raw(self, count: int) -> bytes:
        """So many bytes.

        Raises:
            BadFormat: there are not so many.
        """
        end = self.at + count
        if count < 0 or end > len(self.data):
            raise BadFormat(f"{count} bytes at {self.at}, of {len(self.data)}")
        found, self.at = self.data[self.at : end], end
        return found

    def byte(self) -> int:
        """One byte."""
        return self.raw(1)[0]

    def number(self) -> int:
        """A number of up to 64 bits, as lengths are written."""
        first = self.byte()
        if first < MEDIUM:
            return first
        if first < LONG:
            return (first & 0x3F) << 8 | self.byte()
        if first not in {LONG, HUGE}:
            raise BadFormat(f"no length at {self.at - 1}")
        return int.from_bytes(self.raw(4 if first == LONG else 8), "big")

    def length(self) -> int:
        """How much follows."""
        number = self.number()
        if number > TOO_LONG:
            raise BadFormat(f"{number} of something at {self.at}")
        return number

    def string(self) -> bytes:
        """A string, whichever way it was written."""
        if self.at < len(self.data) and self.data[self.at] >= SPECIAL:
            return self._special(self.byte() & 0x3F)
        return self.raw(self.length())

    def _special(self, kind: int) -> bytes:
        if kind < len(_INTEGERS):
            layout = _INTEGERS[kind]
            (number,) = struct.unpack(layout, self.raw(struct.calcsize(layout)))
            return b"%d" % number
        if kind != LZF:
            raise BadFormat(f"no string at {self.at - 1}")
        size, length = self.length(), self.length()
        try:
            return decompressed(self.raw(size), length)
        except IndexError as error:
            raise BadFormat(f"compressed bytes before {self.at} are damaged") from error

    def moment(self) -> int:
        """Milliseconds since 1970."""
        return int.from_bytes(self.raw(8), "little", signed=True)

    def double(self) -> float:
        """A number with a fraction."""
        (number,) = struct.unpack("<d", self.raw(8))
        return float(number)

    def double_as_text(self) -> float:
        """A number with a fraction, as the oldest sorted sets have them."""
        size = self.byte()
        if size == _NO_NUMBER:
            raise BadFormat(f"no number at {self.at}")
        if size >= _INFINITE:
            return math.inf if size == _INFINITE else -math.inf
        try:
            return float(self.raw(size))
        except ValueError as error:
            raise BadFormat(f"no number at {self.at}") from error
