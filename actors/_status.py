"""What the five actors last published of themselves, as a snapshot shows it."""

from __future__ import annotations

import math

from attrs import frozen

from ..wire import EntryId


@frozen
class ConsumerStatus:
    """Entries held now, of these waiting for a worker, and handler runs since the incarnation began."""

    held: int
    waiting: int
    handled: int
    failed: int
    paused: str = ""
    """Why nothing is begun; "" while the consumer is not paused."""
    due_at: float = math.inf
    """By when, by the timers' clock, a read should be answered or something be settled."""


@frozen
class GroupStatus:
    """The group as it stood at the last look."""

    pending: int
    lag: int | None
    """Entries that no consumer has read yet; None where the server can't tell (before 7.0, or after deletions)."""
    last_delivered_id: EntryId
    due_at: float = math.inf
    """When the next look is due, by the timers' clock."""


@frozen
class CheckpointStatus:
    """The watermark: every entry up to this id is settled."""

    watermark: EntryId
    settled: int
    """Entries settled since the incarnation began."""


@frozen
class ReclaimerStatus:
    """Where the scan of the pending list stands."""

    scans: int
    offered: int


@frozen
class SchedulerStatus:
    """What was moved into the stream since the incarnation began, and when the next is due; None: there is none."""

    moved: int
    next_ms: int | None


@frozen
class RetainerStatus:
    """Entries removed since the incarnation began, and entries left."""

    removed: int
    length: int


@frozen
class ReaderStatus:
    """Where a reader without a group is, and its handlers' runs since the incarnation began."""

    position: EntryId | None
    """Everything up to this id was handled; None: it does not know yet where to begin."""
    handled: int
    failed: int
    due_at: float = math.inf
    """By when, by the timers' clock, a read should be answered or an event be handled."""
