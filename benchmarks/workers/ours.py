"""This library, as its users write it: everything is switched on that is on by default.

Supervision, reclaim, leases, the fenced acknowledgement with the checkpoint in Redis, and the log of what happens.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Awaitable, Callable, Sequence

import redis
import trio
from latency import Latency
from redis_streams import Event, Runtime, StreamConsumer
from shared import EVENT_TYPE, GROUP, PUBLISH_WARM_UP, STREAM, Answer, Tally, WrongResultError, payload, published, run

Price = Event[dict[str, int]]

Publish = Callable[[Runtime], Awaitable[float]]
"""Publishes, and says how many seconds that took."""

PUBLISHERS = 100


def consume(url: str, count: int) -> Answer:
    """One async handler, one event at a time."""
    runtime, tally, last = _set_up(url, count)
    note = tally.note

    @runtime.handler(STREAM, GROUP)
    async def handle(event: Price) -> None:
        note(event.payload["n"])

    return _consume(url, runtime, tally, last)


def consume_concurrent(url: str, count: int) -> Answer:
    """A hundred handlers at the same time, each of which lets the others run once."""
    runtime, tally, last = _set_up(url, count)
    note = tally.note

    @runtime.handler(STREAM, GROUP, concurrency=100)
    async def handle(event: Price) -> None:
        await trio.lowlevel.checkpoint()
        note(event.payload["n"])

    return _consume(url, runtime, tally, last)


def consume_batch(url: str, count: int) -> Answer:
    """A handler that gets a list of up to a hundred events."""
    runtime, tally, last = _set_up(url, count)
    note = tally.note

    @runtime.handler(STREAM, GROUP, batch=100)
    async def handle(events: Sequence[Price]) -> None:
        for event in events:
            note(event.payload["n"])

    return _consume(url, runtime, tally, last)


def _set_up(url: str, count: int) -> tuple[Runtime, Tally, trio.Event]:
    last = trio.Event()
    return Runtime(url), Tally(redis.Redis.from_url(url), count, last.set), last


def _consume(url: str, runtime: Runtime, tally: Tally, last: trio.Event) -> Answer:
    async def main() -> None:
        async with runtime:
            await last.wait()
            while not tally.look():
                await trio.lowlevel.checkpoint()

    trio.run(main)
    _check_checkpoint(url)
    return tally.answer()


def _check_checkpoint(url: str) -> None:
    client = redis.Redis.from_url(url)
    reached = client.hget(f"{{{STREAM}}}:checkpoint:{GROUP}", "id")
    end = client.xinfo_stream(STREAM)["last-generated-id"]
    if reached != end:
        raise WrongResultError(f"the checkpoint is at {reached!r}, but the stream ends at {end!r}")


def consume_blocking(url: str, count: int) -> Answer:
    """The blocking face: a plain handler on the thread that subscribed."""
    last = threading.Event()
    tally = Tally(redis.Redis.from_url(url), count, last.set)
    note = tally.note

    def handle(event: Price) -> None:
        note(event.payload["n"])

    def close_when_settled() -> None:
        last.wait()
        while not tally.look():
            time.sleep(0.0001)
        consumer.close()

    consumer = StreamConsumer(url, STREAM, GROUP, "worker-1")
    threading.Thread(target=close_when_settled, daemon=True).start()
    consumer.subscribe(handle)
    _check_checkpoint(url)
    return tally.answer()


def publish_one(url: str, count: int) -> Answer:
    """One event after the other, each awaited."""

    async def publish(runtime: Runtime) -> float:
        began = time.perf_counter()
        for number in range(count):
            await runtime.publish(STREAM, payload(number), event_type=EVENT_TYPE)
        return time.perf_counter() - began

    return _publish(url, count, publish)


def publish_tasks(url: str, count: int) -> Answer:
    """A hundred tasks, each of which awaits one event after the other."""

    async def publish(runtime: Runtime) -> float:
        async def publisher(first: int) -> None:
            for number in range(first, count, PUBLISHERS):
                await runtime.publish(STREAM, payload(number), event_type=EVENT_TYPE)

        began = time.perf_counter()
        async with trio.open_nursery() as nursery:
            for first in range(PUBLISHERS):
                nursery.start_soon(publisher, first)
        return time.perf_counter() - began

    return _publish(url, count, publish)


def _publish(url: str, count: int, publish: Publish) -> Answer:
    async def main() -> float:
        async with Runtime(url) as runtime:
            for number in range(PUBLISH_WARM_UP):
                await runtime.publish(STREAM, payload(number), event_type=EVENT_TYPE)
            return await publish(runtime)

    return published(redis.Redis.from_url(url), count, trio.run(main))


def latency(url: str, count: int) -> Answer:
    """One runtime publishes at a steady rate and handles what it published."""
    runtime, clock, last = Runtime(url), Latency(count), trio.Event()

    @runtime.handler(STREAM, GROUP)
    async def handle(event: Price) -> None:
        if clock.arrived(event.payload["n"]):
            last.set()

    async def main() -> None:
        async with runtime:
            for number in clock.numbers():
                await trio.sleep(clock.seconds_until(number))
                clock.leaves(number)
                await runtime.publish(STREAM, payload(number), event_type=EVENT_TYPE)
            await last.wait()

    ping = clock.ping_ms(redis.Redis.from_url(url))
    trio.run(main)
    return clock.answer(ping)


if __name__ == "__main__":
    run(
        {
            "consume": consume,
            "consume-concurrent": consume_concurrent,
            "consume-batch": consume_batch,
            "consume-blocking": consume_blocking,
            "publish-one": publish_one,
            "publish-tasks": publish_tasks,
            "latency": latency,
        }
    )
