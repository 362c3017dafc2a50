"""Strings as rows of bits. Numbers of any width in them: `_bitfield`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from typing import Final

from .._command import Call, Command, integer
from .._errors import CommandError, syntax_error
from .._reply import Reply
from ._text import ChangedText, put_text, text_at

NO_OFFSET: Final = "ERR bit offset is not an integer or out of range"
NO_BIT: Final = "ERR bit is not an integer or out of range"


def bit_offset(call: Call, word: bytes) -> int:
    """Which bit.

    Raises:
        CommandError: that is no number, or beyond the longest string.
    """
    offset = integer(word, NO_OFFSET, least=0)
    if offset >> 3 >= longest(call):
        raise CommandError(NO_OFFSET)
    return offset


def longest(call: Call) -> int:
    """How long a string of bits may get: before 6.2 that was not to be set."""
    return call.engine.configuration.number("proto-max-bulk-len") if call.profile.since(6, 2) else 512 << 20


def setbit(call: Call) -> Reply:
    """SETBIT key offset value: what it was."""
    key = call.words[1]
    offset, bit = bit_offset(call, call.words[2]), integer(call.words[3], NO_BIT, least=0, most=1)
    text = text_at(call, key)
    changed = bytearray((text or b"").ljust((offset >> 3) + 1, b"\0"))
    mask = 0x80 >> (offset & 7)
    old = changed[offset >> 3] & mask
    changed[offset >> 3] = changed[offset >> 3] & ~mask | (mask if bit else 0)
    # Since 7.0 what changes nothing is no change.
    if not call.profile.since(7, 0) or len(changed) > len(text or b"") or bool(old) != bool(bit):
        put_text(call, key, ChangedText(changed), "setbit")
    else:
        call.database.values[key] = ChangedText(changed)
    return int(bool(old))


def getbit(call: Call) -> Reply:
    """GETBIT key offset."""
    offset = bit_offset(call, call.words[2])
    text = text_at(call, call.words[1]) or b""
    byte = text[offset >> 3] if offset >> 3 < len(text) else 0
    return byte >> (7 - (offset & 7)) & 1


def bitcount(call: Call) -> Reply:
    """BITCOUNT key [start end [BYTE|BIT]]."""
    words, newer = call.words, call.profile.since(8, 0)
    text = None
    if not newer:
        text = text_at(call, words[1])
        if text is None:
            return 0
    most = 5 if call.profile.since(7, 0) else 4
    if len(words) == 3 or len(words) > most:
        raise syntax_error()
    start, end, unit = 0, -1, 8
    if len(words) > 3:
        start, end = integer(words[2]), integer(words[3])
        # Before 8.0 an empty range is seen before the unit is read.
        if not newer and start < 0 and end < 0 and start > end:
            return 0
        unit = _unit(words[4]) if len(words) == 5 else 8
    text = text_at(call, words[1]) or b""
    begin, behind = _range(text, start, end, unit)
    return _bits_between(text, begin, behind).bit_count()


def _unit(word: bytes) -> int:
    if word.upper() not in (b"BIT", b"BYTE"):
        raise syntax_error()
    return 1 if word.upper() == b"BIT" else 8


def _range(text: bytes, start: int, end: int, unit: int) -> tuple[int, int]:
    """A range of bytes or bits, as bits: the first, and that behind the last."""
    length = len(text) * 8 // unit
    if start < 0 and end < 0 and start > end:
        return 0, 0
    begin = max(start + length if start < 0 else start, 0)
    behind = min(max(end + length if end < 0 else end, 0), length - 1) + 1
    return (begin * unit, behind * unit) if begin < behind else (0, 0)


def _bits_between(text: bytes, begin: int, behind: int) -> int:
    """Some bits as one number."""
    first, last = begin >> 3, (behind + 7) >> 3
    number = int.from_bytes(text[first:last], "big") >> (last * 8 - behind)
    return number & ((1 << (behind - begin)) - 1)


def bitpos(call: Call) -> Reply:
    """BITPOS key bit [start [end [BYTE|BIT]]]: where the first such bit is; -1: nowhere."""
    words, newer = call.words, call.profile.since(8, 0)
    bit = integer(words[2])
    if bit not in (0, 1):
        raise CommandError("ERR The bit argument must be 1 or 0.")
    nowhere = -1 if bit else 0
    if not newer and text_at(call, words[1]) is None:
        return nowhere
    if len(words) > (6 if call.profile.since(7, 0) else 5):
        raise syntax_error()
    start = integer(words[3]) if len(words) > 3 else 0
    unit = _unit(words[5]) if len(words) == 6 else 8
    end = integer(words[4]) if len(words) > 4 else None
    text = text_at(call, words[1])
    if text is None:
        return nowhere
    begin, behind = _position_range(text, start, end, unit)
    if begin >= behind:
        return -1
    return _find_bit(text, bit, begin, behind, ends=end is not None)


def _position_range(text: bytes, start: int, end: int | None, unit: int) -> tuple[int, int]:
    length = len(text) * 8 // unit
    last = length - 1 if end is None else end
    begin = max(start + length if start < 0 else start, 0)
    behind = min(max(last + length if last < 0 else last, 0), length - 1) + 1
    return begin * unit, behind * unit


def _find_bit(text: bytes, bit: int, begin: int, behind: int, *, ends: bool) -> int:
    width = behind - begin
    number = _bits_between(text, begin, behind)
    if not bit:
        number ^= (1 << width) - 1
    if number:
        return begin + width - number.bit_length()
    # Where no end was said, zeros follow for ever.
    return -1 if bit or ends else behind


def bitop(call: Call) -> Reply:
    """BITOP AND|OR|XOR|NOT|DIFF|DIFF1|ANDOR|ONE destination key ...: how long the result is."""
    name, target, *keys = call.words[1:]
    operation = name.upper()
    if operation not in _OPERATIONS or (operation in _NEWER and not call.profile.since(8, 2)):
        raise syntax_error()
    if operation == b"NOT" and len(keys) != 1:
        raise CommandError("ERR BITOP NOT must be called with a single source key.")
    if operation in _WITH_OTHERS and len(keys) < 2:
        raise CommandError(b"ERR BITOP %b must be called with at least two source keys." % operation)
    texts = [text_at(call, key) or b"" for key in keys]
    length = max(map(len, texts))
    if not length:
        if call.database.delete(target):
            call.notify("g", "del", target)
        return 0
    numbers = [int.from_bytes(text.ljust(length, b"\0"), "big") for text in texts]
    result = _OPERATIONS[operation](numbers) & ((1 << (8 * length)) - 1)
    call.database.put(target, ChangedText(result.to_bytes(length, "big")), overwrites=True)
    call.notify("$", "set", target)
    return length


def _any_of(numbers: Sequence[int]) -> int:
    return reduce(lambda one, other: one | other, numbers)


def _only_one(numbers: Sequence[int]) -> int:
    once, more = 0, 0
    for number in numbers:
        more |= once & number
        once = (once ^ number) & ~more
    return once


_OPERATIONS: Final[dict[bytes, Callable[[Sequence[int]], int]]] = {
    b"AND": lambda numbers: reduce(lambda one, other: one & other, numbers),
    b"OR": _any_of,
    b"XOR": lambda numbers: reduce(lambda one, other: one ^ other, numbers),
    b"NOT": lambda numbers: ~numbers[0],
    b"DIFF": lambda numbers: numbers[0] & ~_any_of(numbers[1:]),
    b"DIFF1": lambda numbers: ~numbers[0] & _any_of(numbers[1:]),
    b"ANDOR": lambda numbers: numbers[0] & _any_of(numbers[1:]),
    b"ONE": _only_one,
}
_WITH_OTHERS: Final = frozenset({b"DIFF", b"DIFF1", b"ANDOR"})
_NEWER: Final = _WITH_OTHERS | {b"ONE"}

_ONE = (1, 1, 1)

BIT_COMMANDS: Final[Sequence[Command]] = (
    Command("setbit", setbit, 4, "write denyoom", _ONE, since=(2, 2), group="bitmap"),
    Command("getbit", getbit, 3, "readonly fast", _ONE, since=(2, 2), group="bitmap"),
    Command("bitcount", bitcount, -2, "readonly", _ONE, since=(2, 6), group="bitmap"),
    Command("bitpos", bitpos, -3, "readonly", _ONE, since=(2, 8), group="bitmap"),
    Command("bitop", bitop, -4, "write denyoom", (2, -1, 1), since=(2, 6), group="bitmap"),
)
