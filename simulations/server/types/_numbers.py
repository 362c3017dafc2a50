"""Numbers with a fraction, as Redis reads them and as each version writes them.

What INCRBYFLOAT and HINCRBYFLOAT add is a long double of x86: a fraction of 64 bits, which is more than Python's float
has. It is a `Fraction` here, rounded after each step.
"""

from __future__ import annotations

import math
import re
from decimal import Decimal
from fractions import Fraction
from typing import Final

from .._errors import NOT_A_FLOAT, CommandError
from .._profile import Profile
from .._reply import Double

_DECIMAL: Final = re.compile(rb"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_HEXADECIMAL: Final = re.compile(rb"[+-]?0[xX]([0-9a-fA-F]+\.?[0-9a-fA-F]*|\.[0-9a-fA-F]+)([pP][+-]?[0-9]+)?")
_INFINITE: Final = re.compile(rb"[+-]?inf(inity)?", re.IGNORECASE)
_LONG_DIGITS: Final = 64
_LONG_MAX: Final = Fraction(2) ** 16384
_LONGEST: Final = 5 * 1024
"""The longest text that a real server takes for a long double."""


def double(word: bytes, error: str = NOT_A_FLOAT) -> float:
    """A double as Redis reads it: as C does, but for blanks and what is no number.

    Raises:
        CommandError: it is none.
    """
    number = parse_double(word)
    if number is None:
        raise CommandError(error)
    return number


def parse_double(word: bytes) -> float | None:
    """The same; None where it is none."""
    if _DECIMAL.fullmatch(word):
        number = float(word)
        if math.isinf(number) or (number == 0.0 and re.search(rb"[1-9]", re.split(rb"[eE]", word)[0])):
            return None
        return number
    if _INFINITE.fullmatch(word):
        return -math.inf if word.startswith(b"-") else math.inf
    if _HEXADECIMAL.fullmatch(word):
        try:
            return float.fromhex(word.decode())
        except OverflowError:
            return None
    return None


def long_double(word: bytes, error: str = NOT_A_FLOAT) -> Fraction | float:
    """A long double; infinite ones are floats.

    Raises:
        CommandError: it is none.
    """
    if len(word) <= _LONGEST:
        if _DECIMAL.fullmatch(word) and abs(Decimal(word.decode()).adjusted()) < 5000:
            number = rounded(Fraction(word.decode()))
            if abs(number) < _LONG_MAX:
                return number
        elif _INFINITE.fullmatch(word):
            return -math.inf if word.startswith(b"-") else math.inf
        elif _HEXADECIMAL.fullmatch(word):
            return Fraction(float.fromhex(word.decode()))
    raise CommandError(error)


def rounded(number: Fraction) -> Fraction:
    """The nearest long double."""
    if number == 0:
        return number
    shift = number.numerator.bit_length() - number.denominator.bit_length() - _LONG_DIGITS
    scaled = number / Fraction(2) ** shift
    while abs(scaled) >= 2**_LONG_DIGITS:
        shift, scaled = shift + 1, scaled / 2
    while abs(scaled) < 2 ** (_LONG_DIGITS - 1):
        shift, scaled = shift - 1, scaled * 2
    return round(scaled) * Fraction(2) ** shift


def long_double_text(number: Fraction) -> bytes:
    """A long double as it is stored: up to 17 digits behind the point, no zeros at the end."""
    digits = round(number * 10**17)
    text = f"{abs(digits) // 10**17}.{abs(digits) % 10**17:017d}".rstrip("0").rstrip(".")
    return (b"-" if digits < 0 else b"") + text.encode()


def score_reply(number: float, profile: Profile) -> Double:
    """A double as the replies of a version have it."""
    return Double(double_text(number, profile))


def double_text(number: float, profile: Profile) -> bytes:
    """The same as text: 17 digits before 7.2, as few as tell it since then."""
    if math.isinf(number) or not profile.since(7, 2):
        return all_digits(number)
    return shortest(number)


def all_digits(number: float) -> bytes:
    """17 digits, which are always enough."""
    return f"{number:.17g}".encode()


def shortest(number: float) -> bytes:
    """As few digits as tell a double from its neighbours."""
    if number == 0:
        return b"-0" if math.copysign(1, number) < 0 else b"0"
    sign, digit_tuple, exponent = Decimal(repr(number)).as_tuple()
    digits = "".join(map(str, digit_tuple))
    stripped = digits.rstrip("0")
    power = int(exponent) + len(digits) - len(stripped)
    return (b"-" if sign else b"") + _placed(stripped, power).encode()


def _placed(digits: str, power: int) -> str:
    """Digits with a point, or a power of ten behind them where that would be long."""
    count, exponent = len(digits), power + len(digits) - 1
    if power >= 0 and abs(exponent) < count + 7:
        return digits + "0" * power
    if power < 0 and (power > -7 or abs(exponent) < 4):
        whole = count + power
        return f"0.{'0' * -whole}{digits}" if whole <= 0 else f"{digits[:whole]}.{digits[whole:]}"
    return digits[0] + (f".{digits[1:]}" if count > 1 else "") + f"e{exponent:+d}"


_BLANKS: Final = b" \t\n\v\f\r"


def double_of_range(word: bytes, profile: Profile) -> float | None:
    """An end of a range of scores: none at all, what is too large, and, before 8.0, blanks before it are taken too."""
    text = word if profile.since(8, 0) else word.lstrip(_BLANKS)
    if _DECIMAL.fullmatch(text):
        return float(text)
    if not word:
        return 0.0
    return parse_double(text)
