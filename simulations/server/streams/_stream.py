"""What a stream is made of: its entries in nodes, as Redis' listpacks, and its consumer groups.

Entries are appended at the end, deleted anywhere, and removed from the beginning; each of these takes the same time in
a long stream as in a short one. A node that a deletion emptied goes; a deleted entry in a node that stays is a
tombstone, which only the fill of nodes shows.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from typing import ClassVar

from attrs import define, field
from sortedcontainers import SortedDict

from .._configuration import Configuration
from .._profile import Profile
from ._ids import MIN_ID, Id

Fields = Sequence[bytes]
"""Name, value, name, value, …"""


class Node:
    """Some entries in a row.

    Attributes:
        ids: of all entries that were put in here, in order.
        fields: theirs; None for one that was deleted.
        live: how many were not.
        size: about how many bytes Redis' listpack would have.
    """

    __slots__ = ("fields", "ids", "live", "size")

    def __init__(self) -> None:
        self.ids: list[Id] = []
        self.fields: list[Fields | None] = []
        self.live = 0
        self.size = 0


class Stream:
    """A stream.

    Attributes:
        length: entries in it.
        last_id: the id that was added last, whether the entry is still there or not.
        max_deleted_id: the greatest id that was ever deleted by XDEL or its like; trimming does not count.
        entries_added: how many were ever added, as far as is known.
        groups: the consumer groups, in the order of their names' bytes.
    """

    KIND: ClassVar[str] = "stream"

    __slots__ = ("_nodes", "_starts", "entries_added", "groups", "last_id", "length", "max_deleted_id")

    def __init__(self) -> None:
        self.length = 0
        self.last_id: Id = MIN_ID
        self.max_deleted_id: Id = MIN_ID
        self.entries_added = 0
        self.groups: SortedDict[bytes, Group] = SortedDict()
        self._nodes: list[Node] = []
        # The first id of each node, live or deleted: what a search looks at.
        self._starts: list[Id] = []

    def encoding(self, _profile: Profile, _configuration: Configuration) -> str:
        """As OBJECT ENCODING says it."""
        return self.KIND

    @property
    def first_id(self) -> Id:
        """The id of the first entry; 0-0 where there is none."""
        if not self.length:
            return MIN_ID
        node = self._nodes[0]
        if node.fields[0] is not None:
            return node.ids[0]
        return next(self.range(MIN_ID, self.last_id))[0]

    @property
    def nodes(self) -> Sequence[Node]:
        """The nodes, the oldest first. Not to be changed."""
        return self._nodes

    def append(self, entry_id: Id, fields: Fields, *, size: int, node_entries_max: int, node_bytes_max: int) -> None:
        """Add an entry whose id is greater than `last_id`.

        Args:
            entry_id: its id.
            fields: its fields.
            size: bytes that it takes in a listpack.
            node_entries_max: entries, live or deleted, with which a node is full; 0: no limit.
            node_bytes_max: bytes beyond which a node does not grow; 0: no limit.
        """
        nodes = self._nodes
        node = nodes[-1] if nodes else None
        if (
            node is None
            or (node_entries_max and len(node.ids) >= node_entries_max)
            or (node_bytes_max and node.size + size >= node_bytes_max)
        ):
            node = Node()
            nodes.append(node)
            self._starts.append(entry_id)
        node.ids.append(entry_id)
        node.fields.append(fields)
        node.live += 1
        node.size += size
        self.length += 1
        self.entries_added += 1
        self.last_id = entry_id

    def get(self, entry_id: Id) -> Fields | None:
        """The fields of an entry, None where there is none of this id."""
        place = self._find(entry_id)
        return None if place is None else self._nodes[place[0]].fields[place[1]]

    def remove(self, entry_id: Id) -> bool:
        """Delete an entry, leaving a tombstone; returns whether it was there. The caller sees to `max_deleted_id`."""
        place = self._find(entry_id)
        if place is None:
            return False
        index, offset = place
        node = self._nodes[index]
        if node.fields[offset] is None:
            return False
        node.fields[offset] = None
        node.live -= 1
        self.length -= 1
        if not node.live:
            self._drop(index)
        return True

    def remove_first_node(self) -> int:
        """Remove the oldest node with all that is in it; returns how many entries that were."""
        removed = self._nodes[0].live
        self.length -= removed
        self._drop(0)
        return removed

    def range(self, start: Id, end: Id) -> Iterator[tuple[Id, Fields]]:
        """The entries from one id to another, both included, in order. The stream must not change meanwhile."""
        nodes = self._nodes
        index = max(0, bisect_right(self._starts, start) - 1)
        offset = bisect_left(nodes[index].ids, start) if nodes else 0
        while index < len(nodes):
            node = nodes[index]
            ids, fields = node.ids, node.fields
            for position in range(offset, len(ids)):
                if ids[position] > end:
                    return
                body = fields[position]
                if body is not None:
                    yield ids[position], body
            index += 1
            offset = 0

    def range_backwards(self, start: Id, end: Id) -> Iterator[tuple[Id, Fields]]:
        """The same entries in the opposite order: from `end` down to `start`."""
        index = bisect_right(self._starts, end) - 1
        while index >= 0:
            node = self._nodes[index]
            for position in range(bisect_right(node.ids, end) - 1, -1, -1):
                if node.ids[position] < start:
                    return
                body = node.fields[position]
                if body is not None:
                    yield node.ids[position], body
            index -= 1

    def _find(self, entry_id: Id) -> tuple[int, int] | None:
        index = bisect_right(self._starts, entry_id) - 1
        if index < 0:
            return None
        ids = self._nodes[index].ids
        offset = bisect_left(ids, entry_id)
        return (index, offset) if offset < len(ids) and ids[offset] == entry_id else None

    def _drop(self, index: int) -> None:
        del self._nodes[index]
        del self._starts[index]


@define(eq=False)
class Consumer:
    """A member of a group.

    Attributes:
        name: its name.
        seen_ms: when it last asked for something (what exactly counts differs by version).
        active_ms: when it last got something; -1: never.
        pending: what it holds, by id in order.
    """

    name: bytes
    seen_ms: int
    active_ms: int = -1
    pending: SortedDict[Id, Pending] = field(factory=SortedDict)


@define(eq=False)
class Pending:
    """One row of a pending list: the same object in the group's and in its consumer's.

    Attributes:
        consumer: who holds the entry.
        delivered_ms: when it was delivered last.
        count: how often it was delivered.
        turn: grows with each delivery in the group: the order of those in the same millisecond.
    """

    consumer: Consumer
    delivered_ms: int
    count: int
    turn: int = 0


@define(eq=False)
class Group:
    """A consumer group.

    Attributes:
        last_id: the id up to which everything was delivered.
        entries_read: how many entries of the stream that is; None: unknown.
        pending: what was delivered and not acknowledged, by id in order.
        consumers: the members, in the order of their names' bytes.
        turns: how many deliveries there were.
    """

    last_id: Id
    entries_read: int | None = None
    pending: SortedDict[Id, Pending] = field(factory=SortedDict)
    consumers: SortedDict[bytes, Consumer] = field(factory=SortedDict)
    turns: int = 0

    def mark_delivered(self, row: Pending, at_ms: int) -> None:
        """A row was delivered, now or, if an XCLAIM says so, some time ago."""
        self.turns += 1
        row.turn = self.turns
        row.delivered_ms = at_ms
