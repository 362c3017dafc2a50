"""What actors tell the observer, as typed events: logs, metrics and tests hang on these.

What becomes of single entries is in `_entry_events`, what only readers tell in `_reader_events`.
"""

from __future__ import annotations

import logging
from typing import ClassVar

from attrs import frozen
from typing_extensions import override

from ..wire import EntryId
from ._observer import ActorEvent, text_of

IDS_SHOWN = 5
"""Ids that fit into a line of a log."""


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
    """What is due can't be moved into the stream by this process. Others may; it is tried again, and holds up nothing.

    Attributes:
        schedule: which one; "": all, whatever they are. Often this user may not use the keys of schedules.
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
    error: BaseException
    seconds: float

    @override
    def words(self) -> str:
        """In words."""
        why = f"{self.dependency} seems to be away ({type(self.error).__name__}: {text_of(self.error)})"
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
