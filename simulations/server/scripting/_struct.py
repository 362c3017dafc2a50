"""The library struct, as scripts have it: numbers and strings as bytes, by a format."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

_TOKEN: Final = re.compile(rb"([<>=!\sxbBhHlLTiIfdcsp?@-]|.)([0-9]*)", re.DOTALL)
_SIZES: Final = {b"b": 1, b"h": 2, b"l": 8, b"i": 4, b"T": 8}
_FLOATS: Final = {b"f": ("f", 4), b"d": ("d", 8)}
_INTEGER_SIZE_MAX: Final = 32


class FormatError(ValueError):
    """A format, or what it is used on, is wrong.

    Args:
        text: why.
        argument: which argument of the function is wrong, from 1; None: that is not said.
    """

    def __init__(self, text: str, argument: int | None = None) -> None:
        super().__init__(text)
        self.argument = argument


class Part(NamedTuple):
    """One letter of a format, with its size in bytes, the bytes that fill up before it, and the order of its bytes."""

    letter: bytes
    size: int
    order: str


def _parts(form: bytes) -> Iterator[Part]:
    order = "little"
    for found in _TOKEN.finditer(form):
        letter, digits = found[1], found[2]
        if letter in b"<>=":
            order = "big" if letter == b">" else "little"
            continue
        if letter.isspace() or letter == b"!":
            continue
        if letter.lower() in _SIZES or letter == b"T":
            size = int(digits or 0) or _SIZES.get(letter.lower(), 8)
            if letter.lower() != b"i":
                size = _SIZES.get(letter.lower(), 8)
            if size > _INTEGER_SIZE_MAX:
                raise FormatError(f"integral size {size} is larger than limit of {_INTEGER_SIZE_MAX}")
            yield Part(letter, size, order)
        elif letter in _FLOATS:
            yield Part(letter, _FLOATS[letter][1], order)
        elif letter in b"xcs":
            yield Part(letter, int(digits) if digits else 1, order)
        else:
            raise FormatError(f"invalid format option '{letter.decode('latin-1')}'", 1)


def pack(form: bytes, values: Sequence[bytes | float]) -> bytes:
    """Values as bytes.

    Args:
        form: letters: b h l i with their sizes, f and d, x for a zero byte, s for text up to a zero byte, c for text.
        values: one for each letter but x.

    Raises:
        FormatError: the format is wrong, or a value does not fit it.
        IndexError: there are too few values.
    """
    out, at = b"", 0
    for part in _parts(form):
        if part.letter == b"x":
            out += b"\0"
            continue
        value = values[at]
        at += 1
        out += _packed(part, value)
    return out


def _packed(part: Part, value: bytes | float) -> bytes:
    order = "<" if part.order == "little" else ">"
    if part.letter in b"sc":
        text = value if isinstance(value, bytes) else b"%d" % int(value)
        if part.letter == b"s":
            return text + b"\0"
        size = part.size or len(text)
        if len(text) < size:
            raise FormatError("string too short")
        return text[:size]
    if part.letter in _FLOATS:
        return struct.pack(order + _FLOATS[part.letter][0], float(value))
    number = int(float(value)) & ((1 << 8 * part.size) - 1)
    return number.to_bytes(part.size, "little" if order == "<" else "big")


def unpack(form: bytes, data: bytes, at: int = 0) -> tuple[bytes | float, ...]:
    """The values in bytes, and behind them where the next ones begin, counted from 1.

    Raises:
        FormatError: the format is wrong, or there are too few bytes.
    """
    values: list[bytes | float] = []
    for part in _parts(form):
        if part.letter == b"s":
            end = data.find(b"\0", at)
            if end < 0:
                raise FormatError("unfinished string in data", 2)
            values.append(data[at:end])
            at = end + 1
            continue
        size = part.size
        if part.letter == b"c" and not size:
            if not values or isinstance(values[-1], bytes):
                raise FormatError("format 'c0' needs a previous size")
            size = int(values.pop())
        if at + size > len(data):
            raise FormatError("data string too short", 2)
        if part.letter != b"x":
            values.append(_unpacked(part, data[at : at + size]))
        at += size
    return (*values, at + 1)


def _unpacked(part: Part, data: bytes) -> bytes | float:
    if part.letter == b"c":
        return data
    if part.letter in _FLOATS:
        order = "<" if part.order == "little" else ">"
        return float(struct.unpack(order + _FLOATS[part.letter][0], data)[0])
    return int.from_bytes(data, "little" if part.order == "little" else "big", signed=part.letter.islower())


def size(form: bytes) -> int:
    """How many bytes a format takes.

    Raises:
        FormatError: it is wrong, or that depends on the values.
    """
    parts = list(_parts(form))
    if any(part.letter == b"s" or (part.letter == b"c" and not part.size) for part in parts):
        raise FormatError(
            "option 's' has no fixed size"
            if any(part.letter == b"s" for part in parts)
            else "option 'c0' has no fixed size",
            1,
        )
    return sum(part.size for part in parts)
