"""The smallest application: one event, one handler."""

import os

import trio
from redis_streams import Event, Runtime

runtime = Runtime(os.environ.get("REDIS_URL", "redis://localhost:6379"))


@runtime.handler("greetings", group="readers")
async def read(event: Event[object]) -> None:
    print(f"{event.event_type}: {event.payload}")
    runtime.stop()


async def main() -> None:
    async with runtime:
        await runtime.publish("greetings", {"text": "hello"}, event_type="greeting")
        await runtime.wait_stopped()


trio.run(main)
