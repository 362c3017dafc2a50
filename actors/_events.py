"""What the five actors tell the observer, as typed events: logs, metrics and tests hang on these."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import ClassVar

from attrs import frozen
from typing_extensions import override

from ..wire import EntryId
from ._observer import ActorEvent
from ._verdict import RetryLater


@frozen
class Interrupted(ActorEvent):
    """Expected trouble began: the actor waits and tries again. Said once for each spell of trouble."""

    level: ClassVar[int] = logging.WARNING

    doing: str
    error: Exception

    @override
    def words(self) -> str:
        """In words."""
        return f"interrupted while {self.doing}: {self.error}; trying again"


@frozen
class Resumed(ActorEvent):
    """The trouble of the last `Interrupted` has passed."""

    level: ClassVar[int] = logging.INFO

    doing: str
    after_seconds: float
    tries: int

    @override
    def words(self) -> str:
        """In words."""
        tries = "1 try" if self.tries == 1 else f"{self.tries} tries"
        return f"resumed {self.doing} after {self.after_seconds:.1f} s and {tries}"


@frozen
class GroupCreated(ActorEvent):
    """A consumer group was created where there had never been one."""

    level: ClassVar[int] = logging.INFO

    stream: str
    group: str
    start: EntryId

    @override
    def words(self) -> str:
        """In words."""
        return f"created group {self.group} of {self.stream}, which begins after {self.start}"


@frozen
class GroupRecreated(ActorEvent):
    """A lost consumer group was created again. What is above `resumed_at` may be delivered a second time."""

    level: ClassVar[int] = logging.WARNING

    stream: str
    group: str
    resumed_at: EntryId
    reason: str

    @override
    def words(self) -> str:
        """In words."""
        return f"group {self.group} of {self.stream} begins again after {self.resumed_at}: {self.reason}"


@frozen
class ConsumptionPaused(ActorEvent):
    """A consumer begins nothing for now. What runs is finished and settled, what waited is handed back."""

    level: ClassVar[int] = logging.INFO

    stream: str
    group: str
    reason: str

    @override
    def words(self) -> str:
        """In words."""
        return f"begins no more events of {self.stream} for {self.group}: {self.reason}"


@frozen
class ConsumptionResumed(ActorEvent):
    """A consumer that was paused goes on."""

    level: ClassVar[int] = logging.INFO

    stream: str
    group: str

    @override
    def words(self) -> str:
        """In words."""
        return f"goes on with {self.stream} for {self.group}"


@frozen
class StreamWentBack(ActorEvent):
    """The last id of a stream is less than it was: Redis has lost its latest entries, and may give their ids again.

    That is what a failover to a replica that lagged does, or a restart from an older snapshot.

    Attributes:
        was, last_id: its last id before and now.
        lost: how many entries are gone at least; None before Redis 7.0.
    """

    level: ClassVar[int] = logging.WARNING

    stream: str
    was: EntryId
    last_id: EntryId
    lost: int | None

    @override
    def words(self) -> str:
        """In words."""
        lost = "what came between" if self.lost is None else f"{self.lost} entries at least"
        return f"{self.stream} ends at {self.last_id}, and ended at {self.was} before: Redis has lost {lost}"


@frozen
class GroupWentBack(ActorEvent):
    """A group has read less than it had: Redis lost how far it was, or somebody moved it. The rest is delivered again.

    Attributes:
        was, last_delivered_id: up to which it had read before, and now.
    """

    level: ClassVar[int] = logging.WARNING

    stream: str
    group: str
    was: EntryId
    last_delivered_id: EntryId

    @override
    def words(self) -> str:
        """In words."""
        return (
            f"group {self.group} of {self.stream} stands at {self.last_delivered_id}, and stood at {self.was} before:"
            " what is there of the rest is delivered again"
        )


@frozen
class ConsumersReaped(ActorEvent):
    """Consumers that were not heard of for long, and had nothing pending, were removed from the group."""

    level: ClassVar[int] = logging.INFO

    stream: str
    group: str
    names: tuple[str, ...]

    @override
    def words(self) -> str:
        """In words."""
        named = ", ".join(self.names[:IDS_SHOWN]) + (", …" if len(self.names) > IDS_SHOWN else "")
        return f"removed {len(self.names)} dead consumers of group {self.group} of {self.stream}: {named}"


@frozen
class ConsumersNotReaped(ActorEvent):
    """Redis refused to remove dead consumers; it is not tried again. Often this user may not XGROUP DELCONSUMER."""

    level: ClassVar[int] = logging.WARNING

    stream: str
    group: str
    error: Exception

    @override
    def words(self) -> str:
        """In words."""
        return f"dead consumers of group {self.group} of {self.stream} are left where they are: {self.error}"


@frozen
class SchedulesNotMoved(ActorEvent):
    """What is due can't be moved into the stream by this process. Others may; it is tried again.

    Attributes:
        schedule: which one; "": all, since Redis refuses it. Often this user may not use the keys of schedules.
    """

    level: ClassVar[int] = logging.WARNING

    stream: str
    schedule: str
    error: Exception

    @override
    def words(self) -> str:
        """In words."""
        what = f"schedule {self.schedule}" if self.schedule else "what is scheduled"
        return f"{what} for {self.stream} is not looked after here: {self.error}"


@frozen
class GroupNearLimit(ActorEvent):
    """A group needs nearly as much of its stream as that shall keep. Somebody should look why it lags."""

    level: ClassVar[int] = logging.WARNING

    stream: str
    group: str
    why: str

    @override
    def words(self) -> str:
        """In words."""
        return f"group {self.group} of {self.stream} is near the limit of its retention: {self.why}"


@frozen
class RetentionHeldUp(ActorEvent):
    """A stream keeps more than it shall, since a group still needs it. If nobody reads that group any more, say so."""

    level: ClassVar[int] = logging.WARNING

    stream: str
    group: str
    why: str

    @override
    def words(self) -> str:
        """In words."""
        return (
            f"{self.stream} keeps more than it shall, for group {self.group}: {self.why}. "
            "If nobody reads that group any more, delete it, or name it in ignore_groups"
        )


@frozen
class GroupOverrun(ActorEvent):
    """A stream whose retention is lossy keeps less than a group needs: what that had not handled is lost."""

    level: ClassVar[int] = logging.WARNING

    stream: str
    group: str
    why: str

    @override
    def words(self) -> str:
        """In words."""
        return f"{self.stream} loses what group {self.group} has not handled: {self.why}"


@frozen
class NotRetained(ActorEvent):
    """Redis refuses to trim a stream: it grows. Often this user may not XTRIM. It is tried again."""

    level: ClassVar[int] = logging.WARNING

    stream: str
    error: Exception

    @override
    def words(self) -> str:
        """In words."""
        return f"{self.stream} is not trimmed here: {self.error}"


@frozen
class HandlerFailed(ActorEvent):
    """A handler raised or declined; its entry stays pending and is delivered again.

    Attributes:
        error: what it raised; None: it declined.
        again_seconds: in how many seconds it is due again; None: after the idle limit.
        counts: False where it failed because something is away: then this delivery is not counted.
        comes_again: False where its group handles at most once.
    """

    level: ClassVar[int] = logging.WARNING

    stream: str
    group: str
    raw_id: bytes
    deliveries: int
    error: Exception | None
    again_seconds: float | None = None
    counts: bool = True
    comes_again: bool = True

    @override
    def words(self) -> str:
        """In words."""
        what = "declined" if self.error is None else f"raised {type(self.error).__name__}: {self.error};"
        if isinstance(self.error, RetryLater):
            what = f"asks for another time: {self.error};"
        when = "stays pending" if self.again_seconds is None else f"comes again in {self.again_seconds:.3g} s"
        when = "comes again at once" if self.again_seconds == 0 else when
        if not self.counts and self.again_seconds is None:
            when = "is handed back"
        if not self.comes_again:
            return f"handler {what} {_shown([self.raw_id])} does not come again: it was acknowledged before"
        number = f"delivery {self.deliveries}" if self.counts else f"delivery {self.deliveries}, which does not count"
        return f"handler {what} {_shown([self.raw_id])} {when} ({number})"


@frozen
class EventsDropped(ActorEvent):
    """Events of a group that handles at most once were acknowledged, or may have been, and were not handled to the end.

    They do not come again, unless an acknowledgement of which nobody heard was none.
    """

    level: ClassVar[int] = logging.WARNING

    stream: str
    group: str
    raw_ids: tuple[bytes, ...]
    reason: str

    @override
    def words(self) -> str:
        """In words."""
        return f"dropped {_shown(self.raw_ids)} of {self.stream} for {self.group}: {self.reason}"


@frozen
class DependencyAway(ActorEvent):
    """Something that handlers need is away: nothing is begun, and what was held is handed back, without counting it.

    Attributes:
        dependency: its name.
        error: what the last handler raised.
        seconds: after how long one event is tried.
    """

    level: ClassVar[int] = logging.WARNING

    stream: str
    group: str
    dependency: str
    error: Exception
    seconds: float

    @override
    def words(self) -> str:
        """In words."""
        why = f"{self.dependency} seems to be away ({type(self.error).__name__}: {self.error})"
        return f"{why}: group {self.group} of {self.stream} pauses, and tries one event in {self.seconds:.1f} s"


@frozen
class DependencyBack(ActorEvent):
    """What was away is there again: an event that was tried succeeded."""

    level: ClassVar[int] = logging.INFO

    stream: str
    group: str
    dependency: str
    after_seconds: float
    tries: int

    @override
    def words(self) -> str:
        """In words."""
        tries = "1 try" if self.tries == 1 else f"{self.tries} tries"
        after = f"after {self.after_seconds:.1f} s and {tries}"
        return f"{self.dependency} is there again: group {self.group} of {self.stream} goes on {after}"


@frozen
class DeadLettered(ActorEvent):
    """An entry that can't be decoded, or has failed too often, goes to the dead-letter stream with the reason."""

    level: ClassVar[int] = logging.WARNING

    stream: str
    group: str
    raw_id: bytes
    reason: str

    @override
    def words(self) -> str:
        """In words."""
        return f"{_shown([self.raw_id])} goes to the dead letters: {self.reason}"


