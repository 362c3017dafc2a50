"""A producer that tries again: whatever it was not told to be published, it publishes again under the same event id.

When it was killed it goes on, as a relay of an outbox does, with the event that it was at: that may be there already.
"""

from __future__ import annotations

import trio
from attrs import asdict

from ...actors import ActorStopped, PublishIndeterminate
from ...runtime import NotRunning, PublishTimeout
from ...wire import RedisError
from ..world import Process, World
from ._basic import STREAM, start_workers, worker_app
from ._planned import behave

TRIES = 6


async def retrying_producer(world: World) -> None:
    """Workers, and a producer that gives up only after some tries."""
    start_workers(world, worker_app(world.plan.shape, [("billing", behave)]))
    events = world.plan.events

    async def produce(process: Process) -> None:
        async with process.runtime(publish_seconds=5.0) as runtime:
            while (number := process.past("event")) < len(events):
                event = events[number]
                await world.sleep_until(event.at_ms / 1000)
                for _ in range(TRIES):
                    try:
                        await runtime.publish(STREAM, asdict(event), event_type="planned", event_id=f"event-{number}")
                        break
                    except (RedisError, PublishIndeterminate, PublishTimeout, NotRunning, ActorStopped):
                        await trio.sleep(0.5)
                process.pass_by("event")

    await world.finished(world.start("producer", produce))
