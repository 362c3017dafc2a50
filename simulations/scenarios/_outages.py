"""Something that handlers need is away for a while, and comes back, and is away again."""

from __future__ import annotations

import trio

from ...actors import Dependency, RetryPolicy
from ...runtime import Event
from ..world import World
from ._basic import GROUP, STREAM, start_workers, worker_app
from ._planned import behave, publish_planned


class TillAway(ConnectionError):
    """What handlers raise while the till, which they need, is away."""


TILL = Dependency("till", TillAway, after=3, delay_seconds=0.5, max_delay_seconds=4.0)

IMPATIENT_POLICY = RetryPolicy(delay_seconds=0.4, max_delay_seconds=2.0)
"""So that an outage lasts for longer than all deliveries of an event."""


async def dependency_down(world: World) -> None:
    """As `workers`, but handlers need a till that is away for long, and then for short."""
    rng = world.rng("till")
    begins = rng.uniform(0, 1500)
    ends = begins + rng.uniform(6000, 20_000)
    again = ends + rng.uniform(100, 2000)
    away = ((begins, ends), (again, again + rng.uniform(500, 3000)))

    async def handle(event: Event[object]) -> None:
        await trio.sleep(0.05)  # on the way to the till
        if any(since <= world.now_ms < until for since, until in away):
            raise TillAway("the till is away")
        await behave(event)

    app = worker_app(world.plan.shape, [(GROUP, handle)], retry_policy=IMPATIENT_POLICY, dependencies=[TILL])
    start_workers(world, app)
    await publish_planned(world, STREAM)
