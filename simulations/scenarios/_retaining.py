"""Streams that keep little: what is not needed any more is removed while everything else goes on."""

from __future__ import annotations

from typing import Final

from ...actors import Retention
from ..world import Process, World
from ._basic import GROUP, STREAM, start_workers, worker_app
from ._planned import behave, publish_planned

RETENTION: Final = Retention(max_length=3, max_age_seconds=0.5, settled=True, interval_seconds=0.8)
"""All ways at once; each look meets events that are not handled yet."""

RETENTION_LATER: Final = Retention(max_length=3, max_age_seconds=0.5, interval_seconds=0.8)
"""In some processes: they need not agree."""


async def retaining(world: World) -> None:
    """Two groups in each process, on a stream whose nodes have one entry, so that trimming is exact."""
    world.primary.do("CONFIG", "SET", "stream-node-max-entries", "1")
    shape = world.plan.shape

    async def worker(process: Process) -> None:
        retention = RETENTION if process.name.endswith("1") else RETENTION_LATER
        groups = [(GROUP, behave), ("shipping", behave)]
        await worker_app(shape, groups, retention=retention)(process)

    start_workers(world, worker)
    await publish_planned(world, STREAM)
