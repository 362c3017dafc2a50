"""The retainer: has a stream keep what it shall, and tells who holds that up.

There may be one in each process: all of them do the same, and the script looks what groups need and trims in one step.
What it tells is told when it begins, not at each look.
"""

from __future__ import annotations

from random import Random
from typing import Final

from attrs import define, field, frozen

from ..wire import Client, RedisError, Retained, Retry, is_weather, retain
from ._alarm import Alarm
from ._child import Actor
from ._events import GroupNearLimit, GroupOverrun, NotRetained, RetentionHeldUp
from ._keys import groups_key
from ._retention import Retention, Trouble, troubles
from ._stage import Stage
from ._status import RetainerStatus
from ._weather import Weather

REFUSED_SECONDS: Final = 60.0
"""Before the next look where Redis does not let us: somebody has to do something about it."""


@frozen
class RetainerSettings:
    """Of which stream, and what it keeps."""

    stream: str
    retention: Retention
    retry: Retry = Retry()


@define(eq=False)
class _Look:
    stage: Stage
    settings: RetainerSettings
    client: Client
    removed: int = 0
    told: dict[str, Trouble] = field(factory=dict[str, Trouble])
    """What was last told of each group."""
    refused: bool = False


def retainer_actor(settings: RetainerSettings, client: Client, rng: Random) -> Actor:
    """The actor that removes what one stream need not keep."""

    async def run(stage: Stage) -> None:
        weather = Weather(stage, f"trimming {settings.stream}", retry=settings.retry, rng=rng)
        look, rest = _Look(stage, settings, client), Alarm()
        stage.started()
        while not stage.draining:
            with stage.intake():
                seconds = settings.retention.interval_seconds
                try:
                    while (await _trim(look)).removed:
                        weather.clear()
                except RedisError as error:
                    # Likely a user without XTRIM: the stream grows, and everything else goes on.
                    if is_weather(error):
                        await weather.wait(error)
                        continue
                    _refuse(look, error)
                    seconds = REFUSED_SECONDS
                else:
                    weather.clear()
                    look.refused = False
                await rest.sleep(seconds)

    return run


def _refuse(look: _Look, error: Exception) -> None:
    if not look.refused:
        look.refused = True
        look.stage.emit(NotRetained(look.stage.path, look.settings.stream, error))


async def _trim(look: _Look) -> Retained:
    """Remove some of what is to go, and tell of groups for which that is news."""
    settings, retention = look.settings, look.settings.retention
    age = retention.max_age_seconds
    retained = await retain(
        look.client,
        settings.stream,
        groups_key(settings.stream),
        max_length=retention.max_length,
        max_age_ms=None if age is None else round(age * 1000),
        settled=retention.settled,
        lossy=retention.lossy,
        ignored=retention.ignore_groups,
    )
    look.removed += retained.removed
    look.stage.publish(RetainerStatus(look.removed, retained.length))
    found = troubles(retained, retention)
    for group, (trouble, words) in found.items():
        if look.told.get(group) != trouble:
            look.stage.emit(_EVENTS[trouble](look.stage.path, settings.stream, group, words))
    look.told = {group: trouble for group, (trouble, _) in found.items()}
    return retained


_EVENTS: Final = {"near": GroupNearLimit, "holds": RetentionHeldUp, "gone": RetentionHeldUp, "lost": GroupOverrun}