@frozen
class EntriesDestroyed(ActorEvent):
    """Entries were deleted or trimmed while they were pending: their bodies are gone, nobody can handle them."""

    level: ClassVar[int] = logging.WARNING

    stream: str
    group: str
    raw_ids: tuple[bytes, ...]

    @override
    def words(self) -> str:
        """In words."""
        return f"deleted while pending, nobody can handle them: {_shown(self.raw_ids)}"


@frozen
class EntriesReclaimed(ActorEvent):
    """This consumer took over entries that another one left idle for too long, or that it had left itself."""

    level: ClassVar[int] = logging.INFO

    stream: str
    group: str
    raw_ids: tuple[bytes, ...]

    @override
    def words(self) -> str:
        """In words."""
        return f"took over what was left idle: {_shown(self.raw_ids)}"


@frozen
class EntriesRecovered(ActorEvent):
    """Entries were pending under this consumer's own name that this incarnation had never seen: it has them now."""

    level: ClassVar[int] = logging.INFO

    stream: str
    group: str
    count: int

    @override
    def words(self) -> str:
        """In words."""
        return f"recovered {self.count} entries that were pending under its own name"


@frozen
class LeaseLost(ActorEvent):
    """Entries in hand now belong to somebody else: what this consumer says of them is refused."""

    level: ClassVar[int] = logging.WARNING

    stream: str
    group: str
    raw_ids: tuple[bytes, ...]

    @override
    def words(self) -> str:
        """In words."""
        return f"somebody else owns now: {_shown(self.raw_ids)}"


