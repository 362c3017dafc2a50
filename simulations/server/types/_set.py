"""What a set is: its members, and which of three encodings a real server would have them in.

The encoding decides about the order in which members are told: whole numbers in an "intset" by their size, others in a
"listpack" (since 7.2) as they came. In a "hashtable" there is no order, and we keep that in which they came.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from .._profile import Profile
from ..administration._configuration import Configuration
from ._limits import Limits
from ._packed import whole_number
from ._scan import ScanOrder

_INTSET_MAX = 1 << 30


class Set:
    """A set.

    Attributes:
        members: each once; ask `ordered` for the order in which they are told.
    """

    KIND: ClassVar[str] = "set"

    __slots__ = ("_encoding", "members", "scan_order")

    def __init__(self, encoding: str = "intset") -> None:
        self.members: dict[bytes, None] = {}
        self._encoding = encoding
        self.scan_order: ScanOrder | None = None

    @classmethod
    def of(cls, members: Iterable[bytes], limits: Limits) -> Set:
        """A set of these, as it is when they are added one by one."""
        made = cls()
        for member in members:
            made.add(member, limits)
        return made

    @classmethod
    def for_first(cls, member: bytes, limits: Limits, count: int = 1) -> Set:
        """An empty set, as it is made for a first member of about so many."""
        if whole_number(member) is not None and (count <= limits.intset_entries or limits.set_entries < 0):
            return cls("intset")
        return cls("listpack" if count <= limits.set_entries else "hashtable")

    def encoding(self, _profile: Profile, _configuration: Configuration) -> str:
        """As OBJECT ENCODING says it."""
        return self._encoding

    @property
    def is_compact(self) -> bool:
        """Whether it is in one of the encodings for small sets."""
        return self._encoding != "hashtable"

    @property
    def is_intset(self) -> bool:
        """Whether all its members are whole numbers, and few."""
        return self._encoding == "intset"

    def copy(self) -> Set:
        """Another of the same members."""
        made = Set(self._encoding)
        made.members = self.members.copy()
        return made

    def ordered(self) -> list[bytes]:
        """The members in the order in which they are told."""
        return sorted(self.members, key=int) if self._encoding == "intset" else list(self.members)

    def expect(self, count: int, limits: Limits) -> None:
        """So many are about to be added: since 7.2 more than its encoding is for change it at once."""
        if limits.set_entries < 0:
            return
        if (self._encoding == "listpack" and count > limits.set_entries) or (
            self._encoding == "intset" and count > limits.intset_entries
        ):
            self._encoding = "hashtable"

    def add(self, member: bytes, limits: Limits) -> bool:
        """Add a member; returns whether it is new."""
        if member in self.members:
            return False
        if self._encoding == "intset":
            self._add_to_intset(member, limits)
        elif self._encoding == "listpack" and not self._fits(member, limits):
            self._encoding = "hashtable"
        self.members[member] = None
        return True

    def _add_to_intset(self, member: bytes, limits: Limits) -> None:
        if whole_number(member) is not None:
            if len(self.members) >= min(limits.intset_entries, _INTSET_MAX):
                self._encoding = "hashtable"
            return
        self.members = dict.fromkeys(self.ordered())
        longest = max(map(len, self.members), default=0)
        small = self._fits(member, limits) and longest <= limits.set_value
        self._encoding = "listpack" if small else "hashtable"

    def _fits(self, member: bytes, limits: Limits) -> bool:
        return len(self.members) < limits.set_entries and len(member) <= limits.set_value

    def discard(self, member: bytes) -> bool:
        """Remove a member; returns whether it was there."""
        if member not in self.members:
            return False
        del self.members[member]
        return True

    def to_intset(self, limits: Limits) -> None:
        """What is done with a result of which all members are whole numbers."""
        if len(self.members) <= min(limits.intset_entries, _INTSET_MAX):
            self._encoding = "intset"
