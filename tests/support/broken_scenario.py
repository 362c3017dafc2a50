"""A scenario whose runtime is broken on purpose: what it reads it acknowledges, and handles it some time later."""

from __future__ import annotations

import trio
from redis_streams.actors import DONE
from redis_streams.runtime import _plans
from redis_streams.simulations.scenarios._basic import GROUP, STREAM, start_workers, worker_app
from redis_streams.simulations.scenarios._planned import behave, publish_planned
from redis_streams.simulations.world import Process, World


async def acknowledging_first(world: World) -> None:
    """As `workers`, but with the bug in each of them. It is put there by the app: that runs in a process of its own."""

    async def worker(process: Process) -> None:
        whole = _plans.one_by_one

        def broken(*args: object) -> object:
            handle = whole(*args)

            async def answer_at_once(entry: object, deliveries: int) -> object:
                trio.lowlevel.spawn_system_task(handle, entry, deliveries)
                return DONE

            return answer_at_once

        _plans.one_by_one = broken
        await worker_app(world.plan.shape, [(GROUP, behave)])(process)

    start_workers(world, worker)
    await publish_planned(world, STREAM)
