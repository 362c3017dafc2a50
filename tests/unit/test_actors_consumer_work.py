"""Verdicts on their way to the checkpoint writer, through an outage that lasts."""

from __future__ import annotations

import itertools
from typing import Literal

import pytest
import trio
from redis_streams import Event, EventsDropped, LeaseLost, NewEvent, Reclaim, Runtime, RuntimeEvent
from redis_streams.simulations.server.in_process import InProcessServer, put_in_process_server
from trio.testing import MockClock

NAMES = itertools.count()
KEPT = {"appendonly": "yes", "appendfsync": "always"}
OUTAGE_SECONDS = 100.0


def clock() -> tuple[int, float]:
    return int((1_700_000_000 + trio.current_time()) * 1_000_000), trio.current_time() * 1000


@pytest.mark.parametrize("delivery", ["at_least_once", "at_most_once"])
async def test_an_outage_that_lasts_makes_nothing_unsure(
    autojump_clock: MockClock, delivery: Literal["at_least_once", "at_most_once"]
) -> None:
    """No answer was lost: what was to be acknowledged meanwhile is acknowledged, once, and nothing else is told.

    After half a minute the consumer said the same verdict again, while the writer still had the first one. It
    acknowledged that, told nobody, and called the second one lost.
    """
    server, name = InProcessServer("7.0", clock=clock, configuration=KEPT), f"outage-{next(NAMES)}"
    put_in_process_server(name, server)
    told: list[RuntimeEvent] = []
    handled: list[object] = []
    runtime = Runtime(f"memory://{name}", observer=told.append)
    reclaim = Reclaim(interval_ms=1000, min_idle_ms=600_000)

    @runtime.handler("s", "g", consumer="a", reclaim=reclaim, delivery=delivery)
    async def handle(event: Event[object]) -> None:
        if not handled:
            server.kill()
        handled.append(event.payload)

    async with runtime:
        await runtime.publish_many("s", [NewEvent("t", number) for number in range(4)])
        await trio.sleep(OUTAGE_SECONDS)
        server.restart()
        await trio.sleep(OUTAGE_SECONDS)
        assert (await runtime.client.xpending("s", "g")).count == 0
    assert handled == [0, 1, 2, 3]
    assert not [event for event in told if isinstance(event, EventsDropped | LeaseLost)]
