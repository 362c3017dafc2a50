"""What small values were kept in before 7.0, and what sets of whole numbers are kept in: ziplists, zipmaps, intsets."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from typing import Final

from ..types._packed import whole_number
from ._reading import BadFormat

HEADER: Final = struct.Struct("<IIH")
END: Final = b"\xff"
COUNT_UNKNOWN: Final = 0xFFFF
LONG_BEFORE: Final = 254
"""So many bytes before an element, or more, are told by four bytes."""
DIGITS_MAX: Final = 31
_INTEGERS: Final = {0xFE: 1, 0xC0: 2, 0xF0: 3, 0xD0: 4, 0xE0: 8}
"""Whole numbers by their first byte: how many follow."""
_INTSET: Final = struct.Struct("<II")


def zipped(elements: Iterable[bytes]) -> bytes:
    """A ziplist of these."""
    body, before, last, count = bytearray(), 0, 0, 0
    for each in elements:
        last, count = len(body), count + 1
        body += _before(before) + _element(each)
        before = len(body) - last
    size = HEADER.size + len(body) + 1
    return HEADER.pack(size, HEADER.size + last, min(count, COUNT_UNKNOWN)) + bytes(body) + END


def _before(size: int) -> bytes:
    return bytes((size,)) if size < LONG_BEFORE else b"\xfe" + size.to_bytes(4, "little")


def _element(text: bytes) -> bytes:
    number = whole_number(text) if len(text) <= DIGITS_MAX else None
    if number is not None:
        return _integer(number)
    size = len(text)
    if size < 1 << 6:
        return bytes((size,)) + text
    if size < 1 << 14:
        return bytes((0x40 | size >> 8, size & 0xFF)) + text
    return b"\x80" + size.to_bytes(4, "big") + text


def size_in_ziplist(text: bytes, before: int) -> int:
    """The bytes of an element behind one of so many bytes."""
    return len(_before(before)) + len(_element(text))


def size_expected(text: bytes) -> int:
    """What a real server takes an element to need, when it looks whether a node of a list has room for it."""
    size = len(text)
    return size + (1 if size < LONG_BEFORE else 5) + (1 if size < 1 << 6 else 2 if size < 1 << 14 else 5)


def _integer(number: int) -> bytes:
    if 0 <= number <= 12:
        return bytes((0xF1 + number,))
    for first, size in _INTEGERS.items():
        if -(1 << 8 * size - 1) <= number < 1 << 8 * size - 1:
            return bytes((first,)) + number.to_bytes(size, "little", signed=True)
    raise AssertionError(number)


def unzipped(data: bytes) -> list[bytes]:
    """The elements of a ziplist.

    Raises:
        BadFormat: it is none.
    """
    if len(data) < HEADER.size + 1:
        raise BadFormat("a ziplist is too short")
    size, last, count = HEADER.unpack_from(data)
    if size != len(data) or data[-1:] != END or last > size - 1:
        raise BadFormat("a ziplist does not end where it says")
    found: list[bytes] = []
    at, end, before = HEADER.size, len(data) - 1, 0
    while at < end:
        begin = at
        told = data[at] if data[at] < LONG_BEFORE else int.from_bytes(data[at + 1 : at + 5], "little")
        if told != before:
            raise BadFormat("the length before an element of a ziplist is wrong")
        text, at = _read_element(data, at + (1 if data[at] < LONG_BEFORE else 5), end)
        found.append(text)
        before = at - begin
    if count not in {len(found), COUNT_UNKNOWN} or (found and last != at - before):
        raise BadFormat("a ziplist does not hold what it says")
    return found


def _read_element(data: bytes, at: int, end: int) -> tuple[bytes, int]:
    first = data[at]
    if first < 0x40:
        return _slice(data, at + 1, first, end)
    if first < 0x80:
        return _slice(data, at + 2, (first & 0x3F) << 8 | data[at + 1], end)
    if first == 0x80:
        return _slice(data, at + 5, int.from_bytes(data[at + 1 : at + 5], "big"), end)
    if 0xF1 <= first <= 0xFD:
        return b"%d" % (first - 0xF1), at + 1
    if first not in _INTEGERS:
        raise BadFormat(f"{first:#x} begins no element of a ziplist")
    coded, behind = _slice(data, at + 1, _INTEGERS[first], end)
    return b"%d" % int.from_bytes(coded, "little", signed=True), behind


def _slice(data: bytes, at: int, size: int, end: int) -> tuple[bytes, int]:
    if at + size > end:
        raise BadFormat("an element is longer than what it is in")
    return data[at : at + size], at + size


def intset(members: Sequence[bytes]) -> bytes:
    """Whole numbers in their order, each in as many bytes as the one that needs most."""
    numbers = [int(member) for member in members]
    widest = max((abs(number) - (number < 0) for number in numbers), default=0)
    size = next(size for size in (2, 4, 8) if widest < 1 << 8 * size - 1)
    return _INTSET.pack(size, len(numbers)) + b"".join(each.to_bytes(size, "little", signed=True) for each in numbers)


def of_intset(data: bytes) -> list[bytes]:
    """The members of such a set.

    Raises:
        BadFormat: it is none.
    """
    if len(data) < _INTSET.size:
        raise BadFormat("an intset is too short")
    size, count = _INTSET.unpack_from(data)
    if size not in {2, 4, 8} or len(data) != _INTSET.size + size * count or not count:
        raise BadFormat("an intset is not as long as it says")
    places = range(_INTSET.size, len(data), size)
    numbers = [int.from_bytes(data[at : at + size], "little", signed=True) for at in places]
    if numbers != sorted(set(numbers)):
        raise BadFormat("an intset is not in order")
    return [b"%d" % number for number in numbers]


def of_zipmap(data: bytes) -> list[bytes]:
    """Fields and values of the oldest hashes.

    Raises:
        BadFormat: it is no zipmap.
    """
    found: list[bytes] = []
    at, end = 1, len(data) - 1
    while at < end:
        size, at = _zipmap_length(data, at)
        free = 0
        if len(found) % 2:
            free, at = data[at], at + 1
        text, at = _slice(data, at, size, end)
        found.append(text)
        at += free
    if at != end or data[-1:] != END or len(found) % 2:
        raise BadFormat("a zipmap does not end where it should")
    return found


def _zipmap_length(data: bytes, at: int) -> tuple[int, int]:
    if data[at] < LONG_BEFORE:
        return data[at], at + 1
    return int.from_bytes(data[at + 1 : at + 5], "little"), at + 5
