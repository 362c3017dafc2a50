"""Bugs in handling at most once: what is acknowledged before it begins, and what is said of what that loses."""

from __future__ import annotations

from typing import Final

from ._bug import PlantedBug
from ._edit import Edit

_WHERE: Final = ("at-most-once",)

ONCE: Final = (
    PlantedBug(
        "at most once taken for at least once",
        "events are acknowledged after their handlers: what a crash cuts short begins again",
        "at-most-once",
        _WHERE,
        [Edit("actors._consumer:consumer_actor", 'settings.delivery == "at_most_once"', "False")],
    ),
    PlantedBug(
        "begun although another one has it",
        "whether an event was ours when it was acknowledged is not looked at",
        "at-most-once",
        _WHERE,
        [
            Edit(
                "actors._consumer_permits:hear_settled",
                "permits.grant(taken.done, settled.lost | settled.unsure)",
                "permits.grant(taken.done, ())",
            )
        ],
    ),
    PlantedBug(
        "what failed is tried again at once",
        "an event that is acknowledged is begun again when its handler has failed",
        "at-most-once",
        _WHERE,
        [
            Edit(
                "actors._consumer_once:_run_to_the_end",
                "verdicts = await run(left)",
                "verdicts = await run(left)\n"
                "            if isinstance(verdicts[0], Failed):\n"
                "                verdicts = await run(left)",
            )
        ],
    ),
    PlantedBug(
        "dropped in silence",
        "nobody is told of events that were acknowledged, and whose handlers a stop cut short",
        "at-most-once",
        _WHERE,
        [Edit("actors._consumer_permits:tell_dropped", "if raw_ids:", "if False:")],
    ),
    PlantedBug(
        "said again while it is under way",
        "a verdict that waits for Redis is said once more: the first try acknowledges, the second hears nothing of it",
        "at-most-once",
        _WHERE,
        [Edit("actors._consumer_work:_settle", "timeout_seconds=math.inf", "timeout_seconds=0.2")],
    ),
    PlantedBug(
        "begun although nobody knows whose it was",
        "what was acknowledged by somebody, and one's own answer was lost, is begun",
        "at-most-once",
        ("at-most-once",),
        [
            Edit(
                "actors._consumer_permits:hear_settled",
                "settled.lost | settled.unsure)",
                "settled.lost - settled.unsure)",
            )
        ],
    ),
)
