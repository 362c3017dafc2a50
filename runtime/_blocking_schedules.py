"""Publishing later without Trio."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from typing_extensions import Unpack

from ._blocking_connection import Connected, RedisConnection
from ._event import Json
from ._schedule import Schedule
from ._schedules import When


class ScheduleManager(Connected):
    """Has events published later, at a time, after a delay, or again and again. A context manager, too.

    While it is open, and it has scheduled something for a stream, it also moves what is due into it.

    Args:
        redis_url: the server; see `Runtime`.
        connection: one to share, instead of `redis_url`.
    """

    def __init__(self, redis_url: str | None = None, *, connection: RedisConnection | None = None) -> None:
        super().__init__(redis_url, connection)

    def publish(
        self,
        stream: str,
        event_type: str,
        payload: object,
        metadata: Mapping[str, Json] | None = None,
        *,
        event_id: str = "",
        schedule_id: str = "",
        **when: Unpack[When],
    ) -> str:
        """Have an event published later; returns the id of the schedule. See `Schedules.publish`."""
        return self.connection.call_runtime(
            lambda runtime: runtime.schedules(stream).publish(
                payload,
                event_type=event_type,
                metadata=metadata,
                event_id=event_id,
                schedule_id=schedule_id,
                **when,
            )
        )

    def cancel(self, stream: str, schedule_id: str) -> bool:
        """Have something not published; returns whether it was still to be."""
        return self.connection.call_runtime(lambda runtime: runtime.schedules(stream).cancel(schedule_id))

    def list(self, stream: str) -> Sequence[Schedule]:
        """All that is to be published, the next one first."""
        return self.connection.call_runtime(lambda runtime: runtime.schedules(stream).list())
