"""Leases that are lost while a handler runs: it is cancelled or can ask, and acknowledges nothing either way."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import pytest
import trio
from redis_streams import (
    CleanupFailed,
    EntriesDestroyed,
    Event,
    HandedBack,
    LeaseLost,
    LeftPending,
    NewEvent,
    Reclaim,
    Runtime,
    RuntimeEvent,
)
from redis_streams.actors import ChildCrashed
from redis_streams.simulations.real import RedisServer
from support.load import quick_runtime
from support.untidy import fail_when_cancelled

pytestmark = [pytest.mark.also_on_memory, pytest.mark.real_time]

RENEWED = Reclaim(interval_ms=30_000, min_idle_ms=400)
"""A lost entry is noticed within a tenth of a second, and what another consumer has is not taken back."""


async def take_over(server: RedisServer, place: int = 0) -> None:
    """Another consumer takes over the entry at this place of the pending list, once it is there."""
    with trio.fail_after(10):
        while len(rows := server.cli("XPENDING", "s", "g", "-", "+", "10")) <= place:
            await trio.sleep(0.01)
    server.cli("XCLAIM", "s", "g", "another", "0", rows[place][0])


def owners(server: RedisServer) -> set[str]:
    """Whose the pending entries are."""
    return {row[1] for row in server.cli("XPENDING", "s", "g", "-", "+", "10")}


async def test_a_handler_whose_event_is_lost_is_cancelled_and_its_place_is_free(any_redis_server: RedisServer) -> None:
    """With the reason; and what it lost stays with whom it belongs to."""
    runtime, ended = quick_runtime(any_redis_server), list[object]()

    @runtime.handler("s", "g", block_ms=100, reclaim=RENEWED)
    async def handle(event: Event[object]) -> None:
        if event.payload == "quick":
            ended.append("quick")
            return
        try:
            await trio.sleep(60)
        except trio.Cancelled as cancelled:
            ended.extend([cancelled.reason, event.lease.lost])
            raise

    async with runtime:
        await runtime.publish("s", "slow", event_type="a")
        await take_over(any_redis_server)
        await runtime.publish("s", "quick", event_type="a")
        with trio.fail_after(10):
            while len(ended) < 3:
                await trio.sleep(0.01)
    assert str(ended[0]).startswith("lease lost")
    assert ended[1:] == [True, "quick"]
    assert owners(any_redis_server) == {"another"}


async def test_a_cancelled_handler_whose_cleanup_fails_crashes_nobody(redis_server: RedisServer) -> None:
    """It broke: its consumer crashed, and all that was in hand began a second time; a stop handed nothing back."""
    told, began = list[RuntimeEvent](), list[object]()
    runtime = Runtime(redis_server.url, observer=told.append)

    @runtime.handler("s", "g", block_ms=100, reclaim=RENEWED, concurrency=2, drain_seconds=0.1)
    async def handle(event: Event[object]) -> None:
        began.append(event.payload)
        await fail_when_cancelled()

    async with runtime:
        ids = [await runtime.publish("s", name, event_type="a") for name in ("lost", "healthy")]
        await take_over(redis_server)
        with trio.fail_after(10):
            while not any(isinstance(each, CleanupFailed) for each in told):
                await trio.sleep(0.01)
    assert began == ["lost", "healthy"]
    assert [each.raw_ids for each in told if isinstance(each, CleanupFailed)] == [(str(id_).encode(),) for id_ in ids]
    assert [each.count for each in told if isinstance(each, HandedBack)] == [1]
    assert not [each for each in told if isinstance(each, ChildCrashed | LeftPending)]


async def test_a_handler_whose_event_is_deleted_goes_on(redis_server: RedisServer) -> None:
    """It broke: two renewals later it was cancelled, since somebody else had its event, it said. Nobody had."""
    if redis_server.version < (7, 0, 0):
        pytest.skip("before 7.0 Redis keeps its row, and it is acknowledged as all are")
    told = list[RuntimeEvent]()
    runtime, ended = Runtime(redis_server.url, observer=told.append), list[bool]()

    @runtime.handler("s", "g", block_ms=100, reclaim=RENEWED)
    async def handle(event: Event[object]) -> None:
        redis_server.cli("XDEL", "s", event.raw_id.decode())
        while not any(isinstance(each, EntriesDestroyed) for each in told):
            await trio.sleep(0.01)
        await trio.sleep(3 * RENEWED.min_idle_ms / 4000)
        ended.append(event.lease.lost)

    async with runtime:
        await runtime.publish("s", 1, event_type="a")
        with trio.fail_after(10):
            while not ended:
                await trio.sleep(0.01)
    assert ended == [False]
    assert sum(isinstance(each, EntriesDestroyed) for each in told) == 1
    assert not [each for each in told if isinstance(each, LeaseLost)]


async def test_a_handler_that_is_to_finish_is_told_and_acknowledges_nothing(redis_server: RedisServer) -> None:
    """It waits for it, or asks."""
    runtime, ended = quick_runtime(redis_server), list[bool]()

    @runtime.handler("s", "g", block_ms=100, reclaim=RENEWED, on_lease_lost="finish")
    async def handle(event: Event[object]) -> None:
        ended.append(event.lease.lost)
        await event.lease.wait_lost()
        await trio.sleep(0.1)
        ended.append(event.lease.lost)

    async with runtime:
        await runtime.publish("s", 1, event_type="a")
        await take_over(redis_server)
        with trio.fail_after(10):
            while len(ended) < 2:
                await trio.sleep(0.01)
    assert ended == [False, True]
    assert owners(redis_server) == {"another"}


async def test_a_plain_handler_can_ask_and_is_left_alone(redis_server: RedisServer) -> None:
    """Nothing interrupts a thread: its place is taken until it returns."""
    runtime, lost, returned = quick_runtime(redis_server), threading.Event(), trio.Event()

    @runtime.handler("s", "g", block_ms=100, reclaim=RENEWED)
    def handle(event: Event[object]) -> None:
        if event.payload == "slow":
            while not event.lease.lost:
                threading.Event().wait(0.01)
            lost.set()
        else:
            trio.from_thread.run_sync(returned.set)

    async with runtime:
        await runtime.publish_many("s", [NewEvent("a", "slow"), NewEvent("a", "next")])
        await take_over(redis_server)
        with trio.fail_after(10):
            await returned.wait()
    assert lost.is_set()
    assert owners(redis_server) == {"another"}


@pytest.mark.real_server_only("virtual time passes while a thread ends: what another one has is taken back")
async def test_a_plain_handler_whose_event_is_lost_while_it_waits_for_a_thread_does_not_begin(
    redis_server: RedisServer,
) -> None:
    """It broke: it began when a thread was free at last, long after its loss was told."""
    told, begun, free = list[RuntimeEvent](), list[object](), threading.Event()
    runtime = Runtime(redis_server.url, observer=told.append)

    @runtime.handler("s", "g", block_ms=100, reclaim=RENEWED, concurrency=2)
    def handle(event: Event[object]) -> None:
        begun.append(event.payload)
        free.wait(10)

    trio.to_thread.current_default_thread_limiter().total_tokens = 1
    async with runtime:
        await runtime.publish_many("s", [NewEvent("a", name) for name in ("first", "lost", "next")])
        await take_over(redis_server, 1)
        with trio.fail_after(10):
            while not any(isinstance(each, LeaseLost) for each in told):
                await trio.sleep(0.01)
        free.set()
    assert begun == ["first", "next"]
    assert owners(redis_server) == {"another"}


async def test_a_handler_of_lists_is_cancelled_when_nothing_of_its_list_is_left(redis_server: RedisServer) -> None:
    """As long as one event of it is its own it goes on; each of them says for itself whether it is lost."""
    runtime, seen = quick_runtime(redis_server), list[list[bool]]()

    @runtime.handler("s", "g", block_ms=100, batch=2, reclaim=RENEWED)
    async def handle(events: Sequence[Event[object]]) -> None:
        if len(events) == 2 and not seen:
            await events[0].lease.wait_lost()
            seen.append([event.lease.lost for event in events])
            try:
                await trio.sleep(60)
            finally:
                seen.append([event.lease.lost for event in events])

    async with runtime:
        await runtime.publish_many("s", [NewEvent("a", number) for number in range(2)])
        await take_over(redis_server)
        with trio.fail_after(10):
            while not seen:
                await trio.sleep(0.01)
        await take_over(redis_server, 1)
        with trio.fail_after(10):
            while len(seen) < 2:
                await trio.sleep(0.01)
    assert seen == [[True, False], [True, True]]