@frozen
class HandedBack(ActorEvent):
    """A stopping consumer gave back what it had not finished, so that another one gets it at once."""

    level: ClassVar[int] = logging.INFO

    stream: str
    group: str
    count: int

    @override
    def words(self) -> str:
        """In words."""
        return f"handed back {self.count} unfinished entries"


@frozen
class LeftPending(ActorEvent):
    """A stopping consumer could not tell Redis in time what became of its entries: they will be delivered again.

    Attributes:
        handled: entries that were handled, and will be a second time.
        unfinished: entries that were not, and could not be handed back: others take them after the idle limit.
    """

    level: ClassVar[int] = logging.WARNING

    stream: str
    group: str
    handled: int
    unfinished: int

    @override
    def words(self) -> str:
        """In words."""
        return (
            f"stopped without Redis: {self.handled} handled entries are not acknowledged and will be handled again, "
            f"{self.unfinished} unfinished ones wait for the idle limit"
        )


def _shown(raw_ids: Iterable[bytes]) -> str:
    """The first few ids, and how many there are."""
    ids = [raw_id.decode("ascii", "replace") for raw_id in raw_ids]
    return ", ".join(ids) if len(ids) <= IDS_SHOWN else f"{len(ids)} entries from {ids[0]} to {ids[-1]}"


IDS_SHOWN = 5
"""Ids that fit into a line of a log."""
