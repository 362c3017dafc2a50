"""``memory://``: the runtime and the blocking face on the simulated server, in one process; without any real server."""

from __future__ import annotations

import itertools
import threading
from collections import Counter
from collections.abc import Iterator

import pytest
import trio
from redis_streams import Event, NewEvent, Reclaim, RedisConnection, Runtime, StreamConsumer, StreamProducer
from redis_streams.simulations.server.in_process import InProcessServer, put_in_process_server
from trio.testing import MockClock

NAMES = itertools.count()
SECONDS = 10


@pytest.fixture
def url() -> Iterator[str]:
    """A server of this test's own."""
    return f"memory://test-{next(NAMES)}"


@pytest.fixture
def virtual_url(autojump_clock: MockClock) -> str:
    """One whose clocks are Trio's: hours pass in milliseconds. A test asks for `autojump_clock` itself, too."""

    def clock() -> tuple[int, float]:
        return int((1_700_000_000 + trio.current_time()) * 1_000_000), trio.current_time() * 1000

    name = f"virtual-{next(NAMES)}"
    put_in_process_server(name, InProcessServer("7.0", clock=clock))
    return f"memory://{name}"


async def wait_for(condition: object) -> None:
    """Wait until it holds, however long that takes in virtual time."""
    with trio.fail_after(10_000):
        while not condition():
            await trio.sleep(0.5)


async def pending(runtime: Runtime) -> int:
    """How many entries of the group are pending."""
    summary = await runtime.client.xpending("s", "g")
    return summary.count


async def test_events_flow(virtual_url: str, autojump_clock: MockClock) -> None:
    """Published, handled, acknowledged; in order."""
    runtime, events = Runtime(virtual_url), list[Event[object]]()

    @runtime.handler("s", "g")
    async def handle(event: Event[object]) -> None:
        events.append(event)

    async with runtime:
        ids = await runtime.publish_many("s", [NewEvent("a", number) for number in range(500)])
        await wait_for(lambda: len(events) == 500)
        await trio.sleep(1)
        assert await pending(runtime) == 0
    assert [event.id for event in events] == ids


async def test_what_fails_comes_again_after_the_idle_limit(virtual_url: str, autojump_clock: MockClock) -> None:
    """Half a minute each time, in no time at all."""
    runtime, seen = Runtime(virtual_url), list[tuple[float, int]]()

    @runtime.handler("s", "g", reclaim=Reclaim())
    async def handle(event: Event[object]) -> bool:
        seen.append((trio.current_time(), event.delivery_count))
        return event.delivery_count == 4

    async with runtime:
        await runtime.publish("s", 1, event_type="a")
        await wait_for(lambda: len(seen) == 4)
        await trio.sleep(1)
        assert await pending(runtime) == 0
    assert [count for _, count in seen] == [1, 2, 3, 4]
    assert all(later - earlier >= 30 for (earlier, _), (later, _) in itertools.pairwise(seen))


async def test_a_long_handler_keeps_its_entry_and_a_destroyed_group_comes_back(
    virtual_url: str, autojump_clock: MockClock
) -> None:
    """Beside another runtime that would take it over."""
    runs, runtimes = Counter[object](), [Runtime(virtual_url), Runtime(virtual_url)]

    async def handle(event: Event[object]) -> None:
        runs[event.payload] += 1
        await trio.sleep(3600 if event.payload == "long" else 0)

    for number, runtime in enumerate(runtimes):
        runtime.add_handler("s", "g", handle, consumer=f"c{number}", concurrency=2)
    async with runtimes[0], runtimes[1]:
        await runtimes[0].publish("s", "long", event_type="a")
        await trio.sleep(4000)
        assert runs == {"long": 1}
        assert await pending(runtimes[0]) == 0
        await runtimes[0].client.xgroup_destroy("s", "g")
        await runtimes[0].publish("s", "after", event_type="a")
        await wait_for(lambda: runs["after"])
    assert runs == {"long": 1, "after": 1}


async def test_a_stop_drains_and_hands_back(virtual_url: str, autojump_clock: MockClock) -> None:
    """What takes longer than the time to drain waits for nobody's idle limit."""
    runtime = Runtime(virtual_url)

    @runtime.handler("s", "g", concurrency=2, drain_seconds=5)
    async def handle(event: Event[object]) -> None:
        await trio.sleep(event.payload)

    async with runtime:
        await runtime.publish_many("s", [NewEvent("a", 3), NewEvent("a", 600)])
        await trio.sleep(1)
    async with Runtime(virtual_url) as looker:
        [row] = await looker.client.xpending_range("s", "g", count=10)
        assert row.idle_ms >= 30_000


def test_the_blocking_face_shares_its_data_with_other_threads(url: str) -> None:
    """A producer, a consumer and a connection: three Trio runs, one server."""
    handled: list[object] = []
    consumer = StreamConsumer(url, "s", "g", "c")

    def handle(event: Event[object]) -> None:
        handled.append(event.payload)
        if event.payload == 99:
            consumer.close()

    thread = threading.Thread(target=consumer.subscribe, args=(handle,))
    thread.start()
    with StreamProducer(url, "s") as producer:
        for number in range(100):
            producer.publish("a", number)
        thread.join(SECONDS)
    assert not thread.is_alive()
    assert handled == list(range(100))
    with RedisConnection(url) as connection:
        assert connection.execute("XLEN", "s") == 100
        assert connection.execute("XPENDING", "s", "g")[0] == 0
