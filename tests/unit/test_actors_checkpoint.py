"""A checkpoint outside of Redis."""

from __future__ import annotations

from redis_streams.actors import MemoryCheckpoint
from redis_streams.wire import EntryId


def test_it_begins_empty_and_keeps_what_it_is_told() -> None:
    """None: nothing has been settled yet, so a group begins where its settings say."""
    checkpoint = MemoryCheckpoint()
    assert checkpoint.watermark is None
    checkpoint.watermark = EntryId(5, 1)
    assert checkpoint == MemoryCheckpoint(EntryId(5, 1))


def test_two_of_them_share_nothing() -> None:
    """Two groups have two checkpoints."""
    one, other = MemoryCheckpoint(), MemoryCheckpoint()
    one.watermark = EntryId(1, 0)
    assert other.watermark is None
