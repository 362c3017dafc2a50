"""A part of a sorted list, as real servers sort it where only a part is asked for.

Rows that compare as equal come in an order that nobody promised, and that everybody sees: so the steps are those of
Bentley and McIlroy's "Engineering a sort function" (1993), which BSD's qsort takes, with parts left alone that have no
row of the range.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

T = TypeVar("T")
Compare = Callable[[T, T], int]

FEW: Final = 7
"""So few rows are sorted by insertion."""
MANY: Final = 40
"""Of more rows than these the pivot is a median of nine, else of three."""


def partial_sort(rows: list[T], compare: Compare[T], first: int, last: int) -> None:
    """Put those rows in their places that belong from `first` to `last`; the others are before and behind these.

    Args:
        rows: sorted in place.
        compare: below 0 where its first argument comes first, 0 where neither does.
        first: the first of the places.
        last: the last of them.
    """
    parts = [(0, len(rows))]
    while parts:
        begin, end = parts.pop()
        if end - begin < FEW:
            _insert(rows, compare, begin, end)
            continue
        left, right = _partition(rows, compare, begin, end)
        parts += [
            (low, high)
            for low, high in ((end - right, end), (begin, begin + left))
            if high - low > 1 and low <= last and first < high
        ]


def _insert(rows: list[T], compare: Compare[T], begin: int, end: int) -> None:
    for at in range(begin + 1, end):
        while at > begin and compare(rows[at - 1], rows[at]) > 0:
            rows[at - 1], rows[at] = rows[at], rows[at - 1]
            at -= 1  # noqa: PLW2901 - where the row is now


def _pivot(rows: list[T], compare: Compare[T], begin: int, end: int) -> int:
    count = end - begin
    low, middle, high = begin, begin + count // 2, end - 1
    if count == FEW:
        return middle
    if count > MANY:
        step = count // 8
        low = _median(rows, compare, low, low + step, low + 2 * step)
        middle = _median(rows, compare, middle - step, middle, middle + step)
        high = _median(rows, compare, high - 2 * step, high - step, high)
    return _median(rows, compare, low, middle, high)


def _median(rows: list[T], compare: Compare[T], one: int, two: int, three: int) -> int:
    first, second, third = rows[one], rows[two], rows[three]
    if compare(first, second) < 0:
        if compare(second, third) < 0:
            return two
        return three if compare(first, third) < 0 else one
    if compare(second, third) > 0:
        return two
    return one if compare(first, third) < 0 else three


def _partition(rows: list[T], compare: Compare[T], begin: int, end: int) -> tuple[int, int]:
    """Part rows into less, equal and greater; returns how many are less, and how many greater."""
    _swap(rows, begin, _pivot(rows, compare, begin, end))
    pivot = rows[begin]
    equal_left = low = begin + 1
    equal_right = high = end - 1
    while True:
        while low <= high and (order := compare(rows[low], pivot)) <= 0:
            if order == 0:
                _swap(rows, equal_left, low)
                equal_left += 1
            low += 1
        while low <= high and (order := compare(rows[high], pivot)) >= 0:
            if order == 0:
                _swap(rows, high, equal_right)
                equal_right -= 1
            high -= 1
        if low > high:
            break
        _swap(rows, low, high)
        low, high = low + 1, high - 1
    less, greater = low - equal_left, equal_right - high
    _exchange(rows, begin, low, min(equal_left - begin, less))
    _exchange(rows, low, end, min(greater, end - equal_right - 1))
    return less, greater


def _swap(rows: list[T], one: int, other: int) -> None:
    rows[one], rows[other] = rows[other], rows[one]


def _exchange(rows: list[T], begin: int, end: int, count: int) -> None:
    """Exchange the first so many of a part with its last."""
    for step in range(count):
        _swap(rows, begin + step, end - count + step)
