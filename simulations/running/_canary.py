"""A run that must fail: the first of every batch. A simulation that sees nothing wrong in it sees nothing at all."""

from __future__ import annotations

import trio

from ..plan import Plan, PlannedEvent
from ..scenarios._planned import publish_planned
from ..world import Process, World

CANARY = "canary"
PROMISE = "no-loss"

PLAN = Plan(0, CANARY, events=(PlannedEvent(50.0), PlannedEvent(60.0)))


async def canary(world: World) -> None:
    """A worker that acknowledges what it reads, and handles nothing of it: every event is lost."""

    async def worker(process: Process) -> None:
        runtime = process.runtime()
        async with runtime:
            client = runtime.client
            await client.call("XGROUP", "CREATE", "orders", "billing", "0", "MKSTREAM")
            world.watch_group("orders", "billing")
            while not process.stopping.is_set():
                await client.call("XREADGROUP", "GROUP", "billing", "x", "COUNT", 10, "NOACK", "STREAMS", "orders", ">")
                await trio.sleep(0.01)

    world.start("worker-1", worker)
    await publish_planned(world, "orders")
