"""What is deleted while it is in hand: it is told, and nobody takes it for stolen. And renewals that are refused."""

from __future__ import annotations

import itertools
from collections.abc import Awaitable, Callable

import pytest
import trio
from redis_streams import (
    EntriesDestroyed,
    Event,
    HandlerFailed,
    LeaseLost,
    NewEvent,
    Reclaim,
    RestartLimitExceeded,
    RetryLater,
    Runtime,
    RuntimeEvent,
)
from redis_streams.simulations.server.in_process import InProcessServer, put_in_process_server
from trio.testing import MockClock

NAMES = itertools.count()


class Bench:
    """A runtime on a server of its own, with one event that its handler deletes before it goes on."""

    def __init__(self, then: Callable[[], Awaitable[None]]) -> None:
        def clock() -> tuple[int, float]:
            return int((1_700_000_000 + trio.current_time()) * 1_000_000), trio.current_time() * 1000

        url = f"memory://deleted-{next(NAMES)}"
        put_in_process_server(url.removeprefix("memory://"), InProcessServer("7.0", clock=clock))
        self.told: list[RuntimeEvent] = []
        self.runs = 0
        self.runtime = Runtime(url, observer=self.told.append)

        async def handle(event: Event[object]) -> None:
            self.runs += 1
            await self.runtime.client.xdel("s", [event.raw_id])
            await then()

        self.runtime.add_handler("s", "g", handle, reclaim=Reclaim(min_idle_ms=4000), drain_seconds=0)

    async def run(self, seconds: float) -> None:
        """For so long, and stop."""
        async with self.runtime:
            await self.runtime.publish("s", 1, event_type="a")
            await trio.sleep(seconds)
        assert len([event for event in self.told if isinstance(event, EntriesDestroyed)]) == 1
        assert not [event for event in self.told if isinstance(event, LeaseLost)]
        assert self.runs == 1


async def test_its_handler_goes_on(autojump_clock: MockClock) -> None:
    """It broke: two renewals later it was cancelled, and LeaseLost said that somebody else had it."""
    ended = trio.Event()

    async def then() -> None:
        await trio.sleep(30)
        ended.set()

    await Bench(then).run(60)
    assert ended.is_set()


async def test_it_does_not_come_again(autojump_clock: MockClock) -> None:
    """Where a renewal has found that out."""

    async def then() -> None:
        await trio.sleep(30)
        raise ValueError

    bench = Bench(then)
    await bench.run(60)
    assert [event.comes_again for event in bench.told if isinstance(event, HandlerFailed)] == [False]


async def test_it_is_told_where_it_was_to_be_tried_later(autojump_clock: MockClock) -> None:
    """It broke: nothing came at that time, and nobody said why."""

    async def then() -> None:
        raise RetryLater(after=5.0)

    await Bench(then).run(60)


async def test_it_is_told_where_it_was_to_be_handed_back(autojump_clock: MockClock) -> None:
    """It broke: it counted as handed back."""
    await Bench(trio.sleep_forever).run(0.5)


async def test_a_renewal_that_is_refused_for_good_ends_the_runtime(autojump_clock: MockClock) -> None:
    """It broke: when the lease was over nothing began any more, and nobody said why."""
    name = f"refused-{next(NAMES)}"
    server = InProcessServer("7.0", clock=lambda: (int(trio.current_time() * 1_000_000), trio.current_time() * 1000))
    put_in_process_server(name, server)
    server.cli("ACL", "SETUSER", "default", "-xclaim")
    runtime = Runtime(f"memory://{name}", observer=lambda _event: None)

    @runtime.handler("s", "g", reclaim=Reclaim(min_idle_ms=4000))
    async def handle(_event: Event[object]) -> None:
        await trio.sleep(30)

    with pytest.raises(RestartLimitExceeded, match="user executing the script"):
        async with runtime:
            await runtime.publish_many("s", [NewEvent("t", number) for number in range(2)])
            await trio.sleep(300)
