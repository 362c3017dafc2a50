"""Values as DUMP writes them and RESTORE reads them: the strings of an RDB file, its version, and a checksum."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Final

from .._errors import CommandError
from .._profile import Profile

WRONG: Final = "ERR DUMP payload version or checksum are wrong"
POLYNOMIAL: Final = 0x95AC9329AC4BC9B5
_SHORT, _MEDIUM, _LONG, _HUGE = 0x00, 0x40, 0x80, 0x81
_LZF: Final = 3
_INTEGER_SIZES: Final = (1, 2, 4)


def rdb_version(profile: Profile) -> int:
    """The version of the format that a server writes."""
    for since, number in (((8, 6), 13), ((7, 4), 12), ((7, 2), 11), ((7, 0), 10)):
        if profile.since(*since):
            return number
    return 9


@lru_cache
def _table() -> Sequence[int]:
    found: list[int] = []
    for byte in range(256):
        crc = byte
        for _ in range(8):
            crc = (crc >> 1) ^ (POLYNOMIAL if crc & 1 else 0)
        found.append(crc)
    return found


def checksum(data: bytes) -> int:
    """CRC-64 as Redis has it (Jones)."""
    table, crc = _table(), 0
    for byte in data:
        crc = table[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    return crc


def sealed(parts: Sequence[tuple[int, bytes]], profile: Profile) -> bytes:
    """A payload of strings, each behind the number that says what it is."""
    body = b"".join(bytes([kind]) + _length(len(text)) + text for kind, text in parts)
    body += rdb_version(profile).to_bytes(2, "little")
    return body + checksum(body).to_bytes(8, "little")


def unsealed(payload: bytes, profile: Profile, kind: int) -> Iterator[tuple[int, bytes]]:
    """The strings of a payload.

    Raises:
        CommandError: it is damaged, comes from a later version, or holds something else.
    """
    body, version, crc = payload[:-10], payload[-10:-8], payload[-8:]
    known = int.from_bytes(version, "little") <= rdb_version(profile)
    if len(payload) < 10 or not known or checksum(payload[:-8]) != int.from_bytes(crc, "little"):
        raise CommandError(WRONG)
    at = 0
    while at < len(body):
        if body[at] != kind:
            raise CommandError("ERR given type is not a function")
        text, at = _string(body, at + 1)
        yield kind, text


def _length(number: int) -> bytes:
    if number < 1 << 6:
        return bytes([_SHORT | number])
    if number < 1 << 14:
        return bytes([_MEDIUM | number >> 8, number & 0xFF])
    if number < 1 << 32:
        return bytes([_LONG]) + number.to_bytes(4, "big")
    return bytes([_HUGE]) + number.to_bytes(8, "big")


def _read_length(data: bytes, at: int) -> tuple[int, int]:
    first = data[at]
    if first < _MEDIUM:
        return first, at + 1
    if first < _LONG:
        return (first & 0x3F) << 8 | data[at + 1], at + 2
    size = 4 if first == _LONG else 8
    return int.from_bytes(data[at + 1 : at + 1 + size], "big"), at + 1 + size


def _string(data: bytes, at: int) -> tuple[bytes, int]:
    try:
        if data[at] < 0xC0:
            length, at = _read_length(data, at)
            return data[at : at + length], at + length
        special = data[at] & 0x3F
        if special != _LZF:
            size = _INTEGER_SIZES[special]
            number = int.from_bytes(data[at + 1 : at + 1 + size], "little", signed=True)
            return b"%d" % number, at + 1 + size
        packed, at = _read_length(data, at + 1)
        length, at = _read_length(data, at)
        return decompressed(data[at : at + packed], length), at + packed
    except IndexError as error:
        raise CommandError("ERR Bad data format") from error


def decompressed(data: bytes, length: int) -> bytes:
    """What LZF made small: runs of plain bytes, and references to what was there before.

    Raises:
        IndexError: it is no such text.
    """
    out, at = bytearray(), 0
    while at < len(data):
        control = data[at]
        at += 1
        if control < 32:
            out += data[at : at + control + 1]
            at += control + 1
            continue
        count = control >> 5
        if count == 7:
            count += data[at]
            at += 1
        begin = len(out) - ((control & 0x1F) << 8) - data[at] - 1
        at += 1
        if begin < 0:
            raise IndexError(begin)
        for place in range(begin, begin + count + 2):
            out.append(out[place])
    if len(out) != length:
        raise IndexError(length)
    return bytes(out)
