"""Scenarios that can't be played on a real server, or fail there on purpose."""

from __future__ import annotations

import trio
from redis_streams.actors import DONE
from redis_streams.runtime import _plans
from redis_streams.simulations.plan import Domain
from redis_streams.simulations.scenarios._basic import GROUP, STREAM, start_workers, worker_app
from redis_streams.simulations.scenarios._planned import behave, publish_planned
from redis_streams.simulations.world import Process, World

DOMAIN = Domain(workers=(1, 1), slow=1.0)
"""A handler that is over at once is, also in a broken runtime, before the acknowledgement has arrived."""


async def acknowledging_first(world: World) -> None:
    """What is read is acknowledged, and handled some time later.

    The bug is put there by the app: that runs in a process of its own.
    """

    async def worker(process: Process) -> None:
        whole = _plans.one_by_one

        def broken(*args: object) -> object:
            handle = whole(*args)

            async def answer_at_once(entry: object, deliveries: int, lease: object) -> object:
                trio.lowlevel.spawn_system_task(handle, entry, deliveries, lease)
                return DONE

            return answer_at_once

        _plans.one_by_one = broken
        await worker_app(world.plan.shape, [(GROUP, behave)])(process)

    start_workers(world, worker)
    await publish_planned(world, STREAM)


async def with_a_service(world: World) -> None:
    """It has an object that all processes share."""
    start_workers(world, worker_app(world.plan.shape, [(GROUP, behave)]))
    bank = world.service("bank")
    await publish_planned(world, STREAM)
    async with bank.request("close"):
        pass


async def with_a_check(world: World) -> None:
    """It has a promise of its own."""

    @world.check
    def everything_is_fine() -> None:
        pass

    await publish_planned(world, STREAM)


async def that_waits_until_settled(world: World) -> None:
    """It goes on when everything is handled."""
    await publish_planned(world, STREAM)
    await world.settled()


async def that_fails(world: World) -> None:
    """It raises when everything is published."""
    start_workers(world, worker_app(world.plan.shape, [(GROUP, behave)]))
    await publish_planned(world, STREAM)
    raise LookupError("sold out")


async def that_asserts(world: World) -> None:
    """It says that event-1 is wrong."""
    start_workers(world, worker_app(world.plan.shape, [(GROUP, behave)]))
    await publish_planned(world, STREAM)
    raise AssertionError("event-1 is wrong")
