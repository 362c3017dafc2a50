"""What a user with the documented permissions can do: all that a consumer does, in all that befalls it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import trio
from redis_streams import (
    DeadLettered,
    Event,
    NotRetained,
    Reclaim,
    Retention,
    RetryPolicy,
    Runtime,
    RuntimeEvent,
    SchedulesNotMoved,
)
from redis_streams.actors import ChildCrashed
from redis_streams.simulations.real import RedisServer

PAGE = Path(__file__).parents[2] / "docs/data-model.md"
pytestmark = pytest.mark.real_time


def documented() -> list[str]:
    """The words of ACL SETUSER on the page, behind the name of the user."""
    found = re.search(r'"ACL SETUSER",(.*?)\)  # fmt', PAGE.read_text(), re.DOTALL)
    assert found is not None
    return " ".join(re.findall(r'"([^"]*)"', found[1])).split()


async def test_they_are_enough_for_all_that_a_runtime_does(
    redis_server: RedisServer,
) -> None:
    """Nothing crashes: a missing permission would end the program, since it stays until somebody does something."""
    if redis_server.version < (6, 0, 0):
        pytest.skip("users came with Redis 6.0")
    redis_server.cli("ACL", "SETUSER", *documented())
    told: list[RuntimeEvent] = []
    runtime = Runtime(redis_server.url.replace("redis://", "redis://app:secret@"), observer=told.append)
    runtime.stream(
        "orders", retention=Retention(max_length=100, max_age_seconds=60, settled=True, interval_seconds=0.1)
    )
    runs, seen = list[int](), list[str]()

    @runtime.handler(
        "orders",
        "billing",
        max_deliveries=3,
        retry_policy=RetryPolicy(delay_seconds=0.05),
        reclaim=Reclaim(interval_ms=50, min_idle_ms=200, reap_idle_ms=100),
    )
    async def fail(event: Event[object]) -> None:
        runs.append(event.delivery_count)
        raise ValueError("as planned")

    @runtime.reader("orders", name="cache", start="0", max_deliveries=1)
    async def see(event: Event[object]) -> None:
        seen.append(event.event_id)
        raise ValueError("as planned")

    with trio.fail_after(30):
        async with runtime:
            await runtime.publish("orders", {}, event_type="order.placed", event_id="one")
            while not any(isinstance(event, DeadLettered) and event.group == "billing" for event in told):
                await trio.sleep(0.05)
            schedules = runtime.schedules("orders")
            await schedules.publish({}, event_type="order.placed", event_id="two", every=1.0)
            await schedules.publish({}, event_type="order.placed", event_id="three", after=0.1)
            while len({(event.group, event.raw_id) for event in told if isinstance(event, DeadLettered)}) < 6:
                await trio.sleep(0.05)
            assert [schedule.id for schedule in await schedules.list()] == ["two"]
            assert await schedules.cancel("two")
    assert runs[:3] == [1, 2, 3]
    assert seen[0] == "one"
    assert not [event for event in told if isinstance(event, ChildCrashed | NotRetained | SchedulesNotMoved)]
