"""The library bit, as scripts have it: operations on numbers of 32 bits, which are signed when they come back."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from operator import and_, or_, xor
from typing import Final

_MASK: Final = 0xFFFFFFFF
_DIGITS: Final = 8

OnBits = Callable[[Sequence[float]], object]
"""An operation on its arguments; raises `IndexError` where there are too few."""


def _signed(number: int) -> int:
    number &= _MASK
    return number - (1 << 32) if number & 0x80000000 else number


_SHIFTED: Final = 6755399441055744.0
"""Added to a number it leaves what is whole of it in the lowest bits: the library's own way, whatever the number is."""


def _bits(number: float) -> int:
    return int.from_bytes(struct.pack("<d", number + _SHIFTED)[:4], "little")


def _fold(operation: Callable[[int, int], int]) -> OnBits:
    return lambda given: _signed(reduce(operation, map(_bits, given)))


def _shifted(shift: Callable[[int, int], int]) -> OnBits:
    return lambda given: _signed(shift(_bits(given[0]), _bits(given[1]) & 31))


def _left(number: int, by: int) -> int:
    return number << by


def _right(number: int, by: int) -> int:
    return number >> by


def _right_signed(number: int, by: int) -> int:
    return _signed(number) >> by


def _rotated_left(number: int, by: int) -> int:
    return number << by | number >> (32 - by)


def _rotated_right(number: int, by: int) -> int:
    return _rotated_left(number, -by & 31)


def _hex(given: Sequence[float]) -> bytes:
    count = _signed(_bits(given[1])) if len(given) > 1 else _DIGITS
    text = b"%08x" % _bits(given[0])
    return (text.upper() if count < 0 else text)[_DIGITS - min(abs(count), _DIGITS) :]


FUNCTIONS: Final[Mapping[bytes, OnBits]] = {
    b"tobit": lambda given: _signed(_bits(given[0])),
    b"bnot": lambda given: _signed(~_bits(given[0])),
    b"band": _fold(and_),
    b"bor": _fold(or_),
    b"bxor": _fold(xor),
    b"lshift": _shifted(_left),
    b"rshift": _shifted(_right),
    b"arshift": _shifted(_right_signed),
    b"rol": _shifted(_rotated_left),
    b"ror": _shifted(_rotated_right),
    b"bswap": lambda given: _signed(int.from_bytes(_bits(given[0]).to_bytes(4, "big"), "little")),
    b"tohex": _hex,
}
