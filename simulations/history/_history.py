"""The history of one run: its records in order, and the questions that checkers ask of it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar, cast

from attrs import define, field, frozen

from ..plan import Plan
from ._records import Record, Told

if sys.version_info < (3, 11):
    from exceptiongroup import BaseExceptionGroup

R = TypeVar("R", bound=Record)
T = TypeVar("T")


@frozen
class GroupState:
    """A consumer group as the server had it at the end.

    Attributes:
        pending: id, consumer and deliveries of each pending entry.
        unread: ids of entries that were never delivered to the group.
        checkpoint: the watermark that is kept beside it, None where there is none.
        event_types: those that its handlers are meant for; None: all. Others are acknowledged and passed over.
    """

    stream: str
    group: str
    pending: Sequence[tuple[bytes, bytes, int]]
    unread: Sequence[bytes]
    checkpoint: bytes | None
    event_types: frozenset[str] | None = None


@define(eq=False)
class History:
    """What happened.

    Attributes:
        plan: what was to happen.
        records: in the order of their times.
        groups: every consumer group at the end, after the stop.
        streams: at the end, the entries of each stream: id and fields. Dead-letter streams are among them.
        healed_at_ms: when the faults ended.
        live: whether everything was settled within the bound after that.
        leaks: tasks and sockets that were left behind by a process that ended gracefully, in words.
    """

    plan: Plan
    records: list[Record] = field(factory=list[Record])
    groups: Sequence[GroupState] = ()
    streams: dict[str, Sequence[tuple[bytes, tuple[bytes, ...]]]] = field(factory=dict)
    healed_at_ms: float | None = None
    live: bool = True
    leaks: Sequence[str] = ()
    _derived: dict[object, tuple[int, object]] = field(factory=dict, init=False, repr=False)

    def once(self, derive: Callable[[History], T]) -> T:
        """What can be derived from all records: worked out once, however many ask, until there are more records."""
        known = self._derived.get(derive)
        if known is None or known[0] != len(self.records):
            known = self._derived[derive] = (len(self.records), derive(self))
        return cast("T", known[1])

    def forget_frames(self) -> None:
        """Have the errors in it say no more where they were raised: by that they hold the whole world of the run."""
        for told in self.of(Told):
            error: object = getattr(told.event, "error", None)
            if isinstance(error, BaseException):
                _forget_frames(error)

    def of(self, kind: type[R]) -> Iterator[R]:
        """All records of one kind, in their order."""
        return (record for record in self.records if isinstance(record, kind))


def _forget_frames(error: BaseException) -> None:
    """Of an error, of those behind it, and of those in it if it is a group."""
    left: list[BaseException | None] = [error]
    known: set[int] = set()
    while left:
        each = left.pop()
        if each is not None and id(each) not in known:
            known.add(id(each))
            each.__traceback__ = None
            left += [each.__cause__, each.__context__]
            if isinstance(each, BaseExceptionGroup):
                left += each.exceptions
