"""Something that handlers need is away: nothing healthy is given up for it, and what always fails still is."""

from __future__ import annotations

import pytest
import trio
from redis_streams import (
    DeadLettered,
    Dependency,
    DependencyAway,
    DependencyBack,
    Event,
    NewEvent,
    Reclaim,
    RetryPolicy,
    Runtime,
)
from redis_streams.actors import ConsumerStatus
from redis_streams.simulations.real import RedisServer
from support.load import QUICK, SHORT, quick_runtime, wait_settled

pytestmark = [pytest.mark.also_on_memory, pytest.mark.real_time]

OFTEN = Reclaim(interval_ms=20, min_idle_ms=200)
DB = Dependency("db", ConnectionError, after=3, delay_seconds=0.05, max_delay_seconds=0.1)
POLICY = RetryPolicy(delay_seconds=0.02, max_delay_seconds=0.05)


async def test_an_outage_dead_letters_nothing_and_uses_up_no_delivery(redis_server: RedisServer) -> None:
    """Although it lasts for more tries than an event has; then everything goes on at once."""
    told, runs, away = list[object](), list[tuple[object, int]](), True
    runtime = Runtime(redis_server.url, retry=QUICK, timeouts=SHORT, observer=told.append)

    @runtime.handler(
        "s", "g", block_ms=100, reclaim=OFTEN, retry_policy=POLICY, max_deliveries=2, dependencies=[DB], concurrency=2
    )
    async def handle(event: Event[object]) -> None:
        runs.append((event.payload, event.delivery_count))
        if away:
            raise ConnectionError("refused")

    async with runtime:
        await runtime.publish_many("s", [NewEvent("a", number) for number in range(6)])
        with trio.fail_after(20):
            while len(runs) < 16:
                await trio.sleep(0.01)
        assert redis_server.cli("XPENDING", "s", "g")[0] <= 6
        away = False
        await wait_settled(redis_server, stream="s", group="g")
    assert max(deliveries for _, deliveries in runs) <= 2
    assert not any(isinstance(event, DeadLettered) for event in told)
    [paused] = [event for event in told if isinstance(event, DependencyAway)]
    [resumed] = [event for event in told if isinstance(event, DependencyBack)]
    assert "db seems to be away (ConnectionError: refused)" in paused.words()
    assert told.index(paused) < told.index(resumed)
    assert {payload for payload, _ in runs} == set(range(6))


async def test_one_event_that_always_fails_so_is_buried_while_others_succeed(redis_server: RedisServer) -> None:
    """Its error is one of those of an outage, but nothing else fails."""
    runtime, buried = quick_runtime(redis_server), Dependency("db", ConnectionError, after=2)

    @runtime.handler(
        "s", "g", block_ms=100, reclaim=OFTEN, retry_policy=POLICY, max_deliveries=3, dependencies=[buried]
    )
    async def handle(event: Event[object]) -> None:
        if event.payload == "poison":
            raise ConnectionError("by peer")

    async with runtime:
        await runtime.publish("s", "poison", event_type="a")
        with trio.fail_after(20):
            while not redis_server.cli("XLEN", "{s}:dead:g"):
                await runtime.publish("s", "fine", event_type="a")
                await trio.sleep(0.02)
        await wait_settled(redis_server, stream="s", group="g")
    assert redis_server.cli("XLEN", "{s}:dead:g") == 1


async def test_nothing_is_given_up_for_an_outage_too_quiet_to_be_noticed(redis_server: RedisServer) -> None:
    """A single event can't show that everything fails; it comes again all the same."""
    runtime, runs = quick_runtime(redis_server), list[int]()

    @runtime.handler("s", "g", block_ms=100, reclaim=OFTEN, retry_policy=POLICY, max_deliveries=2, dependencies=[DB])
    async def handle(event: Event[object]) -> None:
        runs.append(event.delivery_count)
        if len(runs) < 6:
            raise ConnectionError("refused")

    async with runtime:
        await runtime.publish("s", 1, event_type="a")
        with trio.fail_after(20):
            while len(runs) < 6:
                await trio.sleep(0.01)
        await wait_settled(redis_server, stream="s", group="g")
    assert runs == [1, 2, 2, 2, 2, 2]
    assert redis_server.cli("EXISTS", "{s}:dead:g") == 0


async def test_a_process_for_which_it_is_there_gets_what_another_hands_back(redis_server: RedisServer) -> None:
    """At once: what is away for one may be there for another."""
    patient, done = Dependency("db", ConnectionError, after=2, delay_seconds=60), set[object]()
    late = Reclaim(interval_ms=20, min_idle_ms=60_000)
    cut_off, well = quick_runtime(redis_server), quick_runtime(redis_server)

    @cut_off.handler("s", "g", consumer="cut-off", block_ms=100, reclaim=late, dependencies=[patient], prefetch=10)
    async def fail(_event: Event[object]) -> None:
        raise ConnectionError("no route")

    @well.handler("s", "g", consumer="well", block_ms=100, reclaim=late)
    async def handle(event: Event[object]) -> None:
        done.add(event.payload)

    async with cut_off:
        await cut_off.publish_many("s", [NewEvent("a", number) for number in range(6)])
        with trio.fail_after(10):
            while (status := paused_by(cut_off)) == "":
                await trio.sleep(0.01)
        assert status == "db is away"
        async with well:
            with trio.fail_after(10):
                while len(done) < 5:  # but for the one before the breaker opened, which has a time of its own
                    await trio.sleep(0.01)


def paused_by(runtime: Runtime) -> str:
    """What the consumer says of itself."""
    snapshot = runtime.snapshot()
    actor = snapshot.find("consumers/consumer-0") if snapshot is not None else None
    return actor.status.paused if actor is not None and isinstance(actor.status, ConsumerStatus) else ""


async def test_handlers_of_lists_pause_too(redis_server: RedisServer) -> None:
    """One event is tried then, not a list."""
    runtime, sizes, away = quick_runtime(redis_server), list[int](), True

    @runtime.handler("s", "g", block_ms=100, batch=4, reclaim=OFTEN, max_deliveries=2, dependencies=[DB])
    async def handle(events: list[Event[object]]) -> None:
        sizes.append(len(events))
        if away:
            raise ConnectionError("refused")

    async with runtime:
        await runtime.publish_many("s", [NewEvent("a", number) for number in range(8)])
        with trio.fail_after(20):
            while len(sizes) < 6:
                await trio.sleep(0.01)
        away, tried = False, sizes[1:]
        await wait_settled(redis_server, stream="s", group="g")
    assert set(tried) == {1}
    assert redis_server.cli("EXISTS", "{s}:dead:g") == 0
