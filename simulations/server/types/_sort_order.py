"""In which order SORT has elements: by numbers or as text, by themselves or by what other keys hold."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from functools import cmp_to_key
from typing import Final

from attrs import define, field

from .._command import Call
from .._errors import CommandError
from ._hash import Hash
from ._numbers import parse_double
from ._partial_sort import partial_sort

NO_NUMBER: Final = "ERR One or more scores can't be converted into double"
_BLANKS: Final = b" \t\n\v\f\r"
_PLAIN: Final = re.compile(rb"-?(([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?|inf(inity)?)", re.IGNORECASE)


@define
class SortOptions:
    """What SORT was told.

    Attributes:
        descending: DESC.
        as_text: ALPHA.
        by: BY, a pattern of keys; None: by the elements themselves.
        unsorted: whether a BY without an asterisk said that nothing is to be sorted.
        offset, limit: LIMIT; a limit below zero is none.
        gets: each GET.
        store: STORE.
    """

    descending: bool = False
    as_text: bool = False
    by: bytes | None = None
    unsorted: bool = False
    offset: int = 0
    limit: int = -1
    gets: list[bytes] = field(factory=list)
    store: bytes | None = None


def look_up(call: Call, pattern: bytes, element: bytes) -> bytes | None:
    """What the key holds that a pattern names for an element, or a field of it: ``weight_*``, ``object_*->field``."""
    if pattern == b"#":
        return element
    seen = _as_c_string(pattern)
    star = seen.find(b"*")
    if star < 0:
        return None
    arrow = seen.find(b"->", star + 1)
    if arrow < 0 or arrow + 2 == len(seen):
        value = call.database.get(pattern[:star] + element + pattern[star + 1 :])
        return bytes(value) if isinstance(value, bytes) else None
    held = call.database.get(pattern[:star] + element + pattern[star + 1 : arrow])
    field = pattern[arrow + 2 :]
    if not isinstance(held, Hash) or not held.is_live(field, call.now_ms):
        return None
    return held.fields[field]


def ordered(call: Call, elements: list[bytes], options: SortOptions, first: int, last: int) -> list[bytes]:
    """The elements in their order, at least those from one place to another.

    Raises:
        CommandError: one of them, or what they are sorted by, is no number.
    """
    if not options.as_text:
        numbers = [_number(call, options, element) for element in elements]
        rows = sorted(zip(numbers, elements, strict=True), reverse=options.descending)
        return [element for _, element in rows]
    cut: Callable[[bytes], bytes] = bytes if options.store is not None else _as_c_string
    if options.by is None:
        return sorted(elements, key=cut, reverse=options.descending)
    texts = [look_up(call, options.by, element) for element in elements]
    keys = [(False, b"") if text is None else (True, cut(text)) for text in texts]
    return _by_texts(list(zip(keys, elements, strict=True)), options, (first, last))


_Row = tuple[tuple[bool, bytes], bytes]


def _by_texts(rows: list[_Row], options: SortOptions, part: tuple[int, int]) -> list[bytes]:
    """Several elements may have the same text: then it shows how a real server sorts."""

    def compare(one: _Row, other: _Row) -> int:
        order = (one[0] > other[0]) - (one[0] < other[0])
        return -order if options.descending else order

    if part == (0, len(rows) - 1):
        rows.sort(key=cmp_to_key(compare))
    else:
        partial_sort(rows, compare, *part)
    return [element for _, element in rows]


def _number(call: Call, options: SortOptions, element: bytes) -> float:
    text = element if options.by is None else look_up(call, options.by, element)
    if text is None:
        return 0.0
    number = _parsed(_as_c_string(text), is_plain=call.profile.since(8, 0))
    if number is None or math.isnan(number):
        raise CommandError(NO_NUMBER)
    return number


def _parsed(text: bytes, *, is_plain: bool) -> float | None:
    """A number as C's strtod takes it; since 8.0 without blanks, plus and hexadecimal ones, and of any size."""
    if not text:
        return 0.0
    if is_plain:
        return float(text) if _PLAIN.fullmatch(text) else None
    return parse_double(text.lstrip(_BLANKS))


def _as_c_string(text: bytes) -> bytes:
    """A text up to its first zero byte."""
    return text.split(b"\0", 1)[0]
