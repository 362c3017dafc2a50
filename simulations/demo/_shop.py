"""What the demo does with its events: a shop whose orders are billed by three consumers in two processes.

Each handler notes in Redis that it has finished an event, so that the verdict rests on what the handlers did, and not
on what the runtime believes.
"""

from __future__ import annotations

import trio
from attrs import frozen

from ...runtime import Event, Observer, Ports, Reclaim, Runtime, event_type

GROUP = "billing"
WORKER = "worker"
"""The name of the third consumer."""
HANDLER_SECONDS = 0.03
"""What billing an order takes: long enough for entries to be in hand when something breaks."""

DRAIN_SECONDS = 5.0
DRAIN_SECONDS_UNPLUGGED = 0.1
"""Of a consumer that will have no network to settle anything with: it would only be waited for."""

RECLAIM = Reclaim(interval_ms=250, min_idle_ms=1500)
"""Far shorter than in earnest (30 s), so that one need not wait for half a minute to see it."""


@event_type("order.placed")
@frozen
class OrderPlaced:
    """Somebody ordered something."""

    number: int
    item: str


def runs_key(stream: str) -> str:
    """The hash in which each finished event is counted."""
    return f"{{{stream}}}:demo-runs"


def shop(
    url: str,
    stream: str,
    name: str,
    *,
    consumers: int,
    observer: Observer,
    ports: Ports | None = None,
    drain_seconds: float = DRAIN_SECONDS,
) -> Runtime:
    """A runtime that bills the orders of a stream."""
    runtime = Runtime(url, observer=observer, ports=ports)

    @runtime.handler(
        stream,
        GROUP,
        event_types=[OrderPlaced],
        consumer=name,
        consumers=consumers,
        concurrency=4,
        count=20,
        reclaim=RECLAIM,
        drain_seconds=drain_seconds,
    )
    async def bill(event: Event[OrderPlaced]) -> None:
        await trio.sleep(HANDLER_SECONDS)
        await runtime.redis.hincrby(runs_key(stream), event.event_id, 1)

    return runtime
