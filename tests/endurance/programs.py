"""The processes of an endurance run: a consumer and a publisher, written as a user would write them."""

from __future__ import annotations

import logging
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import ExitStack
from pathlib import Path

import trio
from attrs import frozen
from endurance.journal import Journal, published_in
from redis_streams import Event, NewEvent, Reclaim, Retry, RetryPolicy, Runtime
from redis_streams.simulations.planted import BUGS

STREAM, GROUP = "endured", "judged"
IDLE_MS = 5_000
"""Far longer than a restart of a process or of the server takes, so that neither costs anybody a lease."""
REAP_IDLE_MS = 30_000
BATCH = 100
FAILS_EVERY = 50
"""Of so many events one fails, at its first two deliveries."""
FAILS_TIMES = 2
RETRY_SECONDS = 0.2
DECLINED_PART = 0.1
DECLINED_TIMES = 3
CONCURRENCY = 10
COUNT = 50
HELD_MAX = 3 * COUNT
PATIENT = Retry(max_retries=None, base_delay_seconds=0.05, max_delay_seconds=0.5)


@frozen
class Part:
    """What a process is told.

    Attributes:
        url: of the server.
        name: of a consumer; of the publisher nothing depends on it.
        journal: where it writes.
        idle_ms: the idle limit of the group.
        handler_seconds: what a handler takes.
        planted: a bug that it is to have, by its name.
        events: how many are to be published.
        per_second: how many of them in a second at most.
    """

    url: str
    name: str
    journal: Path
    idle_ms: int
    handler_seconds: float
    planted: str | None
    events: int
    per_second: float


def consume(part: Part) -> None:
    """Handle events until SIGTERM, or worse."""
    _log()
    journal = Journal(part.journal)
    runtime = Runtime(part.url, retry=PATIENT)

    @runtime.handler(
        STREAM,
        GROUP,
        consumer=part.name,
        concurrency=CONCURRENCY,
        count=COUNT,
        block_ms=1000,
        retry_policy=RetryPolicy(delay_seconds=RETRY_SECONDS),
        reclaim=Reclaim(interval_ms=500, min_idle_ms=part.idle_ms, reap_idle_ms=REAP_IDLE_MS),
    )
    async def handle(event: Event[object]) -> None:
        journal.write("begun", event.event_id, event.id)
        await trio.sleep(part.handler_seconds)
        fails = event.delivery_count <= FAILS_TIMES and number_of(event.event_id) % FAILS_EVERY == 0
        journal.write("failed" if fails else "ended", event.event_id)
        if fails:
            raise ValueError("this one fails")

    with ExitStack() as bugs:
        if part.planted is not None:
            bugs.enter_context(BUGS[part.planted].planted())
        trio.run(runtime.serve)


def publish(part: Part) -> None:
    """Publish what is not published yet, each event once, however often this process is killed."""
    _log()
    trio.run(_publish, part)


async def _publish(part: Part) -> None:
    done = published_in(part.journal)
    journal = Journal(part.journal)
    runtime = Runtime(part.url, retry=PATIENT, publish_seconds=60)
    runtime.stream(STREAM, publish_once=True)
    async with runtime:
        begun, before = trio.current_time(), done
        while done < part.events:
            numbers = range(done, min(done + BATCH, part.events))
            await runtime.publish_many(STREAM, [NewEvent("endured", {"number": n}, None, event_id(n)) for n in numbers])
            done += len(numbers)
            journal.write("published", done)
            await trio.sleep_until(begun + (done - before) / part.per_second)


def work_off(part: Part) -> None:
    """Take over what dead consumers left; the first part of it is declined a few times."""
    _log()
    journal = Journal(part.journal)
    runtime = Runtime(part.url, retry=PATIENT)
    declined = {event_id(number) for number in range(int(part.events * DECLINED_PART))}

    @runtime.handler(
        STREAM,
        GROUP,
        consumer=part.name,
        concurrency=CONCURRENCY,
        reclaim=Reclaim(interval_ms=part.idle_ms // 2, min_idle_ms=part.idle_ms),
    )
    async def handle(event: Event[object]) -> bool:
        journal.write("begun", event.event_id, event.id)
        await trio.lowlevel.checkpoint()
        journal.write("ended", event.event_id)
        return event.event_id not in declined or event.delivery_count > 1 + DECLINED_TIMES

    trio.run(runtime.serve)


def publish_live(part: Part) -> None:
    """Publish new events one by one until SIGTERM, and write down when each was on its way."""
    _log()
    trio.run(_publish_live, part)


async def _publish_live(part: Part) -> None:
    journal, number = Journal(part.journal), 0
    async with Runtime(part.url, retry=PATIENT) as runtime:
        with trio.open_signal_receiver(signal.SIGTERM) as signals, trio.CancelScope() as publishing:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(_cancel_on_signal, signals, publishing)
                while True:
                    number += 1
                    journal.write("asked", f"live-{number}")
                    await runtime.publish(STREAM, number, event_type="endured", event_id=f"live-{number}")
                    await trio.sleep(1 / part.per_second)


async def _cancel_on_signal(signals: AsyncIterator[int], scope: trio.CancelScope) -> None:
    async for _ in signals:
        scope.cancel()


def event_id(number: int) -> str:
    """The identity of the event with this number."""
    return f"e{number}"


def number_of(name: str) -> int:
    """The number of the event with this identity."""
    return int(name.removeprefix("e"))


def _log() -> None:
    logging.basicConfig(
        level=logging.INFO, stream=sys.stderr, format=f"%(asctime)s {os.getpid()} %(levelname)s %(message)s"
    )
