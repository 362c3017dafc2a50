"""How a sparse HyperLogLog is changed: the run that has the register is parted, and its neighbours are joined again.

::

    00nnnnnn           a run of up to 64 zeros
    01nnnnnn nnnnnnnn  a run of up to 16384 zeros
    1vvvvvnn           a run of up to 4 registers of one value, up to 32

Which runs there are depends on the order in which registers were set, and everybody can see the bytes.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import lru_cache
from itertools import accumulate
from typing import Final

from ._hyperloglog import HEADER, REGISTERS, CorruptedError

VALUE_MAX: Final = 32
_RUN_MAX: Final = 4
_ZEROS_MAX: Final = 64
_JOINED: Final = 5
"""So many runs are looked at for neighbours of one value."""
_CODE: Final = re.compile(rb"[\x40-\x7f].?|[^\x40-\x7f]", re.DOTALL)
_LONGEST: Final = 2 * REGISTERS
"""All registers are within so many bytes; what is behind them is of no meaning."""


class Runs:
    """The runs of a sparse HyperLogLog, to be changed.

    Args:
        data: the HyperLogLog.
    """

    def __init__(self, data: bytes | bytearray) -> None:
        body = bytes(data[HEADER:])
        self._codes: list[bytes] = _CODE.findall(body[:_LONGEST])
        self._rest = body[_LONGEST:]
        self._ends = list(accumulate(map(_span, self._codes)))
        self._size = len(data)

    def encode(self) -> bytes:
        """The bytes behind the header."""
        return b"".join(self._codes) + self._rest

    def put(self, index: int, value: int, most_bytes: int) -> bool | None:
        """Let a register be at least so much.

        Args:
            index: which register.
            value: what it is to be at least.
            most_bytes: no HyperLogLog that is larger stays sparse.

        Returns:
            Whether it was less; None: this one has to become dense first.

        Raises:
            CorruptedError: there is no such register.
        """
        if value > VALUE_MAX:
            return None
        codes, ends = self._codes, self._ends
        at = bisect_right(ends, index)
        if at == len(ends):
            raise CorruptedError
        code, end = codes[at], ends[at]
        held = (code[0] >> 2 & 0x1F) + 1 if code[0] & 0x80 else 0
        if held >= value:
            return False
        start = ends[at - 1] if at else 0
        new, new_ends = [_run(value, 1)], [index + 1]
        if index > start:
            new.insert(0, _run(held, index - start))
            new_ends.insert(0, index)
        if index + 1 < end:
            new.append(_run(held, end - 1 - index))
            new_ends.append(end)
        grows = sum(map(len, new)) - len(code)
        if grows > 0 and self._size + grows > most_bytes:
            return None
        self._size += grows
        codes[at : at + 1], ends[at : at + 1] = new, new_ends
        self._join(max(at - 1, 0))
        return True

    def _join(self, at: int) -> None:
        codes, left = self._codes, _JOINED
        while left and at < len(codes) - 1:
            left -= 1
            one, other = codes[at][0], codes[at + 1][0]
            if one & 0x80 and not (one ^ other) & 0xFC and (one & 3) + (other & 3) + 2 <= _RUN_MAX:
                codes[at : at + 2] = [bytes([one + (other & 3) + 1])]
                del self._ends[at]
                self._size -= 1
            else:
                at += 1


@lru_cache(_LONGEST)
def _span(code: bytes) -> int:
    """How many registers a run has."""
    first = code[0]
    if first & 0x80:
        return (first & 3) + 1
    if first < 0x40:
        return first + 1
    return ((first & 0x3F) << 8 | (code[1] if len(code) > 1 else 0)) + 1


@lru_cache(_LONGEST)
def _run(value: int, count: int) -> bytes:
    if value:
        return bytes([0x80 | value - 1 << 2 | count - 1])
    if count <= _ZEROS_MAX:
        return bytes([count - 1])
    return bytes([0x40 | count - 1 >> 8, count - 1 & 0xFF])
