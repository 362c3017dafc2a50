"""Scenarios for one group of workers: what most applications are."""

from __future__ import annotations

from ...runtime import Reclaim
from ..world import Process, World
from ._planned import behave, publish_planned

STREAM, GROUP = "orders", "billing"

RECLAIM = Reclaim(interval_ms=500, min_idle_ms=2000)
"""A tenth of what is usual, so that a run in which much goes wrong is over in a minute."""


async def workers(world: World) -> None:
    """One group, as many processes as the plan says, events that its handlers take as the plan says."""
    shape = world.plan.shape

    async def worker(process: Process) -> None:
        runtime = process.runtime()
        runtime.add_handler(
            STREAM,
            GROUP,
            behave,
            consumers=shape.consumers,
            concurrency=shape.concurrency,
            prefetch=shape.prefetch,
            block_ms=1000,
            reclaim=RECLAIM,
            drain_seconds=2.0,
        )
        await process.serve(runtime)

    for number in range(1, shape.workers + 1):
        world.start(f"worker-{number}", worker)
    await publish_planned(world, STREAM)
