"""What becomes of single entries, as typed events for the observer."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import ClassVar

from attrs import frozen
from typing_extensions import override

from ._events import IDS_SHOWN
from ._observer import ActorEvent, in_words, text_of
from ._verdict import RetryLater


@frozen
class HandlerFailed(ActorEvent):
    """A handler raised or declined; its entry stays pending and is delivered again.

    Attributes:
        error: what it raised; None: it declined.
        again_seconds: in how many seconds it is due again; None: after the idle limit.
        counts: False where it failed because something is away: then this delivery is not counted.
        comes_again: False where its group handles at most once, or its entry was deleted meanwhile.
    """

    level: ClassVar[int] = logging.WARNING

    stream: str
    group: str
    raw_id: bytes
    deliveries: int
    error: BaseException | None
    again_seconds: float | None = None
    counts: bool = True
    comes_again: bool = True

    @override
    def words(self) -> str:
        """In words."""
        what = "declined" if self.error is None else f"raised {type(self.error).__name__}: {text_of(self.error)};"
        if isinstance(self.error, RetryLater):
            what = f"asks for another time: {text_of(self.error)};"
        when = "stays pending" if self.again_seconds is None else f"comes again in {self.again_seconds:.3g} s"
        when = "comes again at once" if self.again_seconds == 0 else when
        if not self.counts and self.again_seconds is None:
            when = "is handed back"
        if not self.comes_again:
            return f"handler {what} {_shown([self.raw_id])} does not come again: it is not pending any more"
        number = f"delivery {self.deliveries}" if self.counts else f"delivery {self.deliveries}, which does not count"
        return f"handler {what} {_shown([self.raw_id])} {when} ({number})"


@frozen
class CleanupFailed(ActorEvent):
    """A handler that was cancelled raised something else, too, as where its cleanup failed.

    It was cancelled all the same: its entries have no verdict, and nothing counts as failed.
    """

    level: ClassVar[int] = logging.WARNING

    stream: str
    group: str
    raw_ids: tuple[bytes, ...]
    error: BaseException

    @override
    def words(self) -> str:
        """In words."""
        return f"the handler of {_shown(self.raw_ids)} was cancelled, and raised {in_words(self.error)}"


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
class DeadLettersRefused(ActorEvent):
    """Redis does not take dead letters; often this user may not write there, or the key holds something else.

    Their entries stay pending, and it is tried again, each minute and at a stop. All other events go on.
    """

    level: ClassVar[int] = logging.ERROR

    stream: str
    group: str
    raw_ids: tuple[bytes, ...]
    error: Exception

    @override
    def words(self) -> str:
        """In words."""
        why = f"the dead letters of {self.stream} for {self.group} are refused ({self.error})"
        return f"{why}: {_shown(self.raw_ids)} stay pending, and it is tried again"


@frozen
class EntriesDestroyed(ActorEvent):
    """Entries were deleted or trimmed while they were pending: nobody gets them any more.

    A handler that is at one of them goes on with it.
    """

    level: ClassVar[int] = logging.WARNING

    stream: str
    group: str
    raw_ids: tuple[bytes, ...]

    @override
    def words(self) -> str:
        """In words."""
        return f"deleted while pending, nobody gets them any more: {_shown(self.raw_ids)}"


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
