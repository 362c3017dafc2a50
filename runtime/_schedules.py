"""Publishing later: at a time, after a delay, or again and again."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Final, Literal, Protocol, TypeVar, cast

import trio
from attrs import frozen
from typing_extensions import TypedDict, Unpack

from ..actors import Missed, PublishIndeterminate, Recurrence, schedule_keys
from ..wire import ConnectionLost, RedisError, ScheduleStore, is_weather
from ._errors import PublishTimeout
from ._event import Json
from ._publishing import Publishing
from ._schedule import Schedule, milliseconds, recurrence
from ._typed import type_name

T = TypeVar("T")

AGAIN_SECONDS: Final = 0.2
"""Before what Redis refused for now is tried again; without a connection it waits for that anyhow."""

DELAY_SECONDS_MAX: Final = 10 * 366 * 86_400.0
"""Ten years: a longer delay is likely a time in milliseconds."""


class When(TypedDict, total=False):
    """When something is published: at a time, after a delay, or again and again."""

    at: datetime | None
    after: float | None
    every: float | None
    cron: str | None
    zone: str
    until: datetime | None
    missed: Missed


class Encode(Protocol):
    """Makes the words of an entry."""

    def __call__(
        self,
        event_type: str,
        payload: object,
        metadata: Mapping[str, Json] | None,
        event_id: str,
        at_ms: int,
    ) -> Sequence[bytes]: ...


@frozen
class _Time:
    """When, in the words of the script; and by our own clock, for the event's timestamp."""

    how: Literal["at", "after"]
    ms: int
    stamp_ms: int
    recurs: Recurrence | None


class Schedules:
    """What is to be published to one stream later; from `Runtime.schedules`.

    ::

        reminders = runtime.schedules("reminders")
        reminder = await reminders.publish({"order": 7}, event_type="reminder", after=3600)
        await reminders.cancel(reminder)
        await reminders.publish({}, event_type="report.wanted", cron="0 3 * * *", schedule_id="nightly report")

    Schedules are kept in Redis, and survive whatever their stream survives. What is due is moved into the stream by any
    process that reads it or schedules for it, once.
    """

    def __init__(
        self,
        publishing: Publishing,
        stream: str,
        encode: Encode,
        new_id: Callable[[], str],
        wall_clock_ms: Callable[[], int],
    ) -> None:
        self._publishing = publishing
        self._stream = stream
        self._encode = encode
        self._new_id = new_id
        self._wall_clock_ms = wall_clock_ms
        self._store = ScheduleStore(publishing.client, stream, schedule_keys(stream))

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
        """Have an event published later. Returns when Redis has noted it.

        Args:
            payload: as for `Runtime.publish`.
            event_type: likewise.
            metadata: likewise.
            event_id: the event's own identity. What was published under it already does not count: it is appended when
                it is due. An event that recurs gets another one each time: the id of the schedule, and when it was due.
            schedule_id: by which it is cancelled; the event's id if empty. A schedule that has it already is replaced;
                but one that recurs by the same rule stays due when it is, so that each process may say it when it
                starts.
            when: ``at``, a time (one without a zone is local time), or ``after``, a delay in seconds. Or, again and
                again, ``every`` so many seconds, or as ``cron`` says in the time zone ``zone`` (UTC), ``until`` a time;
                then ``missed`` says what is done about times at which no process looked: one event for all of them
                ("once"), one for each ("all"), or none ("skip") for what is more than a minute late.

        Returns:
            The schedule's id.

        Raises:
            ValueError: the time can't be, or the event can't be scheduled.
            CronMissing: ``cron`` needs an extra: ``pip install 'redis-streams-trio[cron]'``.
            PublishIndeterminate: nobody knows whether it was noted. Say it again, with an id of your own.
            PublishTimeout: Redis was not there for `publish_seconds`. It was not noted.
            TypeError: as `Runtime.publish`.
        """
        time = await self._time(when)
        own_id = event_id or self._new_id()
        known_id = schedule_id or own_id
        fields = self._encode(event_type or type_name(type(payload)), payload, metadata, own_id, time.stamp_ms)
        rule = "" if time.recurs is None else time.recurs.rule
        if rule and self._publishing.plans.scheduler(self._stream).stamp(fields, own_id, 0) is None:
            raise ValueError("an event can recur only where its codec can also read it")
        alarm = await self._publishing.alarm(self._stream)
        call = self._new_id().encode()
        await self._in_time(
            lambda: self._store.put(known_id, time.how, time.ms, call=call, rule=rule, fields=fields), known_id
        )
        # The actor looks at once, and finds out itself how long it may sleep by the clock of Redis.
        alarm.set(0)
        return known_id

    async def cancel(self, schedule_id: str) -> bool:
        """Have something not published; returns whether it was still to be.

        Raises:
            ConnectionLost: nobody knows; say it again.
        """
        return await self._store.cancel(schedule_id)

    async def list(self) -> Sequence[Schedule]:
        """All that is to be published, the next one first."""
        codec = self._publishing.plans.codec
        return [Schedule.of(each, self._stream, codec) for each in await self._store.all()]

    async def _time(self, when: When) -> _Time:
        at, after = when.get("at"), when.get("after")
        recurs = recurrence(
            when.get("every"),
            when.get("cron"),
            zone=when.get("zone", "UTC"),
            missed=when.get("missed", "once"),
            until=when.get("until"),
        )
        if sum(each is not None for each in (at, after, recurs)) != 1:
            raise ValueError("say when, in one way: at=, after=, every= or cron=")
        if after is not None and not isinstance(after, int | float):
            raise TypeError(f"after is a number of seconds, not {after!r}")
        if after is not None and not (math.isfinite(after) and 0 <= after <= DELAY_SECONDS_MAX):
            raise ValueError(f"after must be 0 to {DELAY_SECONDS_MAX:g} seconds, not {after!r}")
        if at is not None:
            return _Time("at", milliseconds(at), milliseconds(at), None)
        if recurs is None:
            delay_ms = math.ceil((after or 0) * 1000)
            return _Time("after", delay_ms, self._wall_clock_ms() + delay_ms, None)
        first_ms = recurs.first(await self._now_ms())
        if first_ms is None:
            raise ValueError("there is no such time: it would never be published")
        return _Time("at", first_ms, first_ms, recurs)

    async def _now_ms(self) -> int:
        seconds, microseconds = cast("tuple[bytes, bytes]", await self._publishing.client.call(b"TIME"))
        return int(seconds) * 1000 + int(microseconds) // 1000

    async def _in_time(self, act: Callable[[], Awaitable[T]], schedule_id: str) -> T:
        """Do what may be repeated, until it succeeds or the time for publishing is up."""
        seconds = self._publishing.patience.seconds
        deadline = trio.current_time() + seconds
        doubtful = False
        while True:
            try:
                return await act()
            except RedisError as error:
                doubtful = doubtful or (isinstance(error, ConnectionLost) and error.sent)
                over = trio.current_time() >= deadline
                if doubtful and (over or not is_weather(error)):
                    raise PublishIndeterminate(1, error) from error  # A refusal says nothing of the time before it.
                if not is_weather(error):
                    raise
                if over:
                    address = self._publishing.client.address
                    raise PublishTimeout(
                        f"schedule {schedule_id} for {self._stream} not taken by {address} within {seconds:g} s"
                    ) from error
            await trio.sleep(AGAIN_SECONDS)
