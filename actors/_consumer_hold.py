"""What one consumer holds: pure bookkeeping, without clock, Redis or Trio.

An entry is *held* from the moment a read delivers it until the checkpoint writer said that it is settled. While it is
held it takes one of the consumer's places, its lease is renewed, and it is never taken in a second time. Within that
span it is first *waiting*, then in the hands of a worker, then *finished*: its verdict is on the way.

An id alone does not say which event it is: a server that lost its last writes hands out their ids again. So it is the
entry itself that is held, and a verdict on another one of the same id is no verdict on it.

::

    admit ──> waiting ──take──> running ──> finished ──release──> (gone)
                 └────────────────┴── lose: somebody else owns it now
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence

from ..wire import Entry

Job = tuple[Entry, int]
"""An entry and the number of times it has been delivered, this one included."""


class Hold:
    """The entries of one consumer, at most `places` of them."""

    __slots__ = (
        "_counted",
        "_destroyed",
        "_finished",
        "_held",
        "_let_go",
        "_numbers",
        "_reserved",
        "_waiting",
        "closed",
        "places",
    )

    def __init__(self, places: int) -> None:
        self.places = places
        self.closed = False
        """Whether nothing is begun and nothing taken in for now; what is under way may still arrive."""
        self._reserved = 0
        # A dict, because it keeps the order of arrival and a set would not.
        self._held: dict[bytes, Entry] = {}
        self._finished: set[bytes] = set()
        self._let_go: set[bytes] = set()
        self._destroyed: set[bytes] = set()
        self._numbers: dict[bytes, int] = {}  # of deliveries, where it is not the first
        self._counted: dict[bytes, int] = {}  # deliveries that are to count, where some were forgiven
        self._waiting: deque[Job] = deque()

    def __contains__(self, raw_id: bytes) -> bool:
        return raw_id in self._held

    def __len__(self) -> int:
        return len(self._held)

    @property
    def free(self) -> int:
        """Places neither taken nor reserved: how much may be asked for. 0 also while more is held than `places`."""
        return 0 if self.closed else max(0, self.places - len(self._held) - self._reserved)

    def reserve(self, places: int) -> None:
        """Keep places for a read that is under way, or what runs and is not held; a negative number gives them back."""
        self._reserved += places

    @property
    def waiting(self) -> int:
        """Entries that no worker has taken yet."""
        return len(self._waiting)

    def holds(self, entry: Entry) -> bool:
        """Whether this very delivery is still held: not lost, and not replaced by a later one."""
        return self._held.get(entry.raw_id) is entry

    def reused(self, entries: Iterable[Entry]) -> Sequence[bytes]:
        """Ids that are held, and stand for something else in what was delivered now."""
        held = self._held
        return [entry.raw_id for entry in entries if entry.raw_id in held and held[entry.raw_id].fields != entry.fields]

    def admit(self, entries: Iterable[Entry], deliveries: int = 1) -> int:
        """Take in what a read delivered; returns how many of them were new."""
        held, waiting, before = self._held, self._waiting, len(self._held)
        for entry in entries:
            if entry.raw_id not in held:
                held[entry.raw_id] = entry
                waiting.append((entry, deliveries))
                if deliveries > 1:
                    self._numbers[entry.raw_id] = deliveries
            elif self._destroyed:
                self._destroyed.discard(entry.raw_id)  # It is pending again.
        return len(held) - before

    def take(self) -> Job | None:
        """The next waiting entry for a worker, None when nothing waits."""
        return self._waiting.popleft() if self._waiting and not self.closed else None

    def take_many(self, most: int) -> list[Job]:
        """Up to `most` waiting entries for a worker that handles several at once.

        What is delivered again comes alone: it may be what made a batch fail, and the others shall not fail with it.
        """
        if self.closed:
            return []
        waiting, taken = self._waiting, list[Job]()
        while waiting and len(taken) < most and waiting[0][1] == 1:
            taken.append(waiting.popleft())
        return taken if taken or not waiting else [waiting.popleft()]

    def set_aside(self, most: int) -> list[Job]:
        """Up to `most` waiting entries that are not to be begun, from the first one on. They are held all the same."""
        jobs = [self._waiting.popleft() for _ in range(min(most, len(self._waiting)))]
        self.count_former(entry.raw_id for entry, _ in jobs)
        return jobs

    def put_back(self, jobs: Sequence[Job]) -> None:
        """These were taken and not begun: they wait again, before all others. Those lost meanwhile do not."""
        self._waiting.extendleft(job for job in reversed(jobs) if self.holds(job[0]))

    def finish(self, raw_id: bytes) -> None:
        """A verdict stands for this entry, which must be held: it needs no handing back any more."""
        self._finished.add(raw_id)

    def unfinish(self, raw_id: bytes) -> None:
        """The verdict on this entry is taken back before anybody heard of it."""
        self._finished.discard(raw_id)

    def destroy(self, raw_ids: Iterable[bytes]) -> None:
        """These were deleted, and are not pending any more: nothing is left of them but what is held here."""
        self._destroyed.update(raw_id for raw_id in raw_ids if raw_id in self._held)

    def is_destroyed(self, raw_id: bytes) -> bool:
        """Whether nobody but us can handle this one any more, and nothing is to be said of it."""
        return raw_id in self._destroyed

    def unfinish_counted(self, raw_id: bytes) -> None:
        """The verdict can't be carried out for now; handed back, the entry keeps all its deliveries, this one too."""
        self._finished.discard(raw_id)
        self._counted.setdefault(raw_id, self._numbers.get(raw_id, 1))

    def let_go(self, raw_id: bytes) -> None:
        """As `finish`, of an entry that is to look idle: its lease is not renewed any more."""
        self._finished.add(raw_id)
        self._let_go.add(raw_id)

    def again(self, entry: Entry, deliveries: int) -> None:
        """A worker has failed on this entry, which must be held, and it is to be delivered once more, before others."""
        self._numbers[entry.raw_id] = deliveries
        self._waiting.appendleft((entry, deliveries))

    def is_finished(self, raw_id: bytes) -> bool:
        """Whether a verdict stands for this entry."""
        return raw_id in self._finished

    def release(self, raw_ids: Iterable[bytes]) -> None:
        """These are settled or given up: their places are free."""
        held, finished = self._held, self._finished
        for raw_id in raw_ids:
            held.pop(raw_id, None)
            finished.discard(raw_id)
            # What is seldom there at all: of what was delivered before, mostly.
            if self._let_go:
                self._let_go.discard(raw_id)
            if self._destroyed:
                self._destroyed.discard(raw_id)
            if self._numbers:
                self._numbers.pop(raw_id, None)
            if self._counted:
                self._counted.pop(raw_id, None)

    def lose(self, raw_ids: Iterable[bytes]) -> None:
        """Somebody else owns these now: forget them, and do not start those that still wait."""
        lost = frozenset(raw_ids)
        self.release(lost)
        self._waiting = deque(job for job in self._waiting if job[0].raw_id not in lost)

    def count_former(self, raw_ids: Iterable[bytes]) -> None:
        """These, which must be held, have not begun: handed back, they count as often as before they were delivered."""
        for raw_id in raw_ids:
            self._counted.setdefault(raw_id, self._numbers.get(raw_id, 1) - 1)

    def count_only(self, raw_id: bytes, deliveries: int) -> None:
        """So many deliveries of an entry, which must be held, are to count when it is handed back."""
        self._counted[raw_id] = deliveries

    def raw_ids(self) -> Sequence[bytes]:
        """Everything that is held, in the order of arrival."""
        return tuple(self._held)

    def renewable(self) -> Sequence[bytes]:
        """Everything that is held, not let go, and pending as far as we know."""
        without = self._let_go | self._destroyed
        return tuple(raw_id for raw_id in self._held if raw_id not in without) if without else self.raw_ids()

    def entries(self) -> dict[bytes, Entry]:
        """A copy of everything that is held now, by id."""
        return dict(self._held)

    def unfinished(self) -> Sequence[bytes]:
        """Everything that has no verdict yet, in the order of arrival."""
        return tuple(raw_id for raw_id in self._held if raw_id not in self._finished)

    def former_deliveries(self, raw_id: bytes) -> int:
        """How many deliveries of an entry count if this one does not; the first one does if it may have begun."""
        if raw_id in self._counted:
            return self._counted[raw_id]
        return max(1, self._numbers.get(raw_id, 1) - 1)
