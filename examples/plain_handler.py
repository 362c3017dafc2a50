"""A handler that blocks: it runs in a worker thread, four of them at a time, while Trio goes on."""

import os
import time

import trio
from redis_streams import Event, NewEvent, Runtime

runtime = Runtime(os.environ.get("REDIS_URL", "redis://localhost:6379"))
done: list[str] = []


@runtime.handler("files", "convert", concurrency=4)
def convert(event: Event[str]) -> None:
    time.sleep(0.05)  # as a library would that knows nothing of Trio
    done.append(event.payload)


async def main() -> None:
    async with runtime:
        await runtime.publish_many("files", [NewEvent("uploaded", f"{number}.png") for number in range(8)])
        while len(done) < 8:
            await trio.sleep(0.01)
    print(f"converted {len(done)} files")


trio.run(main)
