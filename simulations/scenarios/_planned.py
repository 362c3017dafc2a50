"""Events as a plan wants them: published by a process of its own, and handled as each of them asks for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import trio
from attrs import asdict

from ...actors import ActorStopped
from ...runtime import Event, NotRunning, PublishTimeout
from ...wire import RedisError
from ..world import Process, SimulatedFailure, World


async def publish_planned(world: World, stream: str, *, name: str = "producer") -> None:
    """Publish the plan's events, each at its time; returns when all of them were tried.

    What could not be published is not tried again: that would be up to the application. A producer that is killed goes
    on, when it is back, with the event after the one it was at.
    """
    events = sorted(enumerate(world.plan.events), key=lambda numbered: numbered[1].at_ms)
    waiting = list(reversed(events))

    async def producer(process: Process) -> None:
        runtime = process.runtime(publish_seconds=5.0)
        async with runtime:
            while waiting:
                await trio.sleep_until(waiting[-1][1].at_ms / 1000)
                number, event = waiting.pop()
                try:
                    if event.undecodable:
                        await runtime.publish_undecodable(stream, f"event-{number}", event.key)
                    else:
                        payload = asdict(event)
                        await runtime.publish(stream, payload, event_type="planned", event_id=f"event-{number}")
                except (RedisError, PublishTimeout, NotRunning, ActorStopped):
                    continue  # the history has it

    await world.finished(world.start(name, producer))


async def behave_in_batch(events: Sequence[Event[object]]) -> list[bool]:
    """Handle planned events together; each of them is answered for itself."""
    answers: list[bool] = []
    for event in events:
        try:
            await behave(event)
        except SimulatedFailure:
            answers.append(False)
        else:
            answers.append(True)
    return answers


async def behave(event: Event[object]) -> None:
    """Handle a planned event: take as long as it says, and fail as often.

    Raises:
        SimulatedFailure: the event says so.
    """
    payload = cast("dict[str, float]", event.payload)
    if payload["slow_ms"]:
        await trio.sleep(payload["slow_ms"] / 1000)
    fails = payload["fails"]
    if fails < 0 or event.delivery_count <= fails:
        raise SimulatedFailure(f"as planned, for the {event.delivery_count}. time")
