"""FastStream at its fastest: no log line for each message, no validation of types, reads of a hundred entries."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import redis
from faststream.redis import RedisBroker, StreamSub
from shared import GROUP, READ_COUNT, STREAM, Answer, Tally, run

CONSUMER = "faststream"

Payload = dict[str, int]
Subscribe = Callable[[RedisBroker, Tally], None]


def consume(url: str, count: int) -> Answer:
    """One async handler, one message at a time."""

    def subscribe(broker: RedisBroker, tally: Tally) -> None:
        @broker.subscriber(stream=StreamSub(STREAM, group=GROUP, consumer=CONSUMER, max_records=READ_COUNT))
        async def handle(message: Payload) -> None:
            tally.note(message["n"])

    return asyncio.run(_consume(url, count, subscribe))


def consume_concurrent(url: str, count: int) -> Answer:
    """A hundred handlers at the same time, each of which lets the others run once."""

    def subscribe(broker: RedisBroker, tally: Tally) -> None:
        stream = StreamSub(STREAM, group=GROUP, consumer=CONSUMER, max_records=READ_COUNT)

        @broker.subscriber(stream=stream, max_workers=100)
        async def handle(message: Payload) -> None:
            await asyncio.sleep(0)
            tally.note(message["n"])

    return asyncio.run(_consume(url, count, subscribe))


def consume_batch(url: str, count: int) -> Answer:
    """A handler that gets the whole read as a list."""

    def subscribe(broker: RedisBroker, tally: Tally) -> None:
        stream = StreamSub(STREAM, group=GROUP, consumer=CONSUMER, max_records=READ_COUNT, batch=True)

        @broker.subscriber(stream=stream)
        async def handle(messages: list[Payload]) -> None:
            for message in messages:
                tally.note(message["n"])

    return asyncio.run(_consume(url, count, subscribe))


async def _consume(url: str, count: int, subscribe: Subscribe) -> Answer:
    last = asyncio.Event()
    client = redis.Redis.from_url(url)
    client.xgroup_create(STREAM, GROUP, "0")
    tally = Tally(client, count, last.set)
    broker = RedisBroker(url, logger=None, apply_types=False)
    subscribe(broker, tally)
    async with broker:
        await broker.start()
        await last.wait()
        while not tally.look():  # noqa: ASYNC110 - only Redis knows, and it has to be asked
            await asyncio.sleep(0)
    return tally.answer()


if __name__ == "__main__":
    run({"consume": consume, "consume-concurrent": consume_concurrent, "consume-batch": consume_batch})
