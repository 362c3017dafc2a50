"""The history of one run: its records in order, and the questions that checkers ask of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

from attrs import define, field, frozen

from ..plan import Plan
from ._records import Record

R = TypeVar("R", bound=Record)


@frozen
class GroupState:
    """A consumer group as the server had it at the end.

    Attributes:
        pending: id, consumer and deliveries of each pending entry.
        unread: ids of entries that were never delivered to the group.
        checkpoint: the watermark that is kept beside it, None where there is none.
    """

    stream: str
    group: str
    pending: Sequence[tuple[bytes, bytes, int]]
    unread: Sequence[bytes]
    checkpoint: bytes | None


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

    def of(self, kind: type[R]) -> Iterator[R]:
        """All records of one kind, in their order."""
        return (record for record in self.records if isinstance(record, kind))
