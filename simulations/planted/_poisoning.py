"""Bugs in giving up: what fails too often, and what only looks as if it did."""

from __future__ import annotations

from typing import Final

from ..plan import Domain
from ._bug import PlantedBug
from ._edit import Edit, Scale

_WORK: Final = "actors._consumer_work"
_FEW: Final = Scale("simulations.scenarios._basic", "MAX_DELIVERIES", 3)
_TAKEN_OVER_AGAIN: Final = Domain(
    workers=(2, 3),
    events=(5, 12),
    prefetch=(None, 2, 2, 3),
    slow=0.6,
    slow_ms_max=6000.0,
    kinds=frozenset({"pause-process", "kill-process"}),
    always=("kill-process",) * 3,
    span_ms=6000.0,
)
"""What one process held and did not begin another one takes over, and dies, too."""

POISONING: Final = (
    PlantedBug(
        "deliveries counted in memory",
        "the server is not told of a delivery, and who takes an entry over starts anew",
        "poison-bounded",
        ("poison", "backlog"),
        [
            Edit(
                "begin.lua",
                "'RETRYCOUNT', count, 'JUSTID'",
                "'JUSTID'",
            )
        ],
        [_FEW],
    ),
    PlantedBug(
        "deliveries counted where they are taken over",
        "what a process held and never began uses up deliveries, and a healthy event goes to the dead letters",
        "poison-bounded",
        ("pauses",),
        [
            Edit(
                "claim.lua",
                "math.max(1, row[1][4]), 'JUSTID')\n      answer[#answer + 1] = { id, found[1][2], 1, row[1][4] }",
                "row[1][4] + 1, 'JUSTID')\n      answer[#answer + 1] = { id, found[1][2], 1, row[1][4] + 1 }",
            )
        ],
        [_FEW],
        plans=_TAKEN_OVER_AGAIN,
    ),
    PlantedBug(
        "what never began counts as delivered",
        "what is handed back unbegun keeps the count of its read, and with one delivery for each it is never handled",
        "poison-bounded",
        ("graceful-stop", "operated"),
        [
            Edit(
                "actors._consumer_hold:Hold.count_former",
                "self._numbers.get(raw_id, 1) - 1",
                "max(1, self._numbers.get(raw_id, 1) - 1)",
            )
        ],
    ),
    PlantedBug(
        "given up in silence",
        "what failed for the last time is acknowledged, and no dead letter is written",
        "no-loss",
        ("poison", "backlog"),
        [Edit(f"{_WORK}:_bury", "desk.verdicts.dead.append(letter)", "desk.verdicts.done.append(entry.raw_id)")],
        [_FEW],
    ),
    PlantedBug(
        "given up one delivery early",
        "the limit is reached before it is",
        "poison-bounded",
        ("poison", "backlog"),
        [
            Edit(
                "actors._retrying:after_failure",
                "deliveries >= rules.max_deliveries",
                "deliveries >= rules.max_deliveries - 1",
            )
        ],
        [_FEW],
    ),
    PlantedBug(
        "retry lost on a crash",
        "what is to be tried again is acknowledged, and only noted: as one would keep it in memory",
        "no-loss",
        ("retries",),
        [
            Edit(
                "delay.lua",
                "redis.call('XCLAIM', stream, group, consumer, 0, id, 'IDLE', string.format('%.0f', idle), 'JUSTID')",
                "{ redis.call('XACK', stream, group, id) }",
            )
        ],
    ),
    PlantedBug(
        "redrive that repeats",
        "a dead letter is given back and stays where it is: the next look gives it back again",
        "publish-once",
        ("redriving",),
        [Edit("redrive.lua", "redis.call('XDEL', KEYS[1], ARGV[i])", "")],
    ),
    PlantedBug(
        "outage burns deliveries",
        "what is handed back since something is away uses up a delivery each time",
        "poison-bounded",
        ("dependency-down",),
        [
            Edit(
                "actors._consumer_outage:_give_back",
                "now = {raw_id: desk.hold.former_deliveries(raw_id) for",
                "now = {raw_id: desk.hold.former_deliveries(raw_id) + 1 for",
            )
        ],
        [_FEW],
    ),
    PlantedBug(
        "given up for what is away",
        "an event that failed often enough is given up, although all others fail too",
        "poison-bounded",
        ("dependency-down",),
        [Edit("actors._dependency:Breaker.is_proven", "if raw_id in self._proven:", "if True:")],
        [_FEW],
    ),
    PlantedBug(
        "pauses only by name",
        "handlers are begun although something that they need is away",
        "poison-bounded",
        ("dependency-down",),
        [
            Edit(
                "actors._dependency:Breaker.may_begin",
                'return self.state == "closed" or self._trial == raw_id',
                "return True",
            )
        ],
    ),
    PlantedBug(
        "all wait for a letter",
        "no verdict is said while Redis refuses a dead letter",
        "poison-bounded",
        ("letters-refused",),
        [
            Edit(
                "actors._consumer_work:settle_verdicts",
                "if not desk.verdicts:",
                "if desk.unburied or not desk.verdicts:",
            )
        ],
    ),
    PlantedBug(
        "what kills its process is begun again",
        "only a handler that returns is looked at: deliveries that nobody lived through have no end",
        "poison-bounded",
        ("killers",),
        [Edit("actors._retrying:before_beginning", "deliveries <= max_deliveries", "True")],
        [_FEW],
    ),
    PlantedBug(
        "taken over before its time",
        "what waits for its retry is taken over as soon as it looks idle",
        "poison-bounded",
        ("retries",),
        [
            Edit("claim.lua", " and not waits(id)", ""),
            Edit("actors._reclaimer:_look", " if row.raw_id not in waiting", ""),
        ],
    ),
    PlantedBug(
        "own retries before their time",
        "a process that comes back begins with all that is pending under its name, also with what waits",
        "poison-bounded",
        ("retries",),
        [Edit("take_own.lua", " and not waits(id)", "")],
    ),
)
