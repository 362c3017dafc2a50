"""The time for which somebody is to be woken, set by whoever knows of one: a fact, and safe to lose."""

from __future__ import annotations

import math

import trio


class Alarm:
    """One sleeper, and any number of those who know when it has something to do. It looks at the same thing anyhow."""

    def __init__(self) -> None:
        self._at = math.inf
        self._changed = trio.Event()

    def set(self, after_seconds: float) -> None:
        """Have the sleeper wake up by then, if it would not before."""
        at = trio.current_time() + after_seconds
        if at < self._at:
            self._at = at
            self._changed.set()

    async def sleep(self, most_seconds: float) -> None:
        """Sleep until the time that was set, or for so long; what was set is used up by that."""
        latest = trio.current_time() + most_seconds
        while (until := min(self._at, latest)) > trio.current_time():
            self._changed = trio.Event()
            with trio.move_on_at(until):
                await self._changed.wait()
        await trio.lowlevel.checkpoint()
        self._at = math.inf
