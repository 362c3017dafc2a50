"""What the demo does with its events: a shop whose orders are billed by three consumers in two processes.

Each handler notes in Redis that it has finished an event, so that the verdict rests on what the handlers did, and not
on what the runtime believes.
"""

from __future__ import annotations

from collections.abc import Sequence

import trio
from attrs import define, field, frozen

from ...runtime import Codec, Content, Event, JsonCodec, Observer, Reclaim, Runtime, event_type

GROUP = "billing"
HANDLER_SECONDS = 0.03
"""What billing an order takes: long enough for entries to be in hand when something breaks."""

RECLAIM = Reclaim(interval_ms=500, min_idle_ms=1500)
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


@define(eq=False)
class FragileCodec:
    """A codec with a bug that shows once: its error is no verdict about an entry, so the consumer's actor crashes."""

    _inner: Codec = field(factory=JsonCodec)
    break_next: bool = False

    def encode(self, content: Content) -> Sequence[bytes]:
        """As the usual codec."""
        return self._inner.encode(content)

    def decode(self, fields: Sequence[bytes]) -> Content:
        """As the usual codec, but for the once."""
        if self.break_next:
            self.break_next = False
            raise RuntimeError("a bug in the codec (the demo's own)")
        return self._inner.decode(fields)


def shop(url: str, stream: str, name: str, *, consumers: int, codec: Codec, observer: Observer) -> Runtime:
    """A runtime that bills the orders of a stream."""
    runtime = Runtime(url, codec=codec, observer=observer)

    @runtime.handler(
        stream,
        GROUP,
        event_types=[OrderPlaced],
        consumer=name,
        consumers=consumers,
        concurrency=4,
        count=20,
        reclaim=RECLAIM,
        drain_seconds=5,
    )
    async def bill(event: Event[OrderPlaced]) -> None:
        await trio.sleep(HANDLER_SECONDS)
        await runtime.redis.hincrby(runs_key(stream), event.event_id, 1)

    return runtime
