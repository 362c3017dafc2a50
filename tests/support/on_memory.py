"""The simulated server in the place of a real one: the tests of the runtime run on both.

A module with `pytestmark = pytest.mark.also_on_memory` has each of its tests that ask for a server run a second time on
`memory://`: those in Trio in virtual time, where seconds pass in no time. With `also_on_served` they run on
`redis-streams serve`, a process with a port: what starts programs of its own, or redis-cli, needs that. What only a
real server can be asked for is marked `real_server_only("why")`.

All of it, and nothing else: ``make test ARGS="-m simulated"``.
"""

from __future__ import annotations

import inspect
import itertools
import re
import subprocess
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress

import pytest
import redis
import trio
from attrs import define
from redis_streams.simulations.real import ServerFailed
from redis_streams.simulations.server import VERSIONS, InProcessServer, put_in_process_server
from redis_streams.simulations.server._profile import Version
from trio.testing import MockClock
from typing_extensions import override

PROFILE = "7.0"
PROFILES = ("5.0", "6.2", "7.0", "8.6")
"""One for each way that the library goes with servers, see `wire._capabilities`; elsewhere all are compared."""
START_SECONDS = 1_700_000_000
THREAD_SECONDS = 1.0
MEMORY, SERVED = "memory-", "served-"

_numbers = itertools.count()


class MemoryServer(InProcessServer):
    """A server of a test's own, with as much of `RedisServer`'s interface as needs no process.

    Args:
        profile: the version to behave like.
        virtual: whether its clock is Trio's.
        appendonly, config: as of `RedisServer`.
    """

    def __init__(
        self,
        profile: str = PROFILE,
        *,
        virtual: bool,
        appendonly: str | None = None,
        config: Mapping[str, str] | None = None,
    ) -> None:
        given = dict(config or {})
        if appendonly is not None:
            given |= {"appendonly": "yes", "appendfsync": appendonly}
        clock = {"clock": VirtualClock()} if virtual else {}
        super().__init__(profile, configuration=given, **clock)
        self.name = f"on-memory-{next(_numbers)}"
        self.binary = MEMORY + profile
        """What the fixtures make another one of."""
        put_in_process_server(self.name, self)
        self.url = f"memory://{self.name}/0"


class ServedServer:
    """`redis-streams serve` as a process, with as much of `RedisServer`'s interface as the pages' code needs."""

    def __init__(self, profile: str = PROFILE, *, port: int = 0) -> None:
        self.version: Version = VERSIONS[profile]
        command = [sys.executable, "-m", "redis_streams", "serve", "--version", profile, "--port", str(port)]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        found = re.search(r":(\d+);", self._process.stdout.readline())
        if found is None:
            self._process.kill()
            self._process.communicate()
            raise ServerFailed("it did not say where it listens")
        self.port = int(found[1])
        self.url = f"redis://127.0.0.1:{self.port}/0"

    def cli(self, *args: object) -> object:
        """Run one command on a connection of its own."""
        with redis.Redis(port=self.port, protocol=2, decode_responses=True) as client:
            client.response_callbacks.clear()
            return client.execute_command(*args)

    def stop(self) -> None:
        """SIGTERM, which it has to obey."""
        self._process.terminate()
        assert self._process.wait(10) == 0
        self._process.stdout.close()


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
    if clock is None:
        clock = MockClock(autojump_threshold=0)
        instruments = [*instruments, ThreadsTakeNoTime(clock)]
    return trio.run(async_function, clock=clock, instruments=instruments)


@define(eq=False)
class ThreadsTakeNoTime(trio.abc.Instrument):
    """The clock stands still while a thread works, else a busy machine would let deadlines pass that are far away.

    A handler that is no coroutine runs in a thread. One that was given up and still blocks keeps the clock from moving
    only so long as `THREAD_SECONDS` says.
    """

    clock: MockClock
    _works: bool = False

    @override
    def after_task_step(self, task: trio.lowlevel.Task) -> None:
        works = trio.to_thread.current_default_thread_limiter().borrowed_tokens > 0
        if works != self._works:
            self._works = works
            self.clock.autojump_threshold = THREAD_SECONDS if works else 0


def simulated_parameters(function: object, prefix: str, profiles: Sequence[str]) -> list[object]:
    """What stands for the simulated servers among the parameters of a test."""
    virtual = prefix == MEMORY and inspect.iscoroutinefunction(function)
    marks = [pytest.mark.simulated, *([pytest.mark.trio(run=run_in_virtual_time)] if virtual else [])]
    return [pytest.param(prefix + profile, marks=marks, id=prefix + profile) for profile in profiles]
