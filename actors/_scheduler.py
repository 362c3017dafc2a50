"""The scheduler: moves what is due into its stream.

There is one in each process that has the stream, and they do not know of each other: the script that appends forgets in
the same step, so of all that look at the same time one appends. It may die anywhere. It sleeps until the next schedule
is due by the clock of Redis, and looks again from time to time for what others have scheduled meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import Final

from attrs import define, field, frozen

from ..wire import Client, Fired, RedisError, Retry, Scheduled, ScheduleStore, is_weather, refuses_all
from ._alarm import Alarm
from ._child import Actor
from ._events import SchedulesNotMoved
from ._keys import schedule_keys
from ._recurrence import Recurrence
from ._stage import Stage
from ._status import SchedulerStatus
from ._weather import Weather

LOOK_SECONDS: Final = 5.0
"""Between two looks at most: how late an event may be whose scheduler has died before it was due."""

REFUSED_SECONDS: Final = 60.0
"""Before the next look where Redis does not let us: somebody has to do something about it."""

Stamp = Callable[[Sequence[bytes], str, int], Sequence[bytes] | None]
"""The words of an entry as those of another event: with this id and this time; None where they can't be read."""


@frozen
class SchedulerSettings:
    """Of which stream, and how its entries are written.

    Attributes:
        stamp: makes the entries of an event that recurs.
        length_max: tells about how many entries the stream keeps; None: all. It may be said after this has begun.
    """

    stream: str
    stamp: Stamp
    length_max: Callable[[], int | None]
    retry: Retry = Retry()


@define(eq=False)
class _Look:
    stage: Stage
    settings: SchedulerSettings
    store: ScheduleStore
    appended: int = 0
    refused: set[str] = field(factory=set[str])
    """What was told of, so that it is told once."""

    def refuse(self, what: str, error: Exception) -> None:
        if what not in self.refused:
            self.refused.add(what)
            self.stage.emit(SchedulesNotMoved(self.stage.path, self.settings.stream, what, error))


def scheduler_actor(settings: SchedulerSettings, client: Client, alarm: Alarm, rng: Random) -> Actor:
    """The actor that moves what is due into one stream."""

    async def run(stage: Stage) -> None:
        weather = Weather(stage, f"looking for what is due in {settings.stream}", retry=settings.retry, rng=rng)
        store = ScheduleStore(client, settings.stream, schedule_keys(settings.stream))
        look = _Look(stage, settings, store)
        stage.started()
        while not stage.draining:
            with stage.intake():
                try:
                    rest_seconds = await _move(look)
                except RedisError as error:
                    # Likely a user without permission for these keys: whoever schedules nothing can do without.
                    if is_weather(error):
                        await weather.wait(error)
                        continue
                    look.refuse("", error)
                    rest_seconds = REFUSED_SECONDS
                else:
                    weather.clear()
                    look.refused.discard("")
                await alarm.sleep(rest_seconds)

    return run


async def _move(look: _Look) -> float:
    """Move all that is due; returns for how long to rest. What can't be moved is passed over, and due still."""
    moved = passed = 0
    while True:
        fired = await look.store.fire(passed, look.settings.length_max())
        for schedule_id, error in fired.refused:
            look.refuse(schedule_id, error)
        done = len(fired.appended)
        for schedule in fired.recurring:
            done += await _recur(look, schedule, fired)
        look.appended += done
        look.stage.publish(SchedulerStatus(look.appended, fired.next_ms))
        moved += done
        if fired.next_ms != 0:
            break
        passed += len(fired.appended) + len(fired.recurring) + len(fired.refused) - done
    if moved:
        return 0.0  # there may be more of it
    return min(LOOK_SECONDS, LOOK_SECONDS if fired.next_ms is None else fired.next_ms / 1000)


async def _recur(look: _Look, schedule: Scheduled, fired: Fired) -> bool:
    """Append what a schedule makes now, and note when it is due again; returns whether it was looked after."""
    try:
        times, again_ms = Recurrence.parse(schedule.rule).plan(schedule.due_ms, fired.now_ms)
        entries = [_entry(look.settings.stamp, schedule, time_ms) for time_ms in times]
    except Exception as error:  # noqa: BLE001 - a codec is users' code; another process may have another one
        look.refuse(schedule.id, error)
        return False
    try:
        await look.store.recur(schedule, entries, again_ms, look.settings.length_max())
    except (ValueError, RedisError) as error:
        if isinstance(error, RedisError) and refuses_all(error):
            raise
        look.refuse(schedule.id, error)
        return False
    return True


def _entry(stamp: Stamp, schedule: Scheduled, time_ms: int) -> Sequence[bytes]:
    """What a schedule makes at a time.

    Raises:
        Exception: this process can't make it.
    """
    entry = stamp(schedule.fields, firing_id(schedule.id, time_ms), time_ms)
    if entry is None:
        raise ValueError("this process has no codec for it")
    return entry


def firing_id(schedule_id: str, due_ms: int) -> str:
    """The event id of what a recurring schedule makes at a time: the same whoever makes it."""
    return f"{schedule_id}-{due_ms}"
