"""Events that always fail: they end in the dead letters, and hold up nobody."""

from __future__ import annotations

from collections import Counter

import pytest
import trio
from redis_streams import Event, NewEvent, Reclaim, Reject
from redis_streams.simulations.real import RedisServer
from support.load import quick_runtime, wait_settled

pytestmark = [pytest.mark.also_on_memory, pytest.mark.real_time]

RECLAIM = Reclaim(interval_ms=10, min_idle_ms=50)


def dead_letters(server: RedisServer) -> list[dict[str, str]]:
    """The dead letters of group g, field by field."""
    found = server.cli("XRANGE", "{s}:dead:g", "-", "+")
    return [dict(zip(flat[::2], flat[1::2], strict=True)) for _, flat in found]


async def test_an_event_that_always_fails_is_dead_lettered_after_so_many_deliveries(
    any_redis_server: RedisServer,
) -> None:
    """With what was raised; others go on meanwhile, and one that fails less often is none of them."""
    runtime, runs = quick_runtime(any_redis_server), Counter[object]()

    @runtime.handler("s", "g", consumer="c", block_ms=100, reclaim=RECLAIM, max_deliveries=3)
    async def handle(event: Event[int]) -> None:
        runs[event.payload] += 1
        assert event.delivery_count == runs[event.payload]
        if event.payload == 1 or (event.payload == 2 and event.delivery_count < 3):
            raise ValueError(f"can't handle {event.payload}")

    async with runtime:
        await runtime.publish_many("s", [NewEvent("a", number, None, f"e{number}") for number in range(4)])
        with trio.fail_after(10):
            while not dead_letters(any_redis_server):
                await trio.sleep(0.01)
        await wait_settled(any_redis_server, stream="s", group="g")
    assert runs == {0: 1, 1: 3, 2: 3, 3: 1}
    [letter] = dead_letters(any_redis_server)
    assert (letter["dead_event_id"], letter["dead_event_type"], letter["dead_deliveries"]) == ("e1", "a", "3")
    assert (letter["dead_error"], letter["dead_message"]) == ("ValueError", "can't handle 1")
    assert letter["dead_reason"] == "its handler raised ValueError: can't handle 1 (delivery 3 of 3)"
    assert "in handle" in letter["dead_traceback"]
    assert (letter["event_id"], letter["payload"]) == ("e1", "1")


async def test_an_event_whose_processes_died_is_not_begun_for_ever(any_redis_server: RedisServer) -> None:
    """Redis counted its deliveries, though no handler ever returned: after the last one it is buried unbegun."""
    runtime, seen = quick_runtime(any_redis_server), list[tuple[object, int]]()
    for number, deliveries in enumerate((2, 3)):
        any_redis_server.cli("XADD", "s", f"{number + 1}-0", "event_type", "a", "payload", number)
        if not number:
            any_redis_server.cli("XGROUP", "CREATE", "s", "g", "0")
        any_redis_server.cli("XREADGROUP", "GROUP", "g", "dead", "COUNT", 1, "STREAMS", "s", ">")
        any_redis_server.cli("XCLAIM", "s", "g", "dead", 0, f"{number + 1}-0", "RETRYCOUNT", deliveries, "JUSTID")

    @runtime.handler("s", "g", block_ms=100, reclaim=RECLAIM, max_deliveries=3)
    async def handle(event: Event[object]) -> None:
        seen.append((event.payload, event.delivery_count))

    async with runtime:
        with trio.fail_after(10):
            while not (seen and dead_letters(any_redis_server)):
                await trio.sleep(0.01)
        await wait_settled(any_redis_server, stream="s", group="g")
    assert seen == [(0, 3)]
    [letter] = dead_letters(any_redis_server)
    assert (letter["dead_id"], letter["dead_deliveries"]) == ("2-0", "3")
    assert "never returned" in letter["dead_reason"]


