"""Trio runs whose scheduler follows a seed, on a clock that jumps: a test repeats, whatever meets in one pass."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import trio
from trio.testing import MockClock


def run_seeded(main: Callable[[], Awaitable[object]], seed: int) -> None:
    """Run it to its end without waiting for real time; tasks that are ready together run in an order of the seed's."""
    scheduler = trio._core._run._r
    before = scheduler.getstate()
    scheduler.seed(seed)
    try:
        trio.run(main, clock=MockClock(autojump_threshold=0))
    finally:
        scheduler.setstate(before)
