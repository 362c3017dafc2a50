"""Bugs in what is scheduled."""

from __future__ import annotations

from typing import Final

from ._bug import PlantedBug
from ._edit import Edit, Scale

_SCHEDULER: Final = "actors._scheduler"

SCHEDULING: Final = (
    PlantedBug(
        "one firing for each process",
        "whoever looks at a time that is due makes its event, whether another process did or not",
        "scheduled-once",
        ("scheduled",),
        [Edit("recur.lua", "tonumber(present) ~= due or ", "")],
    ),
    PlantedBug(
        "a call that comes late schedules anew",
        "what was appended, and forgotten with that, is scheduled once more by the same call when it is repeated",
        "scheduled-once",
        ("scheduled",),
        [Edit("schedule.lua", "if redis.call('ZSCORE', ended, call) then return -1 end", "")],
    ),
    PlantedBug(
        "noted first, appended later",
        "who crashes in between has forgotten a time, and nobody makes up for it",
        "scheduled-once",
        ("scheduled",),
        [
            Edit(
                f"{_SCHEDULER}:_recur",
                "await look.store.recur(schedule, entries, again_ms, look.settings.length_max())",
                "won = await look.store.recur(schedule, [], again_ms)\n"
                "        for entry in entries if won is not None else ():\n"
                "            await look.store._client.xadd(look.settings.stream, entry)",
            )
        ],
    ),
    PlantedBug(
        "due before its time",
        "times are compared in seconds",
        "scheduled-once",
        ("scheduled",),
        [
            Edit(
                "fire.lua",
                "ZRANGEBYSCORE', times, '-inf', string.format('%.0f', now)",
                "ZRANGEBYSCORE', times, '-inf', string.format('%.0f', now - now % 1000 + 999)",
            )
        ],
    ),
    PlantedBug(
        "one that is refused ends the look",
        "a schedule that Redis will not append as it is keeps all behind it from being moved",
        "scheduled-once",
        ("scheduled",),
        [Edit("fire.lua", "redis.pcall(unpack(words))", "redis.call(unpack(words))")],
    ),
    PlantedBug(
        "what can't be moved hides the rest",
        "the first that are due are looked at, and no more of them, although they stay where they are",
        "scheduled-once",
        ("scheduled",),
        [Edit("fire.lua", "if #due == 2 * most then", "if false then")],
        (Scale("wire._schedule", "FIRE_MAX", 2),),
    ),
    PlantedBug(
        "what was appended is cancelled",
        "what was appended is noted yet, and who cancels it hears that it was still to come",
        "scheduled-once",
        ("scheduled",),
        [Edit("fire.lua", "redis.call('HDEL', events, id)", "")],
    ),
)
