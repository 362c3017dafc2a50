"""A consumer process for tests: ``worker.py URL NAME HANDLER_SECONDS CONCURRENCY DRAIN_SECONDS IDLE_MS [WORD ...]``.

The words are `on_lease_lost` and `delivery`.

In Redis the hash `runs` counts how often each event was finished, by whichever process, `begun` how often it was begun,
and `cancelled` how often because it was lost to another process.
"""

import logging
import sys

import trio
from redis_streams import Event, Reclaim, Retry, Runtime

STREAM, GROUP = "orders", "billing"


def main(
    url: str,
    name: str,
    seconds: float,
    concurrency: int,
    drain_seconds: float,
    idle_ms: int,
    on_lease_lost: str = "cancel",
    delivery: str = "at_least_once",
) -> None:
    """Handle events until SIGTERM, or worse."""
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(levelname)s %(message)s")
    runtime = Runtime(url, retry=Retry(max_retries=5, base_delay_seconds=0.05, max_delay_seconds=0.2))

    @runtime.handler(
        STREAM,
        GROUP,
        consumer=name,
        concurrency=concurrency,
        count=20,
        drain_seconds=drain_seconds,
        on_lease_lost=on_lease_lost,
        delivery=delivery,
        reclaim=Reclaim(interval_ms=50, min_idle_ms=idle_ms),
    )
    async def handle(event: Event[object]) -> None:
        await runtime.redis.hincrby("begun", event.event_id, 1)
        try:
            await trio.sleep(seconds)
        finally:
            if event.lease.lost:
                with trio.move_on_after(5, shield=True):
                    await runtime.redis.hincrby("cancelled", event.event_id, 1)
        await runtime.redis.hincrby("runs", event.event_id, 1)

    trio.run(runtime.serve)


if __name__ == "__main__":
    url, name, seconds, concurrency, drain, idle_ms, *words = sys.argv[1:]
    main(url, name, float(seconds), int(concurrency), float(drain), int(idle_ms), *words)
