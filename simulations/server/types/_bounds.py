"""Ranges of sorted sets as commands say them: by rank, by score, by the bytes of the members."""

from __future__ import annotations

import re
from typing import Final, Protocol

from attrs import frozen

from .._command import integer
from .._errors import CommandError
from .._profile import Profile
from ._lists import span
from ._numbers import double_of_range
from ._sorted_set import SortedSet

NO_FLOAT: Final = "ERR min or max is not a float"
NO_ITEM: Final = "ERR min or max not valid string range item"


class Bounds(Protocol):
    """A range, before it is known of which sorted set."""

    def ranks(self, held: SortedSet) -> tuple[int, int]:
        """The rank of the first that is within, and that behind the last."""
        ...


@frozen
class ByRank:
    """From one rank to another, both within; below zero they count from the end."""

    start: int
    stop: int
    backwards: bool = False

    def ranks(self, held: SortedSet) -> tuple[int, int]:
        """The rank of the first that is within, and that behind the last."""
        length = len(held.rows)
        begin, end = span(self.start, self.stop, length)
        return (length - end, length - begin) if self.backwards else (begin, end)


@frozen
class ByScore:
    """From one score to another."""

    low: float
    high: float
    low_is_out: bool
    high_is_out: bool

    def ranks(self, held: SortedSet) -> tuple[int, int]:
        """The rank of the first that is within, and that behind the last."""
        begin = held.first_at(self.low, behind=self.low_is_out)
        end = held.first_at(self.high, behind=not self.high_is_out)
        return (begin, end) if begin < end else (0, 0)


@frozen
class Edge:
    """An end of a range of bytes.

    Attributes:
        text: the bytes; None: below all others ("-"), or above (`is_top`, "+").
        is_out: whether these bytes themselves are outside.
        is_top: above all others.
    """

    text: bytes | None
    is_out: bool = False
    is_top: bool = False

    def is_below(self, member: bytes) -> bool:
        """Whether a member is above this end, or at it where that is within."""
        if self.text is None:
            return not self.is_top
        return member > self.text or (member == self.text and not self.is_out)

    def is_above(self, member: bytes) -> bool:
        """Whether a member is below this end, or at it where that is within."""
        if self.text is None:
            return self.is_top
        return member < self.text or (member == self.text and not self.is_out)


@frozen
class ByText:
    """From some bytes to others, of members that all have the same score."""

    low: Edge
    high: Edge
    backwards: bool = False

    def ranks(self, held: SortedSet) -> tuple[int, int]:
        """The rank of the first that is within, and that behind the last.

        Where scores differ, as they should not, it is looked at all members from the first on, as a real server does
        in a small sorted set.
        """
        if not held.rows or self._is_empty():
            return 0, 0
        if held.rows[0][0] != held.rows[-1][0]:
            return self._ranks_one_by_one(held)
        begin, end = self._place(held, self.low, default=0), self._place(held, self.high, default=len(held.rows))
        return (begin, end) if begin < end else (0, 0)

    def _is_empty(self) -> bool:
        low, high = self.low, self.high
        if (low.text is None and low.is_top) or (high.text is None and not high.is_top):
            return True
        if low.text is None or high.text is None:
            return False
        return low.text > high.text or (low.text == high.text and (low.is_out or high.is_out))

    def _place(self, held: SortedSet, edge: Edge, default: int) -> int:
        if edge.text is None:
            return default
        behind = edge.is_out if edge is self.low else not edge.is_out
        return held.rows.bisect_left((held.rows[0][0], edge.text + b"\0" if behind else edge.text))

    def _ranks_one_by_one(self, held: SortedSet) -> tuple[int, int]:
        if not self.low.is_below(held.rows[-1][1]) or not self.high.is_above(held.rows[0][1]):
            return 0, 0
        members = [member for _, member in held.rows]
        length = len(members)
        if self.backwards:
            last = next(at for at in range(length - 1, -1, -1) if self.high.is_above(members[at]))
            return next((at + 1 for at in range(last, -1, -1) if not self.low.is_below(members[at])), 0), last + 1
        begin = next(at for at in range(length) if self.low.is_below(members[at]))
        return begin, next((at for at in range(begin, length) if not self.high.is_above(members[at])), length)


def by_rank(low: bytes, high: bytes, *, backwards: bool = False) -> ByRank:
    """A range of ranks, from the end where it goes backwards."""
    return ByRank(integer(low), integer(high), backwards)


def by_score(profile: Profile, low: bytes, high: bytes) -> ByScore:
    """A range of scores; "(" before one leaves it out.

    Raises:
        CommandError: one of them is none.
    """
    ends = [double_of_range(word.removeprefix(b"("), profile) for word in (low, high)]
    if ends[0] is None or ends[1] is None:
        raise CommandError(NO_FLOAT)
    return ByScore(ends[0], ends[1], low.startswith(b"("), high.startswith(b"("))


def by_text(low: bytes, high: bytes, *, backwards: bool = False) -> ByText:
    """A range of members: "[" or "(" before each end, or "-" and "+".

    Raises:
        CommandError: one of them is none.
    """
    return ByText(_edge(low), _edge(high), backwards)


def _edge(word: bytes) -> Edge:
    if word in (b"-", b"+"):
        return Edge(None, is_top=word == b"+")
    if not re.match(rb"[(\[]", word):
        raise CommandError(NO_ITEM)
    return Edge(word[1:], is_out=word.startswith(b"("))
