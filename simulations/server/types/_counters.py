"""Numbers in strings: INCR and the rest."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Final

from .._command import INTEGER_MAX, INTEGER_MIN, Call, Command, integer
from .._errors import NOT_AN_INTEGER, CommandError
from .._reply import Reply
from ._numbers import long_double, long_double_text, rounded
from ._text import ComputedText, put_text, text_at


def incr(call: Call) -> Reply:
    """INCR key."""
    return _add(call, 1)


def decr(call: Call) -> Reply:
    """DECR key."""
    return _add(call, -1)


def incrby(call: Call) -> Reply:
    """INCRBY key n."""
    return _add(call, integer(call.words[2]))


def decrby(call: Call) -> Reply:
    """DECRBY key n."""
    number = integer(call.words[2])
    if number == INTEGER_MIN:
        if call.profile.since(7, 0):
            raise CommandError("ERR decrement would overflow")
        return _add(call, number)  # there is no such number above zero: its negative is itself
    return _add(call, -number)


def _add(call: Call, number: int) -> Reply:
    key = call.words[1]
    text = text_at(call, key)
    total = (integer(text, NOT_AN_INTEGER) if text is not None else 0) + number
    if not INTEGER_MIN <= total <= INTEGER_MAX:
        raise CommandError("ERR increment or decrement would overflow")
    put_text(call, key, b"%d" % total, "incrby")
    return total


def incrbyfloat(call: Call) -> Reply:
    """INCRBYFLOAT key n."""
    key = call.words[1]
    old = text_at(call, key)
    total = sum_of_texts(b"0" if old is None else old, call.words[2])
    put_text(call, key, ComputedText(total), "incrbyfloat")
    return total


def sum_of_texts(first: bytes, second: bytes, first_error: str = "ERR value is not a valid float") -> bytes:
    """The sum of two numbers with a fraction, as text.

    Raises:
        CommandError: one of them is none, or the sum is infinite.
    """
    one, other = long_double(first, first_error), long_double(second)
    if not isinstance(one, Fraction) or not isinstance(other, Fraction):
        raise CommandError("ERR increment would produce NaN or Infinity")
    return long_double_text(rounded(one + other))


_ONE = (1, 1, 1)
_FLAGS = "write denyoom fast"

COUNTER_COMMANDS: Final[Sequence[Command]] = (
    Command("incr", incr, 2, _FLAGS, _ONE, group="string"),
    Command("decr", decr, 2, _FLAGS, _ONE, group="string"),
    Command("incrby", incrby, 3, _FLAGS, _ONE, group="string"),
    Command("decrby", decrby, 3, _FLAGS, _ONE, group="string"),
    Command("incrbyfloat", incrbyfloat, 3, _FLAGS, _ONE, since=(2, 6), group="string"),
)
