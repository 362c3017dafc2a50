"""Processes that each see every event, from a place of their own."""

from __future__ import annotations

from typing import Final

from ...actors import RetryPolicy
from ..world import Process, World
from ._basic import DRAIN_SECONDS, STREAM, TOMORROW_MS, start_workers
from ._planned import behave, publish_planned

NOTED_EVENTS, NOTED_SECONDS = 3, 0.3
"""Often, so that faults meet what is noted, and what is not yet."""

RETRIES: Final = RetryPolicy(immediate=1, delay_seconds=0.2, max_delay_seconds=1.0)


async def fan_out(world: World) -> None:
    """Each worker has a reader; the first begins at the beginning, the others where the stream ends when they start.

    In every other run ids only count on from an entry of tomorrow, so that a stream that is made anew begins far below
    the place of who read the former.
    """
    server = world.primary  # Asked for in any case: what readers wait for is not known on a real one.
    if world.rng("ids").random() < 0.5:  # noqa: PLR2004 - a coin
        server.do("XADD", STREAM, f"{TOMORROW_MS}-0", "written-by", "a clock that was ahead")

    async def worker(process: Process) -> None:
        runtime = process.runtime()
        runtime.add_reader(
            STREAM,
            behave,
            name=process.name,
            start="0" if process.name == "worker-1" else "$",
            block_ms=1000,
            drain_seconds=DRAIN_SECONDS,
            max_deliveries=4,
            retry_policy=RETRIES,
            checkpoint_events=NOTED_EVENTS,
            checkpoint_seconds=NOTED_SECONDS,
        )
        await process.serve(runtime)

    start_workers(world, worker)
    await publish_planned(world, STREAM)
