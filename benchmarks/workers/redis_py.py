"""What a good engineer writes by hand with redis-py and hiredis: no more than the work itself.

One connection, one read of a hundred entries, the payload decoded by the same JSON decoder, one XACK for the read.
Nothing here survives a lost connection, finds what a crash left pending, or knows how far the group has come.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence

import msgspec
import redis
from latency import Latency
from shared import (
    EVENT_TYPE,
    GROUP,
    PUBLISH_WARM_UP,
    READ_COUNT,
    STREAM,
    Answer,
    Tally,
    WrongResultError,
    payload,
    published,
    run,
)

PIPELINE = 100
"""Commands in one pipeline."""

BLOCK_MS = 1000
CONSUMER = "by-hand"

Payload = dict[str, int]
Fields = dict[bytes, bytes]

decode: Callable[[bytes], Payload] = msgspec.json.Decoder().decode
encode = msgspec.json.Encoder().encode


def consume(url: str, count: int) -> Answer:
    """Read, decode, call the handler for each, acknowledge."""
    client = _connect(url)
    tally = Tally(_connect(url), count)
    note = tally.note

    def handle(event: Payload) -> None:
        note(event["n"])

    for entries in _reads(client, until=lambda: len(tally.numbers) == count):
        for _, fields in entries:
            handle(decode(fields[b"payload"]))
        client.xack(STREAM, GROUP, *[raw_id for raw_id, _ in entries])
    tally.look()
    return tally.answer()


def consume_batch(url: str, count: int) -> Answer:
    """The same with a handler that gets the whole read as a list."""
    client = _connect(url)
    tally = Tally(_connect(url), count)
    note = tally.note

    def handle(events: Sequence[Payload]) -> None:
        for event in events:
            note(event["n"])

    for entries in _reads(client, until=lambda: len(tally.numbers) == count):
        handle([decode(fields[b"payload"]) for _, fields in entries])
        client.xack(STREAM, GROUP, *[raw_id for raw_id, _ in entries])
    tally.look()
    return tally.answer()


def _reads(client: redis.Redis, until: Callable[[], bool]) -> Iterator[Sequence[tuple[bytes, Fields]]]:
    client.xgroup_create(STREAM, GROUP, "0", mkstream=True)
    while not until():
        for _, entries in client.xreadgroup(GROUP, CONSUMER, {STREAM: ">"}, count=READ_COUNT, block=BLOCK_MS):
            yield entries


def publish_one(url: str, count: int) -> Answer:
    """One XADD after the other."""
    client = _warmed_up(url)
    began = time.perf_counter()
    for number in range(count):
        client.xadd(STREAM, _fields(number))
    return published(client, count, time.perf_counter() - began)


def publish_pipeline(url: str, count: int) -> Answer:
    """A hundred XADD at once."""
    client = _warmed_up(url)
    began = time.perf_counter()
    for first in range(0, count, PIPELINE):
        pipeline = client.pipeline(transaction=False)
        for number in range(first, min(first + PIPELINE, count)):
            pipeline.xadd(STREAM, _fields(number))
        pipeline.execute()
    return published(client, count, time.perf_counter() - began)


def latency(url: str, count: int) -> Answer:
    """One thread publishes at a steady rate, another one consumes."""
    clock, last = Latency(count), threading.Event()
    ping = clock.ping_ms(_connect(url))
    client = _connect(url)

    def consumer() -> None:
        reader = _connect(url)
        for entries in _reads(reader, until=last.is_set):
            for _, fields in entries:
                if clock.arrived(decode(fields[b"payload"])["n"]):
                    last.set()
            reader.xack(STREAM, GROUP, *[raw_id for raw_id, _ in entries])

    thread = threading.Thread(target=consumer)
    thread.start()
    for number in clock.numbers():
        time.sleep(clock.seconds_until(number))
        clock.leaves(number)
        client.xadd(STREAM, _fields(number))
    thread.join()
    return clock.answer(ping)


def _fields(number: int) -> dict[str, str | int | bytes]:
    """The fields that this library writes, made in the cheapest way."""
    return {
        "event_id": f"{random.getrandbits(128):032x}",
        "event_type": EVENT_TYPE,
        "timestamp": time.time_ns() // 1_000_000,
        "payload": encode(payload(number)),
    }


def _connect(url: str) -> redis.Redis:
    client = redis.Redis.from_url(url)
    client.ping()
    connection = client.connection_pool.get_connection()
    parser = type(connection._parser).__name__  # noqa: SLF001 - there is no public way to see it
    client.connection_pool.release(connection)
    if "Hiredis" not in parser:
        raise WrongResultError(f"redis-py reads replies by {parser}, not by hiredis")
    return client


def _warmed_up(url: str) -> redis.Redis:
    client = _connect(url)
    for number in range(PUBLISH_WARM_UP):
        client.xadd(STREAM, _fields(number))
    return client


if __name__ == "__main__":
    run(
        {
            "consume": consume,
            "consume-batch": consume_batch,
            "publish-one": publish_one,
            "publish-pipeline": publish_pipeline,
            "latency": latency,
        }
    )
