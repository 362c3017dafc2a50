"""How many bytes an element takes in a listpack, the compact encoding of small values."""

from __future__ import annotations

from .._command import INTEGER_MAX, INTEGER_MIN

_WHOLE = ((-(1 << 12), (1 << 12) - 1, 2), (-(1 << 15), (1 << 15) - 1, 3), (-(1 << 23), (1 << 23) - 1, 4))
_BACK = ((127, 1), (16383, 2), (2097151, 3), (268435455, 4))


def whole_number(text: bytes) -> int | None:
    """The number of which this is the only spelling; None where it is none, or one beyond 64 bits."""
    if not 0 < len(text) <= 20:
        return None
    digits = text[1:] if text[:1] == b"-" else text
    if not digits.isdigit() or (digits[:1] == b"0" and len(text) > 1):
        return None
    number = int(text)
    return number if INTEGER_MIN <= number <= INTEGER_MAX else None


def size_in_pack(text: bytes) -> int:
    """The bytes of an element, with its header and its length behind it."""
    length = len(text)
    number = whole_number(text) if length <= 20 else None
    header = 1 if length < 64 else 2 if length < 4096 else 5
    size = length + header if number is None else _size_of_number(number)
    return size + next((back for most, back in _BACK if size <= most), 5)


def _size_of_number(number: int) -> int:
    if 0 <= number <= 127:
        return 1
    for low, high, size in _WHOLE:
        if low <= number <= high:
            return size
    return 5 if -(1 << 31) <= number < 1 << 31 else 9
