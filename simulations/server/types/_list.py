"""What a list is: its elements, and whether they are still few and small enough to be packed together."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import ClassVar, Final

from .._profile import Profile
from ..administration._configuration import Configuration
from ._limits import Limits
from ._packed import size_in_pack

EMPTY_PACK: Final = 7
"""Bytes of a listpack that holds nothing."""
ABOUT: Final = 8
"""What a real server takes an element to need beside its bytes, when it looks whether the element fits into a node."""


class List:
    """A list.

    Attributes:
        items: the elements.
    """

    KIND: ClassVar[str] = "list"

    __slots__ = ("_bytes", "_packed", "items")

    def __init__(self) -> None:
        self.items: deque[bytes] = deque()
        self._packed = True
        self._bytes = EMPTY_PACK

    @classmethod
    def of(cls, items: Sequence[bytes], limits: Limits) -> List:
        """A list of these."""
        made = cls()
        made.push(items, left=False, limits=limits)
        return made

    @classmethod
    def stored(cls, items: Sequence[bytes], limits: Limits) -> List:
        """A list that a command stores: compact only if a large one of these would have a single node."""
        made, size, count = cls(), EMPTY_PACK, 0
        for item in items:
            if count and limits.list_node_exceeds(size + len(item) + ABOUT, count + 1):
                made._packed = False
            size, count = size + size_in_pack(item), count + 1
        made.items, made._bytes = deque(items), size
        made._packed = made._packed and not limits.list_node_exceeds(size, count)
        return made

    def encoding(self, profile: Profile, _configuration: Configuration) -> str:
        """As OBJECT ENCODING says it."""
        return "listpack" if self._packed and profile.since(7, 2) else "quicklist"

    def copy(self) -> List:
        """Another of the same elements."""
        made = List()
        made.items, made._packed, made._bytes = self.items.copy(), self._packed, self._bytes
        return made

    def push(self, values: Sequence[bytes], *, left: bool, limits: Limits) -> None:
        """Add elements at one end, one after the other."""
        self._grow(values, limits)
        self._bytes += sum(map(size_in_pack, values))
        if left:
            self.items.extendleft(values)
        else:
            self.items.extend(values)

    def pop(self, *, left: bool, limits: Limits) -> bytes:
        """Take one element from one end; there is one."""
        value = self.items.popleft() if left else self.items.pop()
        self._bytes -= size_in_pack(value)
        self.shrink(limits)
        return value

    def pop_several(self, count: int, *, left: bool, limits: Limits) -> list[bytes]:
        """Take up to so many, the outermost first."""
        take = self.items.popleft if left else self.items.pop
        taken = [take() for _ in range(min(count, len(self.items)))]
        self._bytes -= sum(map(size_in_pack, taken))
        self.shrink(limits)
        return taken

    def insert(self, index: int, value: bytes) -> None:
        """Add an element in the middle; `make_room` was called."""
        self._bytes += size_in_pack(value)
        self.items.insert(index, value)

    def replace(self, index: int, value: bytes, limits: Limits) -> None:
        """Put another element in the place of one."""
        self._bytes += size_in_pack(value) - size_in_pack(self.items[index])
        self.items[index] = value
        self.shrink(limits)

    def keep(self, items: Sequence[bytes], limits: Limits) -> None:
        """Keep only these of the elements."""
        self.items = deque(items)
        self._bytes = EMPTY_PACK + sum(map(size_in_pack, items))
        self.shrink(limits)

    def make_room(self, value: bytes, limits: Limits) -> None:
        """What a real server does before it looks where the element goes, whether it goes anywhere or not."""
        self._grow([value], limits)

    def shrink(self, limits: Limits) -> None:
        """Elements were removed."""
        if not self._packed and limits.list_may_be_packed_again(self._bytes, len(self.items)):
            self._packed = True

    def _grow(self, values: Sequence[bytes], limits: Limits) -> None:
        # A real server adds the plain lengths here, without what a pack adds to each.
        size = self._bytes + sum(map(len, values))
        if self._packed and limits.list_node_exceeds(size, len(self.items) + len(values)):
            self._packed = False
