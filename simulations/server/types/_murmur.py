"""MurmurHash64A (Austin Appleby, 2008), by which a HyperLogLog tells elements apart."""

from __future__ import annotations

from struct import unpack_from
from typing import Final

_MASK: Final = 2**64 - 1
_FACTOR: Final = 0xC6A4A7935BD1E995
_SHIFT: Final = 47


def murmur64(data: bytes, seed: int) -> int:
    """The hash of some bytes, 64 bits."""
    found = seed ^ (len(data) * _FACTOR & _MASK)
    whole = len(data) // 8
    for word in unpack_from(f"<{whole}Q", data):
        mixed = word * _FACTOR & _MASK
        found = (found ^ (mixed ^ mixed >> _SHIFT) * _FACTOR & _MASK) * _FACTOR & _MASK
    rest = data[whole * 8 :]
    if rest:
        found = (found ^ int.from_bytes(rest, "little")) * _FACTOR & _MASK
    found = (found ^ found >> _SHIFT) * _FACTOR & _MASK
    return found ^ found >> _SHIFT
