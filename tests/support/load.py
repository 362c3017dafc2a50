"""Publishers and handlers under load, and the question that every fault test asks: is anything missing?"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable

import pytest
import trio
from attrs import define, field
from redis.exceptions import RedisError
from redis_streams import Event, NewEvent, PublishIndeterminate, PublishTimeout, Reclaim, Retry, Runtime, Timeouts
from redis_streams.simulations.real import RedisServer

STREAM = "orders"
GROUP = "billing"
QUICK = Retry(max_retries=50, base_delay_seconds=0.01, max_delay_seconds=0.1)
SHORT = Timeouts(connect_seconds=1.0, reply_seconds=1.0, block_margin_seconds=1.0)
RECLAIM = Reclaim(interval_ms=50, min_idle_ms=400)
WARNINGS_MAX = 40
"""Lines of log at WARNING or above that a fault may cause in one runtime: a story, not a flood."""


def quick_runtime(server: RedisServer) -> Runtime:
    """A runtime whose patience is that of a test."""
    return Runtime(server.url, retry=QUICK, timeouts=SHORT)


@define(eq=False)
class Load:
    """What was published, and what was handled, told apart by event id.

    Attributes:
        acknowledged: events whose publish was answered with an id.
        doubtful: events whose publish was cut off: they may come or not.
        runs: how often a handler finished each event.
        counts: the delivery counts that handlers saw.
    """

    acknowledged: set[str] = field(factory=set)
    doubtful: set[str] = field(factory=set)
    runs: Counter[str] = field(factory=Counter)
    counts: Counter[int] = field(factory=Counter)
    held: int = 0
    held_most: int = 0

    def add_handler(self, runtime: Runtime, *, seconds: float = 0.001, **options: object) -> None:
        """Handle the stream's events in this runtime, each for so long."""
        options = {"reclaim": RECLAIM, "block_ms": 200, "count": 20, "concurrency": 4, **options}

        @runtime.handler(STREAM, GROUP, **options)
        async def handle(event: Event[object]) -> None:
            self.held += 1
            self.held_most = max(self.held_most, self.held)
            try:
                await trio.sleep(seconds)
            finally:
                self.held -= 1
            self.runs[event.event_id] += 1
            self.counts[event.delivery_count] += 1

    async def publish(self, runtime: Runtime, count: int, *, name: str = "p", pause: float = 0.002) -> None:
        """Publish events one by one, and note which of them were acknowledged."""
        for number in range(count):
            event_id = f"{name}-{number}"
            try:
                await runtime.publish_many(STREAM, [NewEvent("placed", {"n": number}, None, event_id)])
            except (PublishIndeterminate, PublishTimeout, RedisError):
                self.doubtful.add(event_id)
            else:
                self.acknowledged.add(event_id)
            await trio.sleep(pause)

    def missing(self) -> set[str]:
        """Events that were acknowledged to their publisher and never handled."""
        return self.acknowledged - set(self.runs)

    async def wait_handled(self, *, seconds: float = 15.0, destroyed: Callable[[], set[str]] = set) -> None:
        """Wait until nothing is missing but what the server itself destroyed."""
        with trio.move_on_after(seconds):
            while self.missing() - destroyed():
                await trio.sleep(0.02)
        missing = sorted(self.missing() - destroyed())
        assert not missing, f"{len(missing)} of {len(self.acknowledged)} acknowledged events lost: {missing[:10]}"


async def wait_settled(server: RedisServer, *, seconds: float = 10.0, stream: str = STREAM, group: str = GROUP) -> None:
    """Wait until nothing of the group is pending."""
    pending: object = None
    with trio.move_on_after(seconds):
        while True:
            pending = server.cli("XPENDING", stream, group)
            if pending[0] == 0:
                return
            await trio.sleep(0.02)
    raise AssertionError(f"still pending: {pending}")


def check_log(caplog: pytest.LogCaptureFixture, *, most: int = WARNINGS_MAX) -> None:
    """The log tells the story in a few lines, and no actor crashed: trouble outside is no bug inside."""
    loud = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    crashes = [line for line in loud if "crashed" in line]
    assert not crashes, crashes
    assert len(loud) <= most, f"{len(loud)} lines:\n" + "\n".join(loud)
