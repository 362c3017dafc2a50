"""The simulated server in the place of a real one: the tests of the runtime run on both.

A module with `pytestmark = pytest.mark.also_on_memory` has each of its tests that ask for `redis_server` or
`any_redis_server` run a second time on `memory://`: those in Trio in virtual time, where seconds pass in no time. What
needs a process that is killed or stopped is marked `real_server_only`.
"""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

import pytest
import trio
from redis_streams.simulations.server import InProcessServer, put_in_process_server
from trio.testing import MockClock

PROFILE = "7.0"
PROFILES = ("5.0", "6.2", "7.0", "8.0", "8.6")
START_SECONDS = 1_700_000_000
PREFIX = "memory-"

_numbers = itertools.count()


class MemoryServer(InProcessServer):
    """A server of a test's own, with as much of `RedisServer`'s interface as needs no process."""

    def __init__(self, profile: str = PROFILE, *, virtual: bool) -> None:
        if virtual:
            super().__init__(profile, clock=VirtualClock())
        else:
            super().__init__(profile)
        name = f"on-memory-{next(_numbers)}"
        put_in_process_server(name, self)
        self.url = f"memory://{name}"


class VirtualClock:
    """Trio's clock, for the server too; outside of Trio it stands where it was seen last."""

    def __init__(self) -> None:
        self._seconds = 0.0

    def __call__(self) -> tuple[int, float]:
        with suppress(RuntimeError):  # called from a thread, or before the run
            self._seconds = max(self._seconds, trio.current_time())
        return int((START_SECONDS + self._seconds) * 1_000_000), self._seconds * 1000


def run_in_virtual_time(
    async_function: Callable[[], Awaitable[object]],
    *,
    clock: trio.abc.Clock | None = None,
    instruments: Sequence[trio.abc.Instrument] = (),
) -> object:
    """As `trio.run`, on a clock that jumps to the next deadline whenever nothing else is to be done."""
    return trio.run(async_function, clock=clock or MockClock(autojump_threshold=0), instruments=instruments)


def memory_parameters(function: object, profiles: Sequence[str]) -> list[object]:
    """What stands for the simulated servers among the parameters of a test."""
    marks = [pytest.mark.trio(run=run_in_virtual_time)] if inspect.iscoroutinefunction(function) else []
    return [pytest.param(PREFIX + profile, marks=marks, id=PREFIX + profile) for profile in profiles]
