"""Pausing: a consumer whose gate is closed begins nothing and reads nothing. What runs is finished and settled.

What it holds and has not begun is handed back, so that a process that is not paused gets it, and no lease is renewed
for what nobody works on. When the gate opens the consumer recovers what is still pending under its name, and reads on::

    gate closes ──> the hold closes (nothing is begun, there is no room)
                    the read that is under way ends; what it brought is handed back with all that waited
    gate opens ───> the hold opens; recovery; reads
"""

from __future__ import annotations

from contextlib import suppress

import trio

from ..wire import NoGroup
from ._consumer_acquire import end_read
from ._consumer_desk import Desk
from ._consumer_hold import Job
from ._consumer_lease import LEASE_CHUNK, hand_back
from ._entry_events import HandedBack
from ._events import ConsumptionPaused, ConsumptionResumed
from ._weather import Weather


async def mind_gate(desk: Desk, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
    """Have nothing begin while the gate is closed, until cancelled."""

    def changed(reason: str) -> None:
        where = (desk.stage.path, desk.settings.stream, desk.settings.group)
        desk.suspect = True  # Who opens looks for what was handed back, and nobody took.
        desk.hold.closed = bool(reason)
        desk.note_progress()
        desk.room_made.ring()
        desk.work_arrived.ring()
        desk.to_hand_back.ring()
        # Last: an observer may open what was closed, or close it again, and so call us meanwhile.
        desk.stage.emit(ConsumptionPaused(*where, reason) if reason else ConsumptionResumed(*where))

    with desk.wiring.gate.watched_by(changed):
        task_status.started()
        while True:
            await _stand_by(desk)
            await desk.to_hand_back.wait()


async def _stand_by(desk: Desk) -> None:
    """While the consumer is paused: hand back what waits."""
    hold = desk.hold
    if hold.closed:
        await end_read(desk)
    while hold.closed and hold.waiting:
        await _hand_back(desk, hold.set_aside(LEASE_CHUNK))


async def _hand_back(desk: Desk, jobs: list[Job]) -> None:
    """Have others take these now, and not after the idle limit."""
    settings, hold, stage = desk.settings, desk.hold, desk.stage
    deliveries = {entry.raw_id: hold.former_deliveries(entry.raw_id) for entry, _ in jobs}

    async def hand_all_back() -> None:
        # Not beside renewals: one that comes after would make what was handed back look busy again.
        async with desk.renewing:
            with suppress(NoGroup):  # Then they are delivered anew.
                await hand_back(desk, deliveries, settings.lease_ms)
            desk.release(deliveries)

    weather = Weather(stage, f"handing back to {settings.stream}", retry=settings.retry, rng=desk.wiring.rng)
    await weather.through(hand_all_back)
    stage.emit(HandedBack(stage.path, settings.stream, settings.group, len(jobs)))
    desk.suspect = True
    if not hold.closed:
        await end_read(desk)  # The pause was over meanwhile: the reader looks for them.
