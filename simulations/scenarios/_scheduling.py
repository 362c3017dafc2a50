"""Events that are scheduled: by a producer that may be killed, for workers that may be killed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timezone
from functools import partial
from typing import Final

import trio
from attrs import asdict
from msgspec import msgpack

from ...actors import ActorStopped, PublishIndeterminate, schedule_keys
from ...runtime import NotRunning, PublishTimeout, Schedules
from ...runtime._schedules import When
from ...wire import RedisError
from ..world import NEVER, Process, World
from ._basic import GROUP, STREAM, start_workers, worker_app
from ._planned import behave

TRIES: Final = 6
DELAYS_SECONDS: Final = (0.0, 0.03, 0.4, 1.5)
"""Between a call and its time: some are over before the call is answered."""
EVERY_SECONDS, UNTIL_SECONDS = 1.0, 4.0


async def scheduled(world: World) -> None:
    """Workers, and a producer that schedules all its events; one of five is cancelled, and one event recurs.

    Before them two are due that are never appended: Redis refuses one, and nobody here knows when the other recurs.
    """
    start_ms = world.start_ms
    times, events_key, _ = schedule_keys(STREAM)
    for schedule_id, rule, words in ((f"{NEVER}-1", "", ("odd",)), (f"{NEVER}-2", "each full moon", ("a", "b"))):
        world.primary.do("HSET", events_key, schedule_id, msgpack.encode(["made", rule, *words]))
        world.primary.do("ZADD", times, 1, schedule_id)
    start_workers(world, worker_app(world.plan.shape, [(GROUP, behave)]))
    events = world.plan.events

    async def produce(process: Process) -> None:
        async with process.runtime(publish_seconds=5.0) as runtime:
            schedules = runtime.schedules(STREAM)
            if not process.past("tick"):
                await _tried(partial(_recur, schedules, start_ms))
                process.pass_by("tick")
            while (number := process.past("event")) < len(events):
                event = events[number]
                await world.sleep_until(event.at_ms / 1000)
                delay = DELAYS_SECONDS[number % len(DELAYS_SECONDS)]

                payload, own_id = asdict(event), f"event-{number}"
                when: When = {"after": delay} if number % 2 else {"at": _time(start_ms + world.now_ms + 1000 * delay)}
                await _tried(partial(schedules.publish, payload, event_type="planned", event_id=own_id, **when))
                if number % 5 == 4:
                    await _tried(partial(schedules.cancel, f"event-{number}"))
                process.pass_by("event")

    await world.finished(world.start("producer", produce))


async def _recur(schedules: Schedules, start_ms: int) -> None:
    payload = {"key": "tick", "slow_ms": 0.0, "fails": 0}
    await schedules.publish(
        payload,
        event_type="planned",
        schedule_id="tick",
        every=EVERY_SECONDS,
        until=_time(start_ms + 1000 * UNTIL_SECONDS),
        missed="all",
    )


async def _tried(act: Callable[[], Awaitable[object]]) -> None:
    """Again and again, for as long as nobody knows whether it was done."""
    for _ in range(TRIES):
        try:
            await act()
        except (RedisError, PublishIndeterminate, PublishTimeout, NotRunning, ActorStopped):
            await trio.sleep(0.5)
        except ValueError:
            return  # all its times are over
        else:
            return


def _time(at_ms: float) -> datetime:
    """A moment, given in milliseconds since 1970."""
    return datetime.fromtimestamp(at_ms / 1000, timezone.utc)
