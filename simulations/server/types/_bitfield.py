"""BITFIELD: whole numbers of any width within a string."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from attrs import frozen

from .._command import Call, Command, integer
from .._errors import CommandError, syntax_error
from .._reply import Reply
from ._bits import NO_OFFSET, bit_offset, longest
from ._text import ChangedText, put_text, text_at

NO_TYPE: Final = "ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is."
_ARGUMENTS: Final = {b"GET": 2, b"SET": 3, b"INCRBY": 3}


@frozen
class Operation:
    """One step.

    Attributes:
        name: b"GET", b"SET" or b"INCRBY".
        signed, width, offset: which number.
        value: what to set, or to add.
        overflow: b"WRAP", b"SAT" or b"FAIL".
    """

    name: bytes
    signed: bool
    width: int
    offset: int
    value: int
    overflow: bytes

    def read(self, text: bytes | bytearray) -> int:
        """The number as it is now; behind the end of the string there are zeros."""
        first, last = self.offset >> 3, (self.offset + self.width + 7) >> 3
        number = int.from_bytes(bytes(text[first:last]).ljust(last - first, b"\0"), "big")
        number = number >> (last * 8 - self.offset - self.width) & ((1 << self.width) - 1)
        return number - (1 << self.width) if self.signed and number >> (self.width - 1) else number

    def write(self, text: bytearray, number: int) -> None:
        """Put a number in its place; the string is long enough."""
        first, last = self.offset >> 3, (self.offset + self.width + 7) >> 3
        shift, mask = last * 8 - self.offset - self.width, (1 << self.width) - 1
        held = int.from_bytes(text[first:last], "big") & ~(mask << shift)
        text[first:last] = (held | (number & mask) << shift).to_bytes(last - first, "big")

    def fitted(self, number: int) -> int | None:
        """A number as it is stored: what is too large is wrapped or cut; None where it is to fail."""
        low, high = (
            (-(1 << (self.width - 1)), (1 << (self.width - 1)) - 1) if self.signed else (0, (1 << self.width) - 1)
        )
        if low <= number <= high:
            return number
        if self.overflow == b"FAIL":
            return None
        if self.overflow == b"SAT":
            return low if number < low else high
        wrapped = number & ((1 << self.width) - 1)
        return wrapped - (1 << self.width) if self.signed and wrapped > high else wrapped


def bitfield(call: Call) -> Reply:
    """BITFIELD key [GET type offset|[OVERFLOW WRAP|SAT|FAIL] SET|INCRBY type offset value] ..."""
    return _run(call, read_only=False)


def bitfield_ro(call: Call) -> Reply:
    """BITFIELD_RO key [GET type offset ...]."""
    return _run(call, read_only=True)


def _run(call: Call, *, read_only: bool) -> Reply:
    operations = _parse(call)
    key = call.words[1]
    behind = max((each.offset + each.width for each in operations if each.name != b"GET"), default=0)
    if not behind:
        text = text_at(call, key) or b""
        return [each.read(text) for each in operations]
    if read_only:
        raise CommandError("ERR BITFIELD_RO only supports the GET subcommand")
    old = text_at(call, key)
    changed = bytearray((old or b"").ljust((behind + 7) >> 3, b"\0"))
    grown, changes = len(changed) > len(old or b""), 0
    replies: list[Reply] = []
    for each in operations:
        before = each.read(changed)
        if each.name == b"GET":
            replies.append(before)
            continue
        number = each.fitted(_wanted(each, before))
        if number is None:
            replies.append(None)
            continue
        each.write(changed, number)
        replies.append(before if each.name == b"SET" else number)
        changes += grown or number != before or not call.profile.since(7, 0)
    if changes:
        put_text(call, key, ChangedText(changed), "setbit")
    elif grown:
        call.database.put(key, ChangedText(changed), keep_expiry=True)
    else:
        call.database.values[key] = ChangedText(changed)
    return replies


def _wanted(operation: Operation, before: int) -> int:
    if operation.name == b"INCRBY":
        return before + operation.value
    # Of an unsigned number the value that is set has 64 bits without a sign.
    return operation.value if operation.signed else operation.value % (1 << 64)


def _parse(call: Call) -> list[Operation]:
    words, position, overflow = call.words, 2, b"WRAP"
    operations: list[Operation] = []
    while position < len(words):
        name, left = words[position].upper(), len(words) - position - 1
        if name == b"OVERFLOW" and left:
            overflow = words[position + 1].upper()
            if overflow not in (b"WRAP", b"SAT", b"FAIL"):
                raise CommandError("ERR Invalid OVERFLOW type specified")
            position += 2
            continue
        if left < _ARGUMENTS.get(name, left + 1):
            raise syntax_error()
        signed, width = _type(words[position + 1])
        offset = _offset(call, words[position + 2], width)
        value = 0 if name == b"GET" else integer(words[position + 3])
        operations.append(Operation(name, signed, width, offset, value, overflow))
        position += 1 + _ARGUMENTS[name]
    return operations


def _type(word: bytes) -> tuple[bool, int]:
    if word[:1] not in (b"i", b"u"):
        raise CommandError(NO_TYPE)
    signed = word[:1] == b"i"
    return signed, integer(word[1:], NO_TYPE, least=1, most=64 if signed else 63)


def _offset(call: Call, word: bytes, width: int) -> int:
    """Which bit; behind "#" it is which number of this width."""
    if not word.startswith(b"#"):
        return bit_offset(call, word)
    offset = integer(word[1:], NO_OFFSET, least=0) * width
    if offset >> 3 >= longest(call):
        raise CommandError(NO_OFFSET)
    return offset


_ONE = (1, 1, 1)

BITFIELD_COMMANDS: Final[Sequence[Command]] = (
    Command("bitfield", bitfield, -2, "write denyoom", _ONE, since=(3, 2), group="bitmap"),
    Command("bitfield_ro", bitfield_ro, -2, "readonly fast", _ONE, since=(6, 0), group="bitmap"),
)
