"""How many bytes the entries of a node take in Redis' listpack, which decides when a node is full.

A listpack is a header of six bytes, elements, and one byte that ends it. An element is a whole number in as few bytes
as it needs or a string with its length, and behind it the length of all that once more, for those who go backwards.
A node begins with a master entry: how many entries live, how many are deleted, and the names of the first one's fields.
Entries with just these names store values only.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ._ids import Id

EMPTY: Final = 7
FLAGS: Final = 2
_INTEGER_DIGITS: Final = 20
_INTEGER_FIRST: Final = frozenset(b"-0123456789")
_STEPS: Final = ((127, 1), (16382, 2), (2097150, 3), (268435454, 4))


def number_size(number: int) -> int:
    """Bytes of a whole number."""
    if 0 <= number <= 127:
        return 2
    if -4096 <= number <= 4095:
        return 3
    if -(1 << 15) <= number < 1 << 15:
        return 4
    if -(1 << 23) <= number < 1 << 23:
        return 5
    if -(1 << 31) <= number < 1 << 31:
        return 6
    return 10


def word_size(word: bytes) -> int:
    """Bytes of a string, which may be a whole number."""
    length = len(word)
    if length <= _INTEGER_DIGITS and word and word[0] in _INTEGER_FIRST:
        number = _as_number(word)
        if number is not None:
            return number_size(number)
    if length < 64:
        return length + 2
    size = length + (2 if length < 4096 else 5)
    return size + next((each for most, each in _STEPS if size <= most), 5)


def _as_number(word: bytes) -> int | None:
    """Digits without a leading zero, in 64 bits."""
    digits = word[1:] if word[0] == 45 else word
    if not digits.isdigit() or (digits[0] == 48 and len(word) > 1):
        return None
    number = int(word)
    return number if -(1 << 63) <= number < 1 << 63 else None


def master_size(names: Sequence[bytes]) -> int:
    """Bytes of a master entry for which there are no entries yet."""
    return 2 + 2 + number_size(len(names)) + sum(map(word_size, names)) + 2


def entry_size(master_id: Id, entry_id: Id, fields: Sequence[bytes], *, same_names: bool) -> int:
    """Bytes of an entry."""
    pairs = len(fields) // 2
    ms, seq = _signed(entry_id[0] - master_id[0]), _signed(entry_id[1] - master_id[1])
    size = FLAGS + number_size(ms) + number_size(seq)
    if same_names:
        return size + sum(map(word_size, fields[1::2])) + number_size(pairs + 3)
    return size + number_size(pairs) + sum(map(word_size, fields)) + number_size(2 * pairs + 4)


def _signed(number: int) -> int:
    """As 64 bits keep it."""
    return (number + (1 << 63)) % (1 << 64) - (1 << 63)


def counts_size(live: int, deleted: int) -> int:
    """By how much the two counts of the master entry are larger than when there is nothing."""
    return number_size(live) + number_size(deleted) - 4
