"""A handler that gets lists, and answers for each event of them."""

import os

import trio
from redis_streams import Event, NewEvent, Reclaim, Runtime

runtime = Runtime(os.environ.get("REDIS_URL", "redis://localhost:6379"))
stored: list[int] = []


@runtime.handler("measurements", "store", batch=50, reclaim=Reclaim(interval_ms=50, min_idle_ms=200))
async def store(events: list[Event[int]]) -> list[bool]:
    # Every tenth one fails the first time; only those come again.
    answers = [event.payload % 10 != 0 or event.delivery_count > 1 for event in events]
    stored.extend(event.payload for event, good in zip(events, answers, strict=True) if good)
    if len(stored) == 200:
        print(f"stored {len(stored)}, each once: {len(set(stored)) == 200}")
        runtime.stop()
    return answers


async def main() -> None:
    async with runtime:
        await runtime.publish_many("measurements", [NewEvent("measured", number) for number in range(200)])
        await runtime.wait_stopped()


trio.run(main)
