"""What a server has, as far as its changes tell: entries, groups, pending rows, and what is not settled."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

from attrs import define, evolve, field

from ._facts import Entry
from ._words import Trimming, number, order

PASSED_SHOWN = 5
"""Entries that a watermark passed: enough for a verdict."""


@define
class Row:
    """A pending entry: whose it is (None: unknown), how often it was delivered, when, and whether it was given back."""

    consumer: str | None
    count: int | None
    time_ms: int
    handed_back: bool = False


@define
class Group:
    """A consumer group.

    Attributes:
        rows: what is pending.
        unsettled: entries that it has to handle yet, by their ids, in the order of the stream.
        settled_once: entries that were acknowledged at some time; a group that begins anew owes them again.
        sought: entries that it has to handle since it was moved back before them.
    """

    rows: dict[bytes, Row] = field(factory=dict[bytes, Row])
    unsettled: dict[bytes, Entry] = field(factory=dict[bytes, Entry])
    settled_once: set[bytes] = field(factory=set[bytes])
    sought: set[bytes] = field(factory=set[bytes])

    def passed_by(self, mark: bytes) -> list[Entry]:
        """Unsettled entries at or below a watermark, the first few."""
        limit = order(mark)
        found: list[Entry] = []
        for raw_id, entry in self.unsettled.items():
            if order(raw_id) > limit or len(found) == PASSED_SHOWN:
                break
            found.append(entry)
        return found

    def owe(self, *entries: Entry) -> None:
        """Entries are to be handled, again."""
        self.unsettled.update((entry.raw_id, entry) for entry in entries)
        self.unsettled = dict(sorted(self.unsettled.items(), key=lambda item: order(item[0])))

    def settle(self, raw_id: bytes) -> Row | None:
        """An entry is acknowledged; returns its row."""
        self.unsettled.pop(raw_id, None)
        self.settled_once.add(raw_id)
        self.sought.discard(raw_id)
        return self.rows.pop(raw_id, None)

    def surely_pending(self) -> set[bytes]:
        """Whose they are is known: no fault may have undone their delivery."""
        return {raw_id for raw_id, row in self.rows.items() if row.consumer is not None}

    def move(self, to: tuple[int, int], entries: Iterable[Entry]) -> None:
        """It goes on after an id: it owes all that comes after that, and before it only what is pending for sure."""
        pending, before = self.surely_pending(), self.unsettled.keys()
        after = [entry for entry in entries if order(entry.raw_id) > to]
        self.sought.update(entry.raw_id for entry in after if entry.raw_id not in before)
        self.unsettled = {raw_id: entry for raw_id, entry in self.unsettled.items() if raw_id in pending}
        self.owe(*after)

    def forget_changes(self) -> None:
        """The last ones may be undone: whose an entry is, a seek, and whether a group that begins anew was lost."""
        for row in self.rows.values():
            row.consumer = row.count = None
        for raw_id in (self.settled_once | self.sought) & self.unsettled.keys():
            del self.unsettled[raw_id]


@define
class Stream:
    """A stream.

    Attributes:
        ever: what ids stood for, also when the entry is gone.
        doubtful: ids of entries that this server may lack, for all that is known.
    """

    entries: dict[bytes, Entry] = field(factory=dict[bytes, Entry])
    ever: dict[bytes, Entry] = field(factory=dict[bytes, Entry])
    groups: dict[str, Group] = field(factory=dict[str, Group])
    doubtful: set[bytes] = field(factory=set[bytes])

    def group(self, name: str) -> Group:
        """One of its groups; one that nobody saw begin owes nothing so far."""
        return self.groups.setdefault(name, Group())

    def add(self, entry: Entry) -> None:
        """An entry comes in."""
        self.entries[entry.raw_id] = self.ever[entry.raw_id] = entry
        self.doubtful.discard(entry.raw_id)
        for group in self.groups.values():
            group.unsettled[entry.raw_id] = entry
            group.settled_once.discard(entry.raw_id)

    def remove(self, raw_id: bytes) -> Entry | None:
        """An entry goes; a row that is pending stays."""
        for group in self.groups.values():
            group.unsettled.pop(raw_id, None)
        return self.entries.pop(raw_id, None)

    def trimmed_by(self, trimming: Trimming) -> Iterator[bytes]:
        """What a trimming takes away."""
        if trimming.by == b"MAXLEN":
            yield from list(islice(self.entries, max(0, len(self.entries) - number(trimming.limit))))
            return
        least = order(trimming.limit)
        yield from [raw_id for raw_id in self.entries if order(raw_id) < least]


@define
class Server:
    """A server. `marks` are the watermarks that it has, of each group, as far as they are known."""

    streams: dict[str, Stream] = field(factory=dict[str, Stream])
    marks: dict[tuple[str, str], bytes] = field(factory=dict[tuple[str, str], bytes])

    def stream(self, name: str) -> Stream:
        """One of its streams."""
        return self.streams.setdefault(name, Stream())

    def forget_owners(self) -> None:
        """It may have lost the last changes: whose an entry is, and what the watermarks are, is not known any more."""
        self.marks.clear()
        for stream in self.streams.values():
            for group in stream.groups.values():
                group.forget_changes()

    def replica(self, *, is_exact: bool) -> Server:
        """Who takes over. Not exact: nobody can say yet what it lacks, so nothing is held against it."""
        taken = Server()
        for name, stream in self.streams.items():
            copy = taken.streams[name] = Stream(dict(stream.entries), dict(stream.ever))
            copy.doubtful = set(stream.doubtful if is_exact else stream.entries)
            for group_name, group in stream.groups.items():
                rows = {raw_id: evolve(row) for raw_id, row in group.rows.items()}
                unsettled = dict(group.unsettled) if is_exact else {}
                copy.groups[group_name] = Group(rows, unsettled, set(group.settled_once), set(group.sought))
        taken.forget_owners()
        return taken
