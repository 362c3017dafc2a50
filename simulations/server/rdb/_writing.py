"""What everything in the format is made of: lengths, strings and numbers, written."""

from __future__ import annotations

import struct
from typing import Final

from ..types._packed import whole_number
from ._lzf import compressed

SHORT, MEDIUM, LONG, HUGE = 0x00, 0x40, 0x80, 0x81
SPECIAL: Final = 0xC0
LZF: Final = 3
INTEGER_DIGITS: Final = 11
COMPRESSED_FROM: Final = 21
COMPRESSED_MAX: Final = 1 << 20
"""Longer strings are written as they are: anybody can read them, and Python takes a second for so many bytes."""
_SIZES: Final = ((1 << 7, "<b"), (1 << 15, "<h"), (1 << 31, "<i"))


class Writer:
    """Bytes that grow.

    Args:
        compresses: whether strings are made smaller (rdbcompression).
    """

    def __init__(self, *, compresses: bool = True) -> None:
        self.data = bytearray()
        self._compresses = compresses

    def byte(self, number: int) -> None:
        """One byte."""
        self.data.append(number)

    def raw(self, data: bytes) -> None:
        """Bytes as they are."""
        self.data += data

    def length(self, number: int) -> None:
        """A length, or any other number that is not negative."""
        if number < 1 << 6:
            self.data.append(SHORT | number)
        elif number < 1 << 14:
            self.data += bytes((MEDIUM | number >> 8, number & 0xFF))
        elif number < 1 << 32:
            self.data += bytes((LONG,)) + number.to_bytes(4, "big")
        else:
            self.data += bytes((HUGE,)) + number.to_bytes(8, "big")

    def string(self, text: bytes) -> None:
        """A string, as a number if it is a small one, compressed if that helps."""
        if len(text) <= INTEGER_DIGITS:
            number = whole_number(text)
            if number is not None and self._small_integer(number):
                return
        elif self._compresses and COMPRESSED_FROM <= len(text) <= COMPRESSED_MAX:
            smaller = compressed(bytes(text))
            if smaller is not None:
                self.data.append(SPECIAL | LZF)
                self.length(len(smaller))
                self.length(len(text))
                self.data += smaller
                return
        self.length(len(text))
        self.data += text

    def _small_integer(self, number: int) -> bool:
        for kind, (limit, layout) in enumerate(_SIZES):
            if -limit <= number < limit:
                self.data.append(SPECIAL | kind)
                self.data += struct.pack(layout, number)
                return True
        return False

    def moment(self, at_ms: int) -> None:
        """Milliseconds since 1970."""
        self.data += struct.pack("<q", at_ms)

    def double(self, number: float) -> None:
        """A number with a fraction."""
        self.data += struct.pack("<d", number)
