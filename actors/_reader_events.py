"""What readers without a group tell the observer, beside what all actors that read do."""

from __future__ import annotations

import logging
from typing import ClassVar

from attrs import frozen
from typing_extensions import override

from ..wire import EntryId
from ._observer import ActorEvent


@frozen
class ReaderBegan(ActorEvent):
    """A reader without a group knows where it begins: at its checkpoint, or for the first time (`is_new`)."""

    level: ClassVar[int] = logging.INFO

    stream: str
    reader: str
    position: EntryId
    is_new: bool

    @override
    def words(self) -> str:
        """In words."""
        how = "begins" if self.is_new else "goes on"
        return f"{_reader(self.reader)} of {self.stream} {how} after {self.position}"


@frozen
class ReaderMoved(ActorEvent):
    """A reader found another stream in the place of the former one, or that one gone back, and reads on elsewhere.

    Attributes:
        was, position: after which id it would have gone on, and after which it does; 0-0: all that is there is new.
    """

    level: ClassVar[int] = logging.WARNING

    stream: str
    reader: str
    was: EntryId
    position: EntryId
    reason: str

    @override
    def words(self) -> str:
        """In words."""
        return f"{_reader(self.reader)} of {self.stream} goes on after {self.position}, not {self.was}: {self.reason}"


@frozen
class EventsMissed(ActorEvent):
    """Entries were trimmed or deleted before a reader came to them.

    Attributes:
        after, before: they were between these ids; None: nothing is left.
        count: how many; None: Redis does not tell, perhaps none.
    """

    level: ClassVar[int] = logging.WARNING

    stream: str
    reader: str
    after: EntryId
    before: EntryId | None
    count: int | None

    @override
    def words(self) -> str:
        """In words."""
        many = "what there was" if self.count is None else f"{self.count} entries"
        between = f"after {self.after}" if self.before is None else f"between {self.after} and {self.before}"
        return f"{_reader(self.reader)} of {self.stream} missed {many} {between}: removed before it came there"


@frozen
class EventGivenUp(ActorEvent):
    """A reader without a name passes over an event that it can't handle: it has no dead letters."""

    level: ClassVar[int] = logging.WARNING

    stream: str
    raw_id: bytes
    reason: str

    @override
    def words(self) -> str:
        """In words."""
        return f"passes over {self.raw_id.decode('ascii', 'replace')}: {self.reason}"


@frozen
class ReaderLeftBehind(ActorEvent):
    """A stopping reader could not write its checkpoint in time: its last so many events will be handled again."""

    level: ClassVar[int] = logging.WARNING

    stream: str
    reader: str
    events: int

    @override
    def words(self) -> str:
        """In words."""
        return f"stopped without Redis: {_reader(self.reader)} of {self.stream} handles {self.events} events again"


def _reader(name: str) -> str:
    return f"reader {name}" if name else "a reader"
