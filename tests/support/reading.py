"""A process with a reader, for tests: ``reading.py URL NAME CHECKPOINT_EVENTS EVENTS``; it ends after so many events.

The list `seen` has the payloads in the order in which they were handled, by whichever process.
"""

from __future__ import annotations

import sys

import trio
from redis_streams import Event, Runtime


def main(url: str, name: str, checkpoint_events: int, events: int) -> None:
    """Read until the last of so many events, or worse."""
    runtime = Runtime(url)

    @runtime.reader("orders", name=name, start="0", checkpoint_events=checkpoint_events, checkpoint_seconds=60)
    async def handle(event: Event[int]) -> None:
        await runtime.redis.rpush("seen", event.payload)
        if event.payload == events - 1:
            runtime.stop()

    trio.run(runtime.run)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
