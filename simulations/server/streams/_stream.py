"""What a stream is made of: its entries in nodes, as Redis' listpacks, and its consumer groups.

Entries are appended at the end, deleted anywhere, and removed from the beginning; each of these takes the same time in
a long stream as in a short one. A node that a deletion emptied goes; a deleted entry in a node that stays is a
tombstone, which only the fill of nodes shows.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, ClassVar, cast

from attrs import define, field
from sortedcontainers import SortedDict

from .._profile import Profile
from ..administration._configuration import Configuration
from ._ids import MIN_ID, Id
from ._node_size import EMPTY, counts_size, entry_size, master_size
from ._pending_list import PendingList

if TYPE_CHECKING:
    from ..types._limits import Limits
    from ._idempotence import Idempotence

Fields = Sequence[bytes]
"""Name, value, name, value, …"""


class Node:
    """Some entries in a row.

    Attributes:
        ids: of all entries that were put in here, in order.
        fields: theirs; None for one that was deleted.
        live: how many were not.
        names: of the fields that the first entry had.
        size: bytes of the entries in Redis' listpack, without what their counts take.
        deleted: what the deleted ones had, by their places: their bytes stay in the listpack, as snapshots show.
    """

    __slots__ = ("deleted", "fields", "ids", "live", "names", "size")

    def __init__(self, names: Fields) -> None:
        self.ids: list[Id] = []
        self.fields: list[Fields | None] = []
        self.live = 0
        self.deleted: dict[int, Fields] = {}
        self.names = names
        self.size = EMPTY + master_size(names)

    def is_full(self, size: int, limits: Limits) -> bool:
        """Whether an entry whose words have so many bytes has to go into the next node."""
        count = len(self.ids) if limits.node_counts_deleted else self.live
        if limits.node_entries and count >= limits.node_entries:
            return True
        if limits.node_bytes <= 0:
            return False
        held = self.size + counts_size(self.live, len(self.ids) - self.live)
        return held + size >= limits.node_bytes

    def put(self, entry_id: Id, fields: Fields, *, deleted: bool = False) -> None:
        """Add an entry, or what is left of one that was deleted, as a snapshot has it."""
        ids = self.ids
        ids.append(entry_id)
        self.size += entry_size(ids[0], entry_id, fields, same_names=fields[::2] == self.names)
        self.fields.append(None if deleted else fields)
        if deleted:
            self.deleted[len(ids) - 1] = fields
        else:
            self.live += 1

    def copy_into(self, ids: list[Id], bodies: list[Fields], start: int, most: int) -> None:
        """Add the entries from a place on until the lists are so long; 0: all of them."""
        if self.live == len(self.ids):
            end = start + most - len(ids) if most else None
            ids += self.ids[start:end]
            bodies += cast("list[Fields]", self.fields[start:end])
            return
        for place in range(start, len(self.ids)):
            body = self.fields[place]
            if body is not None:
                ids.append(self.ids[place])
                bodies.append(body)
                if len(ids) == most:
                    return

    def copy(self) -> Node:
        """Another of the same entries."""
        made = Node(self.names)
        made.ids, made.fields, made.deleted = self.ids.copy(), self.fields.copy(), self.deleted.copy()
        made.live, made.size = self.live, self.size
        return made


class Stream:
    """A stream.

    Attributes:
        length: entries in it.
        last_id: the id that was added last, whether the entry is still there or not.
        max_deleted_id: the greatest id that was ever deleted by XDEL or its like; trimming does not count.
        entries_added: how many were ever added, as far as is known.
        groups: the consumer groups, in the order of their names' bytes.
        idempotence: what producers said; None: nothing so far.
    """

    KIND: ClassVar[str] = "stream"

    __slots__ = (
        "_first",
        "_nodes",
        "_starts",
        "entries_added",
        "groups",
        "idempotence",
        "last_id",
        "length",
        "max_deleted_id",
    )

    def __init__(self) -> None:
        self.length = 0
        self.last_id: Id = MIN_ID
        self.max_deleted_id: Id = MIN_ID
        self.entries_added = 0
        self.groups: SortedDict[bytes, Group] = SortedDict()
        self.idempotence: Idempotence | None = None
        self._first: Id | None = None
        """The id of the first entry, once somebody asked for it and until it is removed."""
        self._nodes: list[Node] = []
        # The first id of each node, live or deleted: what a search looks at.
        self._starts: list[Id] = []

    def encoding(self, profile: Profile, _configuration: Configuration) -> str:
        """As OBJECT ENCODING says it."""
        return self.KIND if profile.since(6, 0) else "unknown"

    def copy(self) -> Stream:
        """Another of the same entries and groups."""
        made = Stream()
        made.length, made.last_id, made.entries_added = self.length, self.last_id, self.entries_added
        made.max_deleted_id = self.max_deleted_id
        made._nodes, made._starts = [node.copy() for node in self._nodes], self._starts.copy()
        made.groups.update((name, group.copy()) for name, group in self.groups.items())
        made.idempotence = None if self.idempotence is None else self.idempotence.copy()
        return made

    @property
    def first_id(self) -> Id:
        """The id of the first entry; 0-0 where there is none."""
        if not self.length:
            return MIN_ID
        if self._first is None:
            self._first = next(self.range(MIN_ID, self.last_id))[0]
        return self._first

    @property
    def nodes(self) -> Sequence[Node]:
        """The nodes, the oldest first. Not to be changed."""
        return self._nodes

    def append(self, entry_id: Id, fields: Fields, limits: Limits) -> None:
        """Add an entry whose id is greater than `last_id`.

        Args:
            entry_id: its id.
            fields: its fields.
            limits: when a node is full.
        """
        nodes, names = self._nodes, fields[::2]
        node = nodes[-1] if nodes else None
        if node is None or node.is_full(sum(map(len, fields)) if limits.node_counts_words else 0, limits):
            node = Node(names)
            nodes.append(node)
            self._starts.append(entry_id)
        ids = node.ids
        ids.append(entry_id)
        node.size += entry_size(ids[0], entry_id, fields, same_names=names == node.names)
        node.fields.append(fields)
        node.live += 1
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
        body = node.fields[offset]
        if body is None:
            return False
        if entry_id == self._first:
            self._first = None
        node.deleted[offset], node.fields[offset] = body, None
        node.live -= 1
        self.length -= 1
        if not node.live:
            self._drop(index)
        return True

    def live_ids(self, node: Node) -> Iterator[Id]:
        """The ids of a node's entries, which may be deleted meanwhile."""
        return (entry_id for entry_id, body in zip(node.ids, node.fields, strict=True) if body is not None)

    def take_nodes(self, nodes: Sequence[Node]) -> None:
        """Hold these nodes, as read from a snapshot, in place of what there was."""
        self._nodes, self._starts = list(nodes), [node.ids[0] for node in nodes]
        self._first = None

    def remove_first_node(self) -> int:
        """Remove the oldest node with all that is in it; returns how many entries that were."""
        removed = self._nodes[0].live
        self._first = None
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

    def behind(self, entry_id: Id, most: int) -> tuple[list[Id], list[Fields]]:
        """The entries behind an id, in order: their ids, and their fields; at most so many unless `most` is 0."""
        nodes = self._nodes
        if entry_id >= self.last_id or not nodes:
            return [], []
        index = (bisect_right(self._starts, entry_id) or 1) - 1
        node = nodes[index]
        start = bisect_right(node.ids, entry_id)
        if 0 < most <= len(node.ids) - start and node.live == len(node.ids):  # as nearly always
            # None was deleted. A cast is a call, and of a read of one entry a noticeable one.
            return node.ids[start : start + most], node.fields[start : start + most]  # type: ignore[return-value]
        ids: list[Id] = []
        bodies: list[Fields] = []
        while index < len(nodes):
            nodes[index].copy_into(ids, bodies, start, most)
            if most and len(ids) == most:
                break
            index, start = index + 1, 0
        return ids, bodies

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
    pending: PendingList[Pending] = field(factory=PendingList)


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
        read_from: its last id before the last reading.
    """

    last_id: Id
    entries_read: int | None = None
    pending: PendingList[Pending] = field(factory=PendingList)
    consumers: SortedDict[bytes, Consumer] = field(factory=SortedDict)
    turns: int = 0
    read_from: Id = MIN_ID
    _by_delivery: SortedDict[tuple[int, int], Id] | None = None
    """The ids of `pending` by moment and turn of delivery; kept from when somebody asks for that order."""

    def add(self, entry_id: Id, consumer: Consumer, at_ms: int) -> Pending:
        """A consumer holds an entry that nobody held."""
        self.turns += 1
        row = Pending(consumer, at_ms, 1, self.turns)
        self.pending[entry_id] = row
        consumer.pending[entry_id] = row
        if self._by_delivery is not None:
            self._by_delivery[at_ms, self.turns] = entry_id
        return row

    def hold(self, ids: Sequence[Id], consumer: Consumer, at_ms: int) -> None:
        """A consumer gets entries for the first time; who held one before, as after XGROUP SETID, is forgotten."""
        if self._by_delivery is None and self.pending.is_before(ids[0]):
            rows: dict[Id, Pending] = {}
            turn = self.turns
            for each in ids:
                turn += 1
                rows[each] = Pending(consumer, at_ms, 1, turn)
            self.turns = turn
            self.pending.add_behind(rows)
            consumer.pending.update(rows)
            return
        for entry_id in ids:
            row = self.pending.get(entry_id)
            if row is None:
                self.add(entry_id, consumer, at_ms)
                continue
            row.consumer.pending.pop(entry_id)
            row.consumer, row.count = consumer, 1
            self.mark_delivered(row, at_ms)
            consumer.pending[entry_id] = row

    def mark_delivered(self, row: Pending, at_ms: int) -> None:
        """A row was delivered, now or, if an XCLAIM says so, some time ago."""
        self.turns += 1
        if self._by_delivery is not None:
            self._by_delivery[at_ms, self.turns] = self._by_delivery.pop((row.delivered_ms, row.turn))
        row.turn = self.turns
        row.delivered_ms = at_ms

    def release(self, entry_id: Id) -> bool:
        """Nobody holds an entry any more; returns whether somebody did."""
        row = self.pending.pop(entry_id)
        if row is None:
            return False
        row.consumer.pending.pop(entry_id)
        if self._by_delivery is not None:
            del self._by_delivery[row.delivered_ms, row.turn]
        return True

    def oldest_first(self) -> Iterator[tuple[int, Id]]:
        """Moments of delivery with their ids. The group must not change meanwhile."""
        if self._by_delivery is None:
            self._by_delivery = SortedDict(
                ((row.delivered_ms, row.turn), entry_id) for entry_id, row in self.pending.items()
            )
        return ((at_ms, entry_id) for (at_ms, _), entry_id in self._by_delivery.items())

    def copy(self) -> Group:
        """Another of the same members, who hold the same."""
        made = Group(self.last_id, self.entries_read, turns=self.turns)
        for name, consumer in self.consumers.items():
            made.consumers[name] = Consumer(name, consumer.seen_ms, consumer.active_ms)
        for entry_id, row in self.pending.items():
            holder = made.consumers[row.consumer.name]
            made.pending[entry_id] = holder.pending[entry_id] = Pending(holder, row.delivered_ms, row.count, row.turn)
        return made
