"""Retries: at once, or when they are due, and not before; across crashes, and without taking a place meanwhile."""

from __future__ import annotations

import pytest
import trio
from redis_streams import DeadLettered, Event, NewEvent, Reclaim, Reject, RetryLater, RetryPolicy, Runtime
from redis_streams.simulations.real import RedisServer
from support.load import QUICK, SHORT, quick_runtime, wait_settled

pytestmark = [pytest.mark.also_on_memory, pytest.mark.real_time]

RARELY = Reclaim(interval_ms=30_000, min_idle_ms=30_000)
OFTEN = Reclaim(interval_ms=10, min_idle_ms=100)
RETRIES = "{s}:retries:g"


async def test_a_retry_comes_when_it_is_due(any_redis_server: RedisServer) -> None:
    """And not at the idle limit; meanwhile its place is free, also where there is one only."""
    runtime, runs = quick_runtime(any_redis_server), list[tuple[object, int, float]]()

    @runtime.handler("s", "g", block_ms=100, prefetch=1, reclaim=RARELY)
    async def handle(event: Event[object]) -> RetryLater | None:
        runs.append((event.payload, event.delivery_count, trio.current_time()))
        return RetryLater(0.3) if event.payload == 0 and event.delivery_count < 3 else None

    async with runtime:
        await runtime.publish_many("s", [NewEvent("a", number) for number in range(3)])
        with trio.fail_after(10):
            while len(runs) < 5:
                await trio.sleep(0.01)
        await wait_settled(any_redis_server, stream="s", group="g")
    assert [run[:2] for run in runs] == [(0, 1), (1, 1), (2, 1), (0, 2), (0, 3)]
    first, second, third = (at for payload, _, at in runs if payload == 0)
    assert second - first >= 0.3
    assert third - second >= 0.3
    assert any_redis_server.cli("EXISTS", RETRIES) == 0


async def test_nobody_takes_over_what_is_not_due(any_redis_server: RedisServer) -> None:
    """However idle it is, and although its process is gone, also not one of its name; then another process gets it."""
    runs = list[tuple[str, float]]()

    def consumer(name: str) -> Runtime:
        runtime = quick_runtime(any_redis_server)

        @runtime.handler("s", "g", consumer=name, block_ms=100, reclaim=OFTEN)
        async def handle(event: Event[object]) -> None:
            runs.append((name, trio.current_time()))
            if event.delivery_count == 1:
                raise RetryLater(1.0, "the till is closed")

        return runtime

    first = consumer("one")
    async with first:
        await first.publish("s", 1, event_type="a")
        with trio.fail_after(10):
            while not any_redis_server.cli("EXISTS", RETRIES):
                await trio.sleep(0.01)
    async with consumer("one"):
        await trio.sleep(0.2)
    async with consumer("two"):
        with trio.fail_after(10):
            while len(runs) < 2:
                await trio.sleep(0.01)
        await wait_settled(any_redis_server, stream="s", group="g")
    assert [name for name, _ in runs] == ["one", "two"]
    assert runs[1][1] - runs[0][1] >= 1.0


async def test_what_was_noted_and_lost_comes_after_the_idle_limit(redis_server: RedisServer) -> None:
    """The times are a convenience: what is to be done stands in the pending list."""
    runtime, counts = quick_runtime(redis_server), list[int]()

    @runtime.handler("s", "g", block_ms=100, reclaim=OFTEN)
    async def handle(event: Event[object]) -> None:
        counts.append(event.delivery_count)
        if event.delivery_count == 1:
            raise RetryLater(3600)

    async with runtime:
        await runtime.publish("s", 1, event_type="a")
        with trio.fail_after(10):
            while not redis_server.cli("DEL", RETRIES):
                await trio.sleep(0.01)
            while len(counts) < 2:
                await trio.sleep(0.01)
        await wait_settled(redis_server, stream="s", group="g")
    assert counts == [1, 2]


async def test_a_policy_retries_at_once_then_later_and_rejects(redis_server: RedisServer) -> None:
    """As it says for each class of errors; each try is a delivery that Redis counts."""
    told = list[object]()
    runtime = Runtime(redis_server.url, retry=QUICK, timeouts=SHORT, observer=told.append)
    runs = list[tuple[object, int]]()
    policy = RetryPolicy(immediate=2, delay_seconds=0.05, jitter=0, errors={LookupError: "reject"})

    @runtime.handler("s", "g", block_ms=100, reclaim=RARELY, retry_policy=policy, max_deliveries=4)
    async def handle(event: Event[object]) -> None:
        runs.append((event.payload, event.delivery_count))
        if event.payload == "fails":
            raise ValueError("bad")
        if event.payload == "misses":
            raise KeyError("sku")
        if event.payload == "refused":
            raise Reject("not ours")

    async with runtime:
        await runtime.publish_many("s", [NewEvent("a", text) for text in ("fails", "misses", "refused", "fine")])
        with trio.fail_after(10):
            while redis_server.cli("XLEN", "{s}:dead:g") < 3:
                await trio.sleep(0.01)
        await wait_settled(redis_server, stream="s", group="g")
    assert runs[:3] == [("fails", 1), ("fails", 2), ("fails", 3)]
    assert sorted(runs[3:]) == [("fails", 4), ("fine", 1), ("misses", 1), ("refused", 1)]
    reasons = {event.reason for event in told if isinstance(event, DeadLettered)}
    assert reasons == {
        "its handler raised KeyError: 'sku', which is not tried again",
        "its handler rejected it: not ours",
        "its handler raised ValueError: bad (delivery 4 of 4)",
    }


async def test_each_event_of_a_batch_may_ask_for_its_own_time(redis_server: RedisServer) -> None:
    """Beside answers of other kinds."""
    runtime, runs = quick_runtime(redis_server), list[list[object]]()

    @runtime.handler("s", "g", batch=4, block_ms=100, reclaim=RARELY)
    async def handle(events: list[Event[object]]) -> list[object]:
        runs.append([event.payload for event in events])
        answers = {0: RetryLater(0.05), 1: Reject("no"), 2: RetryLater(0)}
        return [answers.get(event.payload) if event.delivery_count == 1 else True for event in events]

    async with runtime:
        await runtime.publish_many("s", [NewEvent("a", number) for number in range(4)])
        with trio.fail_after(10):
            while len(runs) < 3:
                await trio.sleep(0.01)
        await wait_settled(redis_server, stream="s", group="g")
    assert runs == [[0, 1, 2, 3], [2], [0]]
    assert redis_server.cli("XLEN", "{s}:dead:g") == 1
