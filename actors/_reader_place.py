"""Where a reader without a group is, and whether the stream is still the one that it read: pure, without Redis or Trio.

A read beyond the end of a stream waits in silence. So a reader that stands at 9-0 never hears of 1-0 and 2-0 in the
stream that somebody made in the place of the former, and looks as well as ever. No server tells; three things show it:

* the last id went backwards, or there is no stream at all;
* the numbers don't fit: a stream has entries after our place that were never added to it, or lacks entries of before
  that were never removed from it. Redis counts what was added from 7.0 on;
* an id stands for another entry now, or the stream begins with a lower one than before. Each look shows the first and
  the last entry, which are compared with those of the look before and with what was handled; the others are compared on
  each new connection, since a server that lost its last writes ends all of them.

Where to go on is shown by what was handled last: as long as its ids stand for the same entries it is the same stream,
which went back, and we go on after the last of them, before the first that is another one. Where none of them is there
any more, or the stream begins with another entry, we begin at 0-0: what is there comes again, and nothing new is
skipped.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Final, TypeAlias
from zlib import crc32

from attrs import define, field, frozen

from ..wire import ZERO_ID, Entry, EntryId, Mark, StreamInfo

STRANGE: Final = "an id that was handled stands for another entry"

RECENT: Final = 100
"""Handled entries that are known again: a server that goes back further has everything handled anew."""


Known: TypeAlias = "tuple[EntryId, int]"
"""An id, and by what its entry is known again."""


@frozen
class Seen:
    """What a stream was like at a look.

    Attributes:
        last_id: the last one that it had given out.
        added: how many entries had been added; None before 7.0.
        floor: no entry of it has a lower id any more.
        ends: its first and its last entry.
    """

    last_id: EntryId
    added: int | None
    floor: EntryId = ZERO_ID
    ends: Sequence[Known] = ()

    @classmethod
    def at(cls, info: StreamInfo) -> Seen:
        """As the server describes it."""
        first, last = info.first_entry, info.last_entry
        floor = info.last_generated_id if first is None else first.id
        return cls(info.last_generated_id, info.entries_added, floor, [known(end) for end in (first, last) if end])

    def is_known(self, entry: Entry | None) -> bool:
        """Whether nothing else stood at its id."""
        return entry is None or dict(self.ends).get(entry.id, print_of(entry)) == print_of(entry)


@define(eq=False)
class Place:
    """Where one reader is; it outlives the actor, as a mailbox does.

    Attributes:
        position: everything up to this id was handled, or given up; None: it has not begun.
        read: how many entries were ever added up to it, or so many that can't be missed any more; None: not known.
        history: counts the streams that it found in the place of the former, see `Mark`.
        seen: the end of the stream at the last look.
        recent: the ids of what was handled last, or stood there before, with what tells their entries from others.
        tried: the entry that is at work, and how often it was begun.
        passed, noted: how many entries were passed in all, and how many of them a checkpoint in Redis knows of.
        doubted: somebody of our name knows of this history, and we have to look ourselves.
    """

    position: EntryId | None = None
    read: int | None = None
    history: int = 0
    seen: Seen = Seen(ZERO_ID, None)
    recent: deque[Known] = field(factory=lambda: deque(maxlen=RECENT))
    tried: tuple[bytes, int] = (b"", 0)
    passed: int = 0
    noted: int = 0
    doubted: int | None = None

    @property
    def mark(self) -> Mark:
        """What is to be noted in Redis."""
        position = self.position or ZERO_ID
        known, print_ = self.recent[-1] if self.recent else (ZERO_ID, None)
        return Mark(self.history, position, self.read, print_ if known == position else None)

    def begin(self, mark: Mark) -> None:
        """It stands there."""
        self.position, self.read, self.history = mark.position, mark.read, mark.history
        if mark.print is not None:
            self.recent.append((mark.position, mark.print))

    def remember(self, before: Sequence[Entry]) -> None:
        """What stands up to where it began counts as handled: it is known again as that is."""
        was_known = self.mark.print is not None
        entries = dict(map(known, before)) | dict(self.recent)
        self.recent = deque(sorted(entries.items()), maxlen=RECENT)
        self.passed += self.mark.print is not None and not was_known  # There is something to note.

    def begin_history(self, after: EntryId, info: StreamInfo | None) -> None:
        """It is another stream, or that one gone back: go on after an id of it."""
        self.history = self.history + 1 if self.doubted is None else self.doubted
        self.position, self.read, self.doubted = after, None, None
        if after == ZERO_ID and info is not None and info.entries_added is not None:
            self.read = info.entries_added - info.length  # What was removed before we came is not missed by us.
        self.recent = deque((each for each in self.recent if each[0] <= after), maxlen=RECENT)
        self.seen = Seen(after, None)
        self.passed += 1  # There is something to note.

    def count_try(self, entry: Entry) -> int:
        """A handler begins on an entry; returns for the how many-th time."""
        raw_id, tries = self.tried
        self.tried = (entry.raw_id, tries + 1 if raw_id == entry.raw_id else 1)
        return self.tried[1]

    def after(self, entry: Entry) -> Mark:
        """The mark that passes this entry, too."""
        return Mark(self.history, entry.id, self._read_after(entry.id), print_of(entry))

    def pass_by(self, entry: Entry) -> None:
        """An entry was handled, or given up."""
        self.position, self.read = entry.id, self._read_after(entry.id)
        self.recent.append(known(entry))
        self.passed += 1
        self.tried = (b"", 0)

    def _read_after(self, entry_id: EntryId) -> int | None:
        if entry_id == self.seen.last_id:
            return self.seen.added
        return None if self.read is None else self.read + 1

    def look(self, entries: Sequence[Entry], info: StreamInfo | None) -> str:
        """Take in what a read brought; returns why it is another stream, "" if it is not."""
        why = what_is_wrong(self.position or ZERO_ID, self.read, self.seen, len(entries), info)
        if info is None:
            return why
        if not self.seen.is_known(info.first_entry):
            # What we know of one that began otherwise says nothing of this one.
            self.recent.clear()
            why = why or "it begins with another entry"
        if not why and not self.seen.is_known(info.last_entry):
            why = "its last id stood for another entry"
        if not why and any(map(self._is_strange, (info.first_entry, info.last_entry))):
            why = STRANGE
        if not why:
            self.seen = Seen.at(info)
        return why

    def _is_strange(self, entry: Entry | None) -> bool:
        """Whether it stands where we have handled what was there, and did not handle this."""
        if entry is None or not self.recent or not self.recent[0][0] <= entry.id <= (self.position or ZERO_ID):
            return False
        return dict(self.recent).get(entry.id) != print_of(entry)


def known(entry: Entry) -> Known:
    """How an entry is kept in mind."""
    return entry.id, print_of(entry)


def print_of(entry: Entry) -> int:
    """By which an entry is known again, in whichever process; one in four billions is taken for another one."""
    return crc32(b"\0".join(entry.fields or ()))


def what_is_wrong(position: EntryId, read: int | None, seen: Seen, brought: int, info: StreamInfo | None) -> str:
    """Why a stream is not the one that we read, in words; "" if nothing says so.

    Args:
        position: after which entries were read.
        read: how many had ever been added up to it.
        seen: the end of the stream at the look before.
        brought: how many entries the read brought.
        info: what the stream was like after that.
    """
    if info is None:
        return "there is no stream any more" if max(position, seen.last_id) > ZERO_ID else ""
    if info.last_generated_id < max(position, seen.last_id):
        return "its ids went backwards"
    if info.first_entry is not None and info.first_entry.id < seen.floor:
        return "it begins with a lower id than before"
    if info.entries_added is None:
        return ""
    if info.entries_added < max(read or 0, seen.added or 0):
        return "fewer entries were ever added to it"
    is_same = read is None or _fits(position, read, brought, info.entries_added, info)
    return "" if is_same else "it is another one with the same name"


def _fits(position: EntryId, read: int, brought: int, added: int, info: StreamInfo) -> bool:
    """Whether what comes after a place was added since, and what came before and is gone was removed since."""
    all_gone = info.first_entry is None or info.first_entry.id > position
    return brought <= added - read and not (all_gone and added - info.length < read)


def lost_entries(seen: Seen, info: StreamInfo | None) -> int | None:
    """How many entries a stream that went back has lost at least; None where nobody counts them."""
    if seen.added is None or (info is not None and info.entries_added is None):
        return None
    return max(1, seen.added - (0 if info is None else info.entries_added or 0))


@frozen
class Missed:
    """Entries that are gone and were never read.

    Attributes:
        after, before: between these ids; None: nothing is left.
        count: how many; None: not known, perhaps none.
        read: how many entries can't be missed any more.
    """

    after: EntryId
    before: EntryId | None
    count: int | None
    read: int | None


def missed(
    position: EntryId, read: int | None, seen: Seen, brought: Sequence[Entry], info: StreamInfo
) -> Missed | None:
    """What was removed before we came to it, as far as the server tells; None: nothing that we know of.

    Args:
        position: where we are.
        read: how many entries had ever been added up to it.
        seen: the end of the stream at the look before.
        brought: what the read brought, which may be gone by now.
        info: what the stream was like after that.
    """
    first = None if info.first_entry is None else info.first_entry.id
    if first is not None and first <= position:
        return None
    in_hand = sum(first is None or entry.id < first for entry in brought)
    before = brought[0].id if brought else first
    added = info.entries_added
    removed = None if added is None else added - info.length - in_hand
    if removed is None or read is None:
        # Somebody who lags, and what was next to come is perhaps not there any more.
        is_possible = seen.last_id > position and not in_hand
        return Missed(position, before, None, removed) if is_possible else None
    # Otherwise some of it may have been removed from behind what comes next.
    is_exact = first is None or (info.max_deleted_entry_id or ZERO_ID) < first
    if removed <= read or not (is_exact or seen.last_id > position):
        return None
    return Missed(position, before, removed - read if is_exact else None, removed)


def agreed(recent: Sequence[Known], found: Sequence[Entry]) -> tuple[EntryId, bool]:
    """Up to which id a stream is the one that we handled, and whether something stands after that which we did not.

    Args:
        recent: what we handled last.
        found: what the stream has from the first to the last of these ids.
    """
    handled, after = dict(recent), ZERO_ID
    for entry in found:
        if handled.get(entry.id) != print_of(entry):
            return after, True
        after = entry.id
    return after, False
