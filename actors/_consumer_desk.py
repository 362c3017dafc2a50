"""What the tasks of one consumer incarnation share: its settings, what it is wired to, and its state."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Sequence
from random import Random

import trio
from attrs import define, field, frozen, validators

from ..wire import Client, Entry, PendingList, Retry
from ._alarm import Alarm
from ._bell import Bell
from ._consumer_hold import Hold, Job
from ._consumer_window import Window
from ._dependency import Breaker
from ._gate import Gate
from ._lease import OnLeaseLost, Seat
from ._mailbox import Address, Mailbox
from ._messages import Barrier, DeadLetter, Heal, Settle, Ticket
from ._permits import Delivery, Permits
from ._retrying import Rules
from ._stage import Stage
from ._verdict import Handle, HandleBatch, Verdict


@frozen
class ConsumerSettings:
    """How one consumer reads, holds and lets go.

    Attributes:
        stream, group, name: where it reads, and as whom. The name is stable across restarts, so that what a crash left
            pending is found again.
        count: entries in one read at most.
        prefetch: entries held at most, from the read until they are settled.
        prefetch_min: entries held by handlers that are slow; see `_consumer_window`.
        block_ms: how long one read waits for new entries.
        concurrency: handlers that run at the same time at most.
        batch: entries that a batch handler gets at most; not looked at by a handler of single events.
        lease_ms: idle time after which others may take an entry from us; renewed at a quarter of it.
        drain_seconds: how long a stopping consumer works on what it holds before it hands back the rest.
        rules: when what failed is tried again, and when it goes to the dead letters.
        on_lease_lost: whether a handler whose entry somebody else owns now is cancelled.
        delivery: whether entries are acknowledged after their handlers returned, or before they begin.
    """

    stream: str
    group: str
    name: str
    count: int = field(default=100, validator=validators.ge(1))
    prefetch: int = field(default=300, validator=validators.ge(1))
    prefetch_min: int = field(default=2, validator=validators.ge(1))
    block_ms: int = field(default=5000, validator=validators.ge(1))
    concurrency: int = field(default=1, validator=validators.ge(1))
    batch: int = field(default=100, validator=validators.ge(1))
    lease_ms: int = field(default=30_000, validator=validators.ge(1))
    drain_seconds: float = field(default=8.0, validator=validators.ge(0))
    retry: Retry = Retry()
    rules: Rules = Rules()
    on_lease_lost: OnLeaseLost = "cancel"
    delivery: Delivery = "at_least_once"


def _unknown(_entry: Entry) -> tuple[str, str]:
    return "", ""


def _to_begin(_entry: Entry) -> Verdict | None:
    return None


@frozen
class Work:
    """Whoever runs the handlers: exactly one of the first two is given.

    Attributes:
        handle: runs the handler on one entry.
        handle_batch: runs it on several.
        identify: reads an event's own id and its type, for whoever looks into a dead letter; "" for what it can't read.
        sift: what is clear of an entry before its handler begins, None: it is to begin. Not asked for unless entries
            are acknowledged before.
    """

    handle: Handle | None = None
    handle_batch: HandleBatch | None = None
    identify: Callable[[Entry], tuple[str, str]] = _unknown
    sift: Callable[[Entry], Verdict | None] = _to_begin


@frozen
class ConsumerWiring:
    """What a consumer may talk to."""

    client: Client
    pending: PendingList
    writer: Address[Settle | Barrier]
    group: Address[Heal]
    tickets: Mailbox[Ticket]
    work: Work
    rng: Random
    checkpoint_key: str | None
    """The hash with the checkpoint and the name of the history; None where it is kept in memory."""
    alarm: Alarm
    """Wakes the reclaimer when a retry is due."""
    gate: Gate = field(factory=Gate)
    """Closed while the group is paused."""
    breaker: Breaker | None = None
    """Decides whether the group waits because something is away; None where nothing was named that may be."""
    breaker_changed: Bell = field(factory=Bell)


@define
class Verdicts:
    """Verdicts that have not gone to the checkpoint writer yet."""

    done: list[bytes] = field(factory=list)
    dead: list[DeadLetter] = field(factory=list)
    later: dict[bytes, int] = field(factory=dict)
    """What is to be tried again, in so many milliseconds."""
    taken: Verdicts | None = None
    """Those that the checkpoint writer has now."""

    def __bool__(self) -> bool:
        return bool(self.done or self.dead or self.later)

    def take(self) -> Verdicts:
        """Everything gathered so far; the next ones start anew."""
        taken = self.taken = Verdicts(self.done, self.dead, self.later)
        self.done, self.dead, self.later = [], [], {}
        return taken

    def put_back(self, taken: Verdicts) -> None:
        """These were taken and not settled: they go first."""
        self.taken = None
        self.done[:0] = taken.done
        self.dead[:0] = taken.dead
        self.later = {**taken.later, **self.later}

    def forget(self, raw_ids: Sequence[bytes]) -> None:
        """These ids stand for other entries now, and what is under way is not about those."""
        if self.taken is not None:
            self.taken.forget(raw_ids)
        self.done = [raw_id for raw_id in self.done if raw_id not in raw_ids]
        self.dead = [letter for letter in self.dead if letter.raw_id not in raw_ids]
        for raw_id in raw_ids:
            self.later.pop(raw_id, None)

    def raw_ids(self) -> Sequence[bytes]:
        """Whom they are about."""
        return [*self.done, *(letter.raw_id for letter in self.dead), *self.later]


@define(eq=False)
class Desk:
    """The state of one incarnation; all its tasks run in one Trio thread, so plain attributes do."""

    stage: Stage
    settings: ConsumerSettings
    wiring: ConsumerWiring
    hold: Hold
    window: Window
    verdicts: Verdicts = field(factory=Verdicts)
    work_arrived: Bell = field(factory=Bell)
    room_made: Bell = field(factory=Bell)
    verdict_made: Bell = field(factory=Bell)
    acquired_all: bool = False
    """Nothing more will be acquired: workers return when nothing waits."""
    judged_all: bool = False
    """No more verdicts will come: settling returns when all are settled."""
    suspect: bool = True
    """Entries may be pending under our name that we never saw, of a former life or of a call that was cut short."""
    claiming: trio.Lock = field(factory=trio.Lock)
    """Held while entries change hands by a claim, so that a recovery does not take what a claim is about to bring."""
    claims_waiting: int = 0
    """Claims that wait for room: reads leave the next free places to them."""
    seats: list[Seat] = field(factory=list[Seat])
    """The places of the workers; see `_lease`."""
    now: Callable[[], float] = field(factory=lambda: trio.lowlevel.current_clock().current_time)
    """As `trio.current_time`, which asks for the clock each time: this is asked for each event."""
    lease_until: float = math.inf
    """Until then, by the timers' clock, everything that is held is certainly ours."""
    due_at: float = math.inf
    """By when something should come of all this: see `note_progress`."""
    idle_from: float = math.inf
    """Since when, at the earliest, something that is held has been idle, as far as the last renewal goes."""
    renewing: trio.Lock = field(factory=trio.Lock)
    """Held while idle times are set: of what is held, or of what is handed back."""
    to_hand_back: Bell = field(factory=Bell)
    """Rung where the consumer is paused, and something that is held may wait."""
    lease_wanted: Bell = field(factory=Bell)
    lease_renewed: Bell = field(factory=Bell)
    read_ended: Bell = field(factory=Bell)
    reader_id: int | None = None
    """The id that Redis gave to the connection of a read that may be blocking now."""
    history: str = ""
    """That of the group in which everything held was delivered; see `_consumer_history`."""
    given_back: dict[bytes, float | None] = field(factory=dict[bytes, "float | None"])
    """What is held and to be handed back, since something is away: in so many seconds, None: at once."""
    unburied: dict[bytes, DeadLetter] = field(factory=dict[bytes, DeadLetter])
    """Dead letters that Redis refused, by the ids of what is held; see `_consumer_refused`."""
    strays: dict[bytes, int] = field(factory=dict)
    """What came while another history was noticed, with what counts as its deliveries: for recovery, or for a stop."""
    permits: Permits | None = None
    """Who may begin what; None where entries are acknowledged after their handlers."""
    handled: int = 0
    failed: int = 0

    def admit(self, entries: Sequence[Entry], deliveries: int = 1, *, asked_at: float, history: str) -> int:
        """Take entries in and wake as many workers as there is work for; returns how many were new.

        Others may take them when they have been idle for a lease, and that they may have been since they were asked
        for: the reply may have lain there while this process stood still. If another history was noticed meanwhile, it
        is not known in which of them they were delivered: recovery takes those that are pending.
        """
        if history != self.history:
            self.suspect = True
            self.strays.update((entry.raw_id, deliveries - 1) for entry in entries)
            return 0
        reused = self.hold.reused(entries)
        if reused:
            self.verdicts.forget(reused)
            self.lose(reused)
        admitted = self.hold.admit(entries, deliveries)
        for entry in entries if self.strays else ():
            self.strays.pop(entry.raw_id, None)
        if admitted:
            self.idle_from = min(self.idle_from, asked_at)
            self.lease_until = min(self.lease_until, asked_at + self.settings.lease_ms / 1000)
            self.work_arrived.ring(admitted)
            self.wiring.breaker_changed.ring()
            self.note_waiting()
        return admitted

    def former_deliveries(self, raw_id: bytes, counted: int) -> int:
        """How many deliveries of what is pending under our name count before the next one; Redis counts so many."""
        return min(counted, self.strays.get(raw_id, counted)) if self.strays else counted

    def forget_strays(self, strays: Iterable[bytes]) -> None:
        """All that is pending under our name was looked at: what is left of these others have, and they count it."""
        if not self.takes_nothing:
            for raw_id in strays:
                self.strays.pop(raw_id, None)

    def note_progress(self) -> None:
        """Something came of it: a read was answered, or verdicts were settled. The next is due in one read's time."""
        self.due_at = trio.current_time() + self.settings.block_ms / 1000

    @property
    def takes_nothing(self) -> bool:
        """Whether nothing new is to be taken in: the consumer stops, or is paused."""
        return self.hold.closed or self.stage.draining

    def put_back(self, jobs: Sequence[Job]) -> None:
        """These were taken and not begun."""
        self.hold.put_back(jobs)
        self.note_waiting()

    def note_waiting(self) -> None:
        """Something waits to be begun: while that is not to be, it is handed back."""
        if self.hold.closed:
            self.to_hand_back.ring()

    def set_places(self) -> None:
        """Have as many places as handlers have work for; one to try whether what is away is there again, or none.

        What only waits for its dead letter to be taken has places of its own, as far as the prefetch allows.
        """
        breaker = self.wiring.breaker
        most = self.window.look(self.handled + self.failed, trio.current_time())
        places = most if breaker is None else breaker.places(most)
        self.hold.places = min(places + len(self.unburied), self.window.most)
        self.room_made.ring()

    def eligible(self, raw_ids: Sequence[bytes]) -> Sequence[bytes]:
        """Those of these pending entries that may be taken: all, except while something is away."""
        breaker = self.wiring.breaker
        return raw_ids if breaker is None else breaker.eligible(raw_ids)

    def lease_is_over(self) -> bool:
        """Whether others may have taken over what is held."""
        return self.now() >= self.lease_until

    def release(self, raw_ids: Iterable[bytes]) -> None:
        """Free the places of entries that are settled or given up."""
        self.hold.release(raw_ids)
        self.room_made.ring()

    def lose(self, raw_ids: Collection[bytes]) -> None:
        """Give up what somebody else owns now, and tell the handlers that are at it."""
        self.hold.lose(raw_ids)
        for raw_id in raw_ids if self.given_back else ():
            self.given_back.pop(raw_id, None)
        for raw_id in raw_ids if self.unburied else ():
            self.unburied.pop(raw_id, None)
        if self.permits is not None:
            self.permits.refuse(raw_ids)
        for seat in self.seats:
            seat.tell(raw_ids)
        self.room_made.ring()

    def close_acquisition(self) -> None:
        """Say that nothing more will come."""
        self.acquired_all = True
        self.work_arrived.ring()
        self.wiring.breaker_changed.ring()

    def close_judgement(self) -> None:
        """Say that no more verdicts will come."""
        self.judged_all = True
        self.verdict_made.ring()
