"""Entries that become claimable while a read with CLAIM waits: time alone brings that about (since 8.4)."""

from __future__ import annotations

from typing import Final

from .._command import Call
from .._session import Block
from ._read_options import ReadOptions
from ._stream import Stream

POLL_MS: Final = 100
"""Where no entry is pending, one may be by then. Redis looks ten times a second."""


def watch_idle(call: Call, options: ReadOptions, claim_ms: int, block: Block) -> None:
    """Have a wait look again when the oldest delivery in one of its groups is more than `claim_ms` ago."""

    def look() -> list[bytes]:
        left_ms = {key: _until_claimable_ms(call, options.group, key, claim_ms) for key in options.keys}
        next_ms = min((left if left > 0 else POLL_MS) for left in left_ms.values())
        block.look_again_ms = call.engine.timer_ms + next_ms
        return [key for key, left in left_ms.items() if left <= 0]

    look()
    block.look = look


def _until_claimable_ms(call: Call, group_name: bytes | None, key: bytes, claim_ms: int) -> int:
    """When an entry of a group will be claimable, as far as can be said now; 0 or less: one is."""
    stream = call.database.get(key)
    group = stream.groups.get(group_name) if isinstance(stream, Stream) and group_name is not None else None
    if not isinstance(stream, Stream) or group is None:
        return max(claim_ms + 1, POLL_MS)
    for delivered_ms, entry_id in group.oldest_first():
        if stream.get(entry_id) is not None:
            return delivered_ms + claim_ms + 1 - call.now_ms
    return max(claim_ms + 1, POLL_MS)
