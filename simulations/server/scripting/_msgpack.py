"""cmsgpack, as scripts have it: MessagePack with its integers, floats, strings, arrays and maps."""

from __future__ import annotations

import struct
from typing import Final

from attrs import define

from ._json import Table

DEPTH_MAX: Final = 16


class PackError(ValueError):
    """These bytes are no MessagePack."""


def pack(value: object, depth: int = 0) -> bytes:
    """A value as MessagePack; what it has no words for, and what is in too many tables, is nil."""
    if isinstance(value, bool):
        return b"\xc3" if value else b"\xc2"
    if isinstance(value, int | float):
        return _integer(value) if isinstance(value, int) else _float(value)
    if isinstance(value, bytes):
        return _string(value)
    return _table(value, depth + 1) if isinstance(value, Table) and depth < DEPTH_MAX else b"\xc0"


def _string(value: bytes) -> bytes:
    length = len(value)
    if length < 32:
        return bytes([0xA0 | length]) + value
    if length < 1 << 8:
        return b"\xd9" + bytes([length]) + value
    if length < 1 << 16:
        return b"\xda" + length.to_bytes(2, "big") + value
    return b"\xdb" + length.to_bytes(4, "big") + value


def _integer(value: int) -> bytes:
    if value >= 1 << 63 or value < -(1 << 63):
        return _float(float(value))
    if value >= 0:
        if value < 128:
            return bytes([value])
        size = next(size for size in (1, 2, 4, 8) if value < 1 << (8 * size))
        return bytes([{1: 0xCC, 2: 0xCD, 4: 0xCE, 8: 0xCF}[size]]) + value.to_bytes(size, "big")
    if value >= -32:
        return bytes([value & 0xFF])
    size = next(size for size in (1, 2, 4, 8) if value >= -(1 << (8 * size - 1)))
    return bytes([{1: 0xD0, 2: 0xD1, 4: 0xD2, 8: 0xD3}[size]]) + value.to_bytes(size, "big", signed=True)


def _float(value: float) -> bytes:
    try:
        short = struct.pack(">f", value)
    except OverflowError:
        return b"\xcb" + struct.pack(">d", value)
    if struct.unpack(">f", short)[0] == value:
        return b"\xca" + short
    return b"\xcb" + struct.pack(">d", value)


def _table(table: Table, depth: int) -> bytes:
    keys = [key for key, _ in table.pairs]
    if all(isinstance(key, int) and not isinstance(key, bool) and 1 <= key <= len(keys) for key in keys):
        items = dict(table.pairs)
        body = b"".join(pack(items[number], depth) for number in range(1, len(keys) + 1))
        return _head(len(keys), 0x90, 0xDC) + body
    return _head(len(keys), 0x80, 0xDE) + b"".join(pack(part, depth) for pair in table.pairs for part in pair)


def _head(length: int, short: int, long: int) -> bytes:
    if length < 16:
        return bytes([short | length])
    if length < 1 << 16:
        return bytes([long]) + length.to_bytes(2, "big")
    return bytes([long + 1]) + length.to_bytes(4, "big")


_SIZES: Final = {0xCC: 1, 0xCD: 2, 0xCE: 4, 0xCF: 8}
_SIGNED: Final = {0xD0: 1, 0xD1: 2, 0xD2: 4, 0xD3: 8}
# Not its binaries (0xC4 to 0xC6): real servers don't know them.
_STRINGS: Final = {0xD9: 1, 0xDA: 2, 0xDB: 4}
_ARRAYS: Final = {0xDC: 2, 0xDD: 4}
_MAPS: Final = {0xDE: 2, 0xDF: 4}
_CONSTANTS: Final = {0xC0: None, 0xC2: False, 0xC3: True}


@define
class _Reader:
    data: bytes
    at: int = 0

    def take(self, size: int) -> bytes:
        """The next bytes.

        Raises:
            PackError: there are not so many.
        """
        found = self.data[self.at : self.at + size]
        if len(found) < size:
            raise PackError("Missing bytes in input.")
        self.at += size
        return found

    def number(self, size: int, *, signed: bool = False) -> int:
        return int.from_bytes(self.take(size), "big", signed=signed)

    def value(self) -> object:  # noqa: PLR0911 - one for each kind
        kind = self.number(1)
        if kind < 0x80 or kind >= 0xE0:
            return kind if kind < 0x80 else kind - 0x100
        if kind in _CONSTANTS:
            return _CONSTANTS[kind]
        if kind in _SIZES or kind in _SIGNED:
            return self.number(_SIZES.get(kind) or _SIGNED[kind], signed=kind in _SIGNED)
        if kind in {0xCA, 0xCB}:
            return float(struct.unpack(">f" if kind == 0xCA else ">d", self.take(4 if kind == 0xCA else 8))[0])
        if 0xA0 <= kind < 0xC0 or kind in _STRINGS:
            return self.take(kind & 31 if kind < 0xC0 else self.number(_STRINGS[kind]))
        if 0x90 <= kind < 0xA0 or kind in _ARRAYS:
            return [self.value() for _ in range(kind & 15 if kind < 0xA0 else self.number(_ARRAYS[kind]))]
        if kind < 0x90 or kind in _MAPS:
            count = kind & 15 if kind < 0x90 else self.number(_MAPS[kind])
            return {self.value(): self.value() for _ in range(count)}
        raise PackError("Bad data format in input.")


def unpack(data: bytes, *, at: int = 0, most: int | None = None) -> tuple[list[object], int]:
    """Values in these bytes: bytes, numbers, bools, None, lists and dicts.

    Args:
        data: the bytes.
        at: where to begin.
        most: how many values to read at most; None: all.

    Returns:
        The values, and where the last of them ends.

    Raises:
        PackError: they are no MessagePack.
    """
    reader = _Reader(data, at)
    values: list[object] = []
    while reader.at < len(data) and (most is None or len(values) < most):
        values.append(reader.value())
    return values, reader.at
