"""CRC-64 as Redis has it (Jones), by which payloads and files end."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

POLYNOMIAL: Final = 0x95AC9329AC4BC9B5
LARGE: Final = 1 << 16
"""From so many bytes on the table of pairs of bytes is worth being made."""


@lru_cache
def _of_bytes() -> Sequence[int]:
    found: list[int] = []
    for byte in range(256):
        crc = byte
        for _ in range(8):
            crc = (crc >> 1) ^ (POLYNOMIAL if crc & 1 else 0)
        found.append(crc)
    return found


@lru_cache
def _of_pairs() -> Sequence[int]:
    table = _of_bytes()
    firsts = [(crc >> 8, crc & 0xFF) for crc in table]
    return [rest ^ table[low ^ second] for second in range(256) for rest, low in firsts]


def checksum(data: bytes, crc: int = 0) -> int:
    """The checksum of these bytes, behind others that have this one."""
    if len(data) >= LARGE and sys.byteorder == "little":
        even = len(data) & ~1
        pairs = _of_pairs()
        for pair in memoryview(data)[:even].cast("H"):
            crc = pairs[(crc ^ pair) & 0xFFFF] ^ (crc >> 16)
        data = data[even:]
    table = _of_bytes()
    for byte in data:
        crc = table[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    return crc
