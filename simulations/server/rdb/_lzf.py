"""LZF, by which long strings are made smaller: runs of plain bytes, and references to what was there before.

::

    000LLLLL                    L + 1 plain bytes follow
    LLLooooo oooooooo           L + 2 bytes as they were o + 1 bytes before
    111ooooo LLLLLLLL oooooooo  L + 9 bytes

What is found is what the library finds that Redis has, so that the results are the same bytes: where three bytes were
seen last is kept by a hash of them, and nobody looks any further.
"""

from __future__ import annotations

from typing import Final

PLAIN_MAX: Final = 32
DISTANCE_MAX: Final = 1 << 13
LENGTH_MAX: Final = 264
SLOTS: Final = (1 << 16) - 1
COMPARED_AT_ONCE: Final = 19
"""Where there are more than 16, the library compares so many before it looks how many it may compare."""


def compressed(data: bytes) -> bytes | None:
    """The same in fewer bytes; None where it would not be at least four bytes less."""
    most = len(data) - 4
    if most <= 0:
        return None
    out, plain, at, end = bytearray(), 0, 0, len(data) - 2
    seen: dict[int, int] = {}
    while at < end:
        slot = _slot(data, at)
        before = seen.get(slot, 0)
        seen[slot] = at
        if not (before > 0 and at - before - 1 < DISTANCE_MAX and data[before : before + 3] == data[at : at + 3]):
            at += 1
            continue
        length = _length_of_match(data, before, at)
        opened = _opened(out, at - plain)
        if opened - ((at - plain) % PLAIN_MAX == 0) + 4 >= most:
            return None
        _add_plain(out, data[plain:at])
        distance, count = at - before - 1, length - 2
        if count < 7:
            out.append((distance >> 8) + (count << 5))
        else:
            out += bytes(((distance >> 8) + (7 << 5), count - 7))
        out.append(distance & 0xFF)
        at += length
        plain = at
        if at >= end:
            break
        for place in (at - 2, at - 1):
            seen[_slot(data, place)] = place
    if _opened(out, at - plain) + 3 > most:
        return None
    _add_plain(out, data[plain:])
    return bytes(out)


def _slot(data: bytes, at: int) -> int:
    """Of the hash table, for three bytes."""
    value = data[at] << 16 | data[at + 1] << 8 | data[at + 2]
    return ((value >> 8) - value * 5) & SLOTS


def _length_of_match(data: bytes, before: int, at: int) -> int:
    """How many bytes are the same, three of which are known to be."""
    most = min(len(data) - at - 2, LENGTH_MAX)
    most = max(most, COMPARED_AT_ONCE if most > 16 else 3)
    one, other = data[before : before + most], data[at : at + most]
    if one == other:
        return most
    unlike = int.from_bytes(one, "little") ^ int.from_bytes(other, "little")
    return ((unlike & -unlike).bit_length() - 1) // 8


def _opened(out: bytearray, plain: int) -> int:
    """Where the library would write the next byte behind so many plain ones: it always leaves room for their count."""
    return len(out) + plain + plain // PLAIN_MAX + 1


def _add_plain(out: bytearray, plain: bytes) -> None:
    for at in range(0, len(plain), PLAIN_MAX):
        run = plain[at : at + PLAIN_MAX]
        out.append(len(run) - 1)
        out += run


def decompressed(data: bytes, length: int) -> bytes:
    """What was made smaller.

    Raises:
        IndexError: it is no such text, or not of this length.
    """
    out, at = bytearray(), 0
    while at < len(data):
        control = data[at]
        at += 1
        if control < PLAIN_MAX:
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
        _repeat(out, begin, count + 2)
    if len(out) != length:
        raise IndexError(length)
    return bytes(out)


def _repeat(out: bytearray, begin: int, count: int) -> None:
    """Add bytes from further ahead, which may overlap with what is added."""
    period = len(out) - begin
    if count <= period:
        out += out[begin : begin + count]
    else:
        once = bytes(out[begin:])
        out += (once * (count // period + 1))[:count]
