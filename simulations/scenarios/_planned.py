"""Events as a plan wants them: published by a process of its own, and handled as each of them asks for."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import cast

import trio
from attrs import asdict

from ...actors import ActorStopped, PublishIndeterminate, RetryLater
from ...runtime import Event, NewEvent, NotRunning, PublishTimeout, Runtime
from ...wire import RedisError
from ..plan import PlannedEvent
from ..world import Process, SimulatedFailure, World

if sys.version_info < (3, 11):
    from exceptiongroup import BaseExceptionGroup

Make = Callable[[int, PlannedEvent], object]
"""From the number of an event, and what is planned for it, to what is published."""


async def publish_planned(
    world: World,
    stream: str,
    make: Make | None = None,
    *,
    ids: str = "event-{}",
    name: str = "producer",
    once: bool = False,
    publish_seconds: float = 5.0,
) -> None:
    """Publish the plan's events, each at its time; returns when all of them were tried.

    Args:
        world: whose plan it is.
        stream: where to.
        make: gets an event's number and what is planned for it, and gives what is published: a `NewEvent`, or an
            instance of an event class. Without it, they are what `behave` handles.
        ids: what the events' ids are, with ``{}`` for the number.
        name: of the process that publishes them.
        once: whether its runtime may repeat what it did not hear of.
        publish_seconds: how long it waits for each of them.

    What could not be published is not tried again: that would be up to the application. A producer that is killed goes
    on, when it is back, with the event after the one it was at.
    """
    events = sorted(enumerate(world.plan.events), key=lambda numbered: numbered[1].at_ms)

    async def producer(process: Process) -> None:
        runtime = process.runtime(publish_seconds=publish_seconds)
        runtime.stream(stream, publish_once=once)
        async with runtime:
            while (place := process.past("event")) < len(events):
                await world.sleep_until(events[place][1].at_ms / 1000)
                # Not the place from before: a twin may have taken that one meanwhile, or several.
                place = process.pass_by("event")
                if place >= len(events):
                    return
                number, event = events[place]
                try:
                    if event.undecodable:
                        await runtime.publish_undecodable(stream, ids.format(number), event.key)
                    else:
                        await _publish(runtime, stream, ids.format(number), (make or _as_planned)(number, event))
                except (RedisError, PublishIndeterminate, PublishTimeout, NotRunning, ActorStopped):
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


def _as_planned(_number: int, event: PlannedEvent) -> object:
    return NewEvent("planned", asdict(event))


async def _publish(runtime: Runtime, stream: str, event_id: str, made: object) -> None:
    match made:
        case NewEvent():
            kind, metadata = made.event_type, made.metadata
            own_id = made.event_id or event_id
            await runtime.publish(stream, made.payload, event_type=kind, metadata=metadata, event_id=own_id)
        case _:
            await runtime.publish(stream, made, event_id=event_id)


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


async def behave_untidily(event: Event[object]) -> None:
    """As `behave`, but where it is cancelled its cleanup fails, too: a nursery would raise the same.

    Raises:
        SimulatedFailure: the event says so.
        BaseExceptionGroup: it was cancelled.
    """
    try:
        await behave(event)
    except trio.Cancelled as cancelled:
        raise BaseExceptionGroup("untidy", [cancelled, SimulatedFailure("cleaning up")]) from None


async def behave_declining(event: Event[object]) -> bool:
    """As `behave`, but a failure is declined: it comes again after the idle limit, without a time of its own."""
    try:
        await behave(event)
    except SimulatedFailure:
        return False
    return True


async def behave_later(event: Event[object]) -> None:
    """As `behave`, but every other failure asks for a time of its own: at once, soon, or after the idle limit.

    Raises:
        SimulatedFailure: the event says so.
        RetryLater: the same, at an odd delivery.
    """
    try:
        await behave(event)
    except SimulatedFailure:
        if event.delivery_count % 2:
            raise RetryLater((0.0, 0.4, 3.0)[event.id.seq % 3]) from None
        raise
