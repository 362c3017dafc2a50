"""Where a checkpoint lives when it does not live in Redis."""

from __future__ import annotations

from attrs import define

from ..wire import EntryId


@define
class MemoryCheckpoint:
    """A checkpoint that lives as long as the process; it belongs to the wiring, so it outlives an actor's crash."""

    watermark: EntryId | None = None
