"""Listpacks, in which small values and the nodes of streams are kept since 7.0 (streams since 5.0).

A header of six bytes (how many bytes, how many elements), elements, and one byte that ends it. An element is a whole
number in as few bytes as it needs, or a string with its length, and behind it the length of all that once more.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import Final

from ..types._packed import whole_number
from ._reading import BadFormat

HEADER: Final = struct.Struct("<IH")
END: Final = b"\xff"
COUNT_UNKNOWN: Final = 0xFFFF
_MULTIBYTE: Final = {0xF1: 2, 0xF2: 3, 0xF3: 4, 0xF4: 8}
"""Whole numbers by their first byte: how many follow."""


def packed(elements: Iterable[bytes]) -> bytes:
    """A listpack of these."""
    parts = [_element(each) for each in elements]
    body = b"".join(parts)
    size = HEADER.size + len(body) + 1
    return HEADER.pack(size, min(len(parts), COUNT_UNKNOWN)) + body + END


def _element(text: bytes) -> bytes:
    number = whole_number(text) if len(text) <= 20 else None
    body = _text(text) if number is None else _integer(number)
    return body + _length_behind(len(body))


def _integer(number: int) -> bytes:
    if 0 <= number <= 127:
        return bytes((number,))
    if -(1 << 12) <= number < 1 << 12:
        coded = number & 0x1FFF
        return bytes((0xC0 | coded >> 8, coded & 0xFF))
    for first, size in _MULTIBYTE.items():
        if -(1 << 8 * size - 1) <= number < 1 << 8 * size - 1:
            return bytes((first,)) + number.to_bytes(size, "little", signed=True)
    raise AssertionError(number)


def _text(text: bytes) -> bytes:
    size = len(text)
    if size < 1 << 6:
        return bytes((0x80 | size,)) + text
    if size < 1 << 12:
        return bytes((0xE0 | size >> 8, size & 0xFF)) + text
    return b"\xf0" + size.to_bytes(4, "little") + text


def _length_behind(size: int) -> bytes:
    """Seven bits in each byte, to be read backwards."""
    if size <= 127:
        return bytes((size,))
    found = bytes((size & 0x7F | 0x80,))
    size >>= 7
    while size > 127:
        found = bytes((size & 0x7F | 0x80,)) + found
        size >>= 7
    return bytes((size,)) + found


def unpacked(data: bytes) -> list[bytes]:
    """The elements of a listpack.

    Raises:
        BadFormat: it is none.
    """
    if len(data) < HEADER.size + 1:
        raise BadFormat("a listpack is too short")
    size, count = HEADER.unpack_from(data)
    if size != len(data) or data[-1:] != END:
        raise BadFormat("a listpack does not end where it says")
    found: list[bytes] = []
    at, end = HEADER.size, len(data) - 1
    while at < end:
        text, at = _read_element(data, at, end)
        found.append(text)
    if count not in {len(found), COUNT_UNKNOWN}:
        raise BadFormat(f"a listpack says that it holds {count} elements, not {len(found)}")
    return found


def _read_element(data: bytes, at: int, end: int) -> tuple[bytes, int]:
    """An element, and where the next one begins."""
    first = data[at]
    if first < 0x80:
        text, behind = b"%d" % first, at + 1
    elif first < 0xC0:
        text, behind = _slice(data, at + 1, first & 0x3F, end)
    elif first < 0xE0:
        coded = (first & 0x1F) << 8 | data[at + 1]
        text, behind = b"%d" % (coded - (1 << 13) if coded >> 12 else coded), at + 2
    elif first < 0xF0:
        text, behind = _slice(data, at + 2, (first & 0x0F) << 8 | data[at + 1], end)
    elif first == 0xF0:
        text, behind = _slice(data, at + 5, int.from_bytes(data[at + 1 : at + 5], "little"), end)
    elif first in _MULTIBYTE:
        coded_bytes, behind = _slice(data, at + 1, _MULTIBYTE[first], end)
        text = b"%d" % int.from_bytes(coded_bytes, "little", signed=True)
    else:
        raise BadFormat(f"{first:#x} begins no element of a listpack")
    back = _length_behind(behind - at)
    if data[behind : behind + len(back)] != back or behind + len(back) > end:
        raise BadFormat("the length behind an element of a listpack is wrong")
    return text, behind + len(back)


def _slice(data: bytes, at: int, size: int, end: int) -> tuple[bytes, int]:
    if at + size > end:
        raise BadFormat("an element of a listpack is longer than the listpack")
    return data[at : at + size], at + size