async def test_a_dead_letter_that_is_refused_holds_up_no_other_event(any_redis_server: RedisServer) -> None:
    """Its key is something else: what is handled is acknowledged, and the letter is written when Redis takes it."""
    runtime, go = quick_runtime(any_redis_server), trio.Event()

    @runtime.handler("s", "g", block_ms=100)
    async def handle(event: Event[str]) -> None:
        await go.wait()
        if event.payload == "bad":
            raise Reject("bad")

    async with runtime:
        await runtime.publish_many("s", [NewEvent("a", payload) for payload in ("one", "bad", "two")])
        any_redis_server.cli("SET", "{s}:dead:g", "x")
        go.set()
        with trio.fail_after(10):
            while any_redis_server.cli("XPENDING", "s", "g")[0] != 1:
                await trio.sleep(0.01)
        any_redis_server.cli("DEL", "{s}:dead:g")
    assert [letter["payload"] for letter in dead_letters(any_redis_server)] == ['"bad"']


async def test_what_was_taken_over_and_never_begun_uses_up_nothing(redis_server: RedisServer) -> None:
    """It broke elsewhere: a process that dies of one event used up the deliveries of all that it held."""
    runtime, seen = quick_runtime(redis_server), list[int]()
    redis_server.cli("XADD", "s", "1-0", "event_type", "a", "payload", 0)
    redis_server.cli("XGROUP", "CREATE", "s", "g", "0")
    redis_server.cli("XREADGROUP", "GROUP", "g", "dead", "STREAMS", "s", ">")
    release = trio.Event()

    @runtime.handler("s", "g", block_ms=100, reclaim=RECLAIM, max_deliveries=2)
    async def handle(event: Event[object]) -> None:
        seen.append(event.delivery_count)
        release.set()

    for _ in range(5):  # taken over again and again, as by processes that die while it waits for a worker
        redis_server.cli("XCLAIM", "s", "g", "other", 0, "1-0", "JUSTID")
    async with runtime:
        with trio.fail_after(10):
            await release.wait()
        await wait_settled(redis_server, stream="s", group="g")
    assert seen == [2]


async def test_what_was_read_and_handed_back_uses_up_nothing(redis_server: RedisServer) -> None:
    """It had not begun, so with one delivery for each it has its own yet; what had begun has had it."""
    seen = list[tuple[object, int]]()
    begun = trio.Event()
    former, runtime = quick_runtime(redis_server), quick_runtime(redis_server)

    @former.handler("s", "g", consumer="c", block_ms=100, drain_seconds=0, max_deliveries=1)
    async def never_return(_event: Event[int]) -> None:
        begun.set()
        await trio.sleep_forever()

    @runtime.handler("s", "g", consumer="d", block_ms=100, reclaim=RECLAIM, max_deliveries=1)
    async def handle(event: Event[int]) -> None:
        seen.append((event.payload, event.delivery_count))

    async with former:
        await former.publish_many("s", [NewEvent("a", number) for number in range(3)])
        await begun.wait()
    async with runtime:
        await wait_settled(redis_server, stream="s", group="g")
    assert sorted(seen) == [(1, 1), (2, 1)]
    assert [letter["payload"] for letter in dead_letters(redis_server)] == ["0"]


async def test_a_batch_that_fails_does_not_take_its_neighbours_along(redis_server: RedisServer) -> None:
    """What is delivered again comes alone."""
    runtime, batches = quick_runtime(redis_server), list[list[object]]()

    @runtime.handler("s", "g", batch=10, block_ms=100, reclaim=RECLAIM, max_deliveries=2)
    async def handle(events: list[Event[object]]) -> None:
        batches.append([event.payload for event in events])
        if 3 in batches[-1]:
            raise ValueError

    async with runtime:
        await runtime.publish_many("s", [NewEvent("a", number) for number in range(5)])
        with trio.fail_after(10):
            while not dead_letters(redis_server):
                await trio.sleep(0.01)
        await wait_settled(redis_server, stream="s", group="g")
    assert [letter["payload"] for letter in dead_letters(redis_server)] == ["3"]
    assert sorted(batches[1:]) == [[number] for number in range(5)]
