"""Schedules that write history: the production ones, of which every call is noted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from typing_extensions import Unpack, override

from ...runtime import Json, Schedules
from ...runtime._schedules import When
from ...wire import NotConnected, ResponseError
from ..history import Cancelled, Scheduling, SchedulingEnded
from ._redis import START_US

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ._host import Process

START_MS = START_US // 1000
"""When simulated time begins, by the clock of the server."""


class RecordingSchedules(Schedules):
    """The schedules of a simulated process; see `RecordingRuntime.schedules`."""

    process: Process

    @override
    async def publish(
        self,
        payload: object,
        *,
        event_type: str | None = None,
        metadata: Mapping[str, Json] | None = None,
        event_id: str = "",
        schedule_id: str = "",
        **when: Unpack[When],
    ) -> str:
        world, host = self.process.world, self.process.host.name
        known_id = schedule_id or event_id
        at, after, every, until = when.get("at"), when.get("after"), when.get("every"), when.get("until")
        due_ms = at.timestamp() * 1000 - START_MS if at is not None else world.now_ms + 1000 * (after or every or 0)
        until_ms = None if until is None else until.timestamp() * 1000 - START_MS
        every_ms = 0.0 if every is None else 1000 * every
        begun = Scheduling(world.now_ms, host, self._stream, known_id, event_id, due_ms, every_ms, until_ms)
        world.note(begun)
        outcome: Literal["acknowledged", "unknown", "refused"] = "unknown"
        try:
            await super().publish(
                payload,
                event_type=event_type,
                metadata=metadata,
                event_id=event_id,
                schedule_id=known_id,
                **when,
            )
            outcome = "acknowledged"
        except (ResponseError, NotConnected, ValueError):
            outcome = "refused"
            raise
        finally:
            if not self.process.is_dead:
                world.note(SchedulingEnded(world.now_ms, host, self._stream, known_id, outcome))
        return known_id

    @override
    async def cancel(self, schedule_id: str) -> bool:
        world, host = self.process.world, self.process.host.name
        world.note(Cancelled(world.now_ms, host, self._stream, schedule_id))
        was_there = await super().cancel(schedule_id)
        if was_there and not self.process.is_dead:
            world.note(Cancelled(world.now_ms, host, self._stream, schedule_id, is_told=True))
        return was_there
