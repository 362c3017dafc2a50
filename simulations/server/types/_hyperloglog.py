"""What a HyperLogLog is: a string that says about how many different elements it was given.

::

    HYLL  encoding  3 bytes  the number of elements as it was counted last, 8 bytes; the highest bit: not any more
    then 16384 registers of 6 bits ("dense"), or runs of equal ones ("sparse")

An element's hash says which register it concerns, and how many zeros the rest of the hash begins with; a register
keeps the most that it has seen. How many elements there are is told from how often the registers have which value,
as by O. Ertl, "New cardinality estimation algorithms for HyperLogLog sketches" (arXiv:1702.01284).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from ._murmur import murmur64

REGISTERS: Final = 1 << 14
HEADER: Final = 16
DENSE_SIZE: Final = HEADER + REGISTERS * 6 // 8
DENSE: Final = 0
SPARSE: Final = 1
_MAGIC: Final = b"HYLL"
_SEED: Final = 0xADC83B19
_INDEX_BITS: Final = 14
_HASH_BITS: Final = 64 - _INDEX_BITS
_ALPHA: Final = 0.721347520444481703680
_CACHE: Final = slice(8, 16)
_STALE_AT: Final = 15
_STALE: Final = 0x80


class CorruptedError(ValueError):
    """The runs of a sparse one are not those of all registers."""


def empty() -> bytearray:
    """One that was given nothing: sparse, one run of zeros. Its count, 0, is known."""
    return bytearray(_MAGIC + bytes([SPARSE]) + bytes(11) + bytes([0x7F, 0xFF]))


def is_valid(data: bytes | bytearray) -> bool:
    """Whether a string may be one."""
    if len(data) < HEADER or data[:4] != _MAGIC or data[4] > SPARSE:
        return False
    return data[4] != DENSE or len(data) == DENSE_SIZE


def place_of(element: bytes) -> tuple[int, int]:
    """Which register an element concerns, and what that is to be at least."""
    found = murmur64(element, _SEED)
    rest = found >> _INDEX_BITS | 1 << _HASH_BITS
    return found & (REGISTERS - 1), (rest & -rest).bit_length()


def forget_count(data: bytearray) -> None:
    """It was changed; its elements have to be counted again."""
    data[_STALE_AT] |= _STALE


def known_count(data: bytes | bytearray) -> int | None:
    """The number of elements, if it was counted since the last change."""
    return None if data[_STALE_AT] & _STALE else int.from_bytes(data[_CACHE], "little")


def keep_count(data: bytearray, count: int) -> None:
    """The elements were counted."""
    data[_CACHE] = (count & (2**64 - 1)).to_bytes(8, "little")


def runs(data: bytes | bytearray) -> Iterator[tuple[int, int, bool]]:
    """The runs of a sparse one: the value, how many registers have it, and whether it is of the long kind."""
    at, end = HEADER, len(data)
    while at < end:
        code = data[at]
        at += 1
        if code & 0x80:
            yield (code >> 2 & 0x1F) + 1, (code & 3) + 1, False
        elif code < 0x40:
            yield 0, code + 1, False
        else:
            yield 0, ((code & 0x3F) << 8 | (data[at] if at < end else 0)) + 1, True
            at += 1


def registers(data: bytes | bytearray, *, is_strict: bool = True) -> list[int]:
    """All registers.

    Args:
        data: of either encoding.
        is_strict: whether a run behind the last register is one too many; servers before 7.4 stop there.

    Raises:
        CorruptedError: it is sparse, and there are too few or too many.
    """
    if data[4] == DENSE:
        return _unpacked(data)
    found: list[int] = []
    for value, count, _ in runs(data):
        if len(found) + count > REGISTERS:
            if value and not is_strict:
                break
            raise CorruptedError
        found += [value] * count
    if len(found) != REGISTERS:
        raise CorruptedError
    return found


def _unpacked(data: bytes | bytearray) -> list[int]:
    found: list[int] = []
    for at in range(HEADER, DENSE_SIZE, 3):
        word = data[at] | data[at + 1] << 8 | data[at + 2] << 16
        found += (word & 63, word >> 6 & 63, word >> 12 & 63, word >> 18)
    return found


def packed(values: Sequence[int]) -> bytes:
    """Registers as a dense one has them."""
    found = bytearray()
    for at in range(0, REGISTERS, 4):
        word = values[at] | values[at + 1] << 6 | values[at + 2] << 12 | values[at + 3] << 18
        found += word.to_bytes(3, "little")
    return bytes(found)


def to_dense(data: bytearray, *, is_strict: bool = True) -> None:
    """Make a sparse one dense, in place; what is known of its count it goes on to know.

    Raises:
        CorruptedError: it is none.
    """
    if data[4] == SPARSE:
        data[HEADER:] = packed(registers(data, is_strict=is_strict))
        data[4] = DENSE


def set_dense(data: bytearray, index: int, value: int) -> bool:
    """Let a register of a dense one be at least so much; returns whether it was less."""
    at, shift = divmod(index * 6, 8)
    at += HEADER
    word = data[at] | (data[at + 1] << 8 if at + 1 < DENSE_SIZE else 0)
    if word >> shift & 63 >= value:
        return False
    word = word & ~(63 << shift) | value << shift
    data[at] = word & 0xFF
    if at + 1 < DENSE_SIZE:
        data[at + 1] = word >> 8
    return True


def estimate(values: Sequence[int]) -> int:
    """About how many elements there were, from all registers."""
    often = Counter(values)
    total = REGISTERS * _tau((REGISTERS - often[_HASH_BITS + 1]) / REGISTERS)
    for value in range(_HASH_BITS, 0, -1):
        total = (total + often[value]) * 0.5
    total += REGISTERS * _sigma(often[0] / REGISTERS)
    if total == 0:
        return -(2**63)  # what C makes of a number that is infinite
    return math.floor(_ALPHA * REGISTERS * REGISTERS / total + 0.5)


def _sigma(x: float) -> float:
    if x == 1:
        return math.inf
    y, z, before = 1.0, x, math.nan
    while before != z:
        x *= x
        before = z
        z += x * y
        y += y
    return z


def _tau(x: float) -> float:
    if x in (0, 1):
        return 0.0
    y, z, before = 1.0, 1 - x, math.nan
    while before != z:
        x = math.sqrt(x)
        before = z
        y *= 0.5
        z -= (1 - x) ** 2 * y
    return z / 3
