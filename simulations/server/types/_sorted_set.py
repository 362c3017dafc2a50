"""What a sorted set is: members with their scores, in the order of score and then of the member's bytes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import ClassVar

from sortedcontainers import SortedList

from .._profile import Profile
from ..administration._configuration import Configuration
from ._limits import Limits
from ._scan import ScanOrder

Row = tuple[float, bytes]
"""A score and a member."""


class SortedSet:
    """A sorted set.

    Attributes:
        scores: of each member.
        rows: scores and members, sorted.
    """

    KIND: ClassVar[str] = "zset"

    __slots__ = ("is_compact", "rows", "scan_order", "scores")

    def __init__(self, *, is_compact: bool = True) -> None:
        self.scores: dict[bytes, float] = {}
        self.rows: SortedList[Row] = SortedList()
        self.is_compact = is_compact
        self.scan_order: ScanOrder | None = None

    @classmethod
    def of(cls, scores: Iterable[tuple[bytes, float]], limits: Limits) -> SortedSet:
        """The result of a command: compact if it is small enough."""
        made = cls()
        made.scores = dict(scores)
        longest = max(map(len, made.scores), default=0)
        made.is_compact = len(made.scores) <= limits.zset_entries and longest <= limits.zset_value
        if made.is_compact and limits.packs_numbers:
            made.scores = {member: score or 0.0 for member, score in made.scores.items()}
        made.rows.update((score, member) for member, score in made.scores.items())
        return made

    @classmethod
    def for_first(cls, member: bytes, limits: Limits, count: int) -> SortedSet:
        """An empty one, as it is made for a first member of about so many."""
        newer = limits.set_entries >= 0
        fits = count <= limits.zset_entries if newer else limits.zset_entries > 0
        return cls(is_compact=fits and len(member) <= limits.zset_value)

    def encoding(self, profile: Profile, _configuration: Configuration) -> str:
        """As OBJECT ENCODING says it."""
        if not self.is_compact:
            return "skiplist"
        return "listpack" if profile.since(7, 0) else "ziplist"

    def copy(self) -> SortedSet:
        """Another of the same members."""
        made = SortedSet(is_compact=self.is_compact)
        made.scores, made.rows = self.scores.copy(), self.rows.copy()
        return made

    def expect(self, count: int, limits: Limits) -> None:
        """So many are about to be added: since 7.2 more than is compact changes it at once."""
        if limits.set_entries >= 0 and count > limits.zset_entries:
            self.is_compact = False

    def put(self, member: bytes, score: float, limits: Limits) -> None:
        """Give a member, which may be new, a score."""
        old = self.scores.get(member)
        if old is not None:
            self.rows.remove((old, member))
        elif self.is_compact and (len(self.scores) >= limits.zset_entries or len(member) > limits.zset_value):
            self.is_compact = False
        if score == 0 and self.is_compact and limits.packs_numbers:
            score = 0.0
        self.scores[member] = score
        self.rows.add((score, member))

    def remove(self, member: bytes) -> bool:
        """Remove a member; returns whether it was there."""
        score = self.scores.pop(member, None)
        if score is None:
            return False
        self.rows.remove((score, member))
        return True

    def remove_rows(self, begin: int, end: int) -> int:
        """Remove those from one rank to before another; returns how many."""
        gone = list(self.rows.islice(begin, end))
        del self.rows[begin:end]
        for _, member in gone:
            del self.scores[member]
        return len(gone)

    def rank(self, member: bytes) -> int:
        """How many are before a member that is there."""
        return self.rows.index((self.scores[member], member))

    def first_at(self, score: float, *, behind: bool) -> int:
        """The rank of the first with at least this score; or behind all that have it."""
        if behind:
            if score == math.inf:
                return len(self.rows)
            score = math.nextafter(score, math.inf)
        return self.rows.bisect_left((score, b""))

    def between(self, begin: int, end: int, *, backwards: bool = False) -> Iterator[Row]:
        """Those from one rank to before another."""
        return self.rows.islice(begin, end, reverse=backwards)
