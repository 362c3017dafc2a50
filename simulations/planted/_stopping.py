"""Bugs in stopping gracefully."""

from __future__ import annotations

from typing import Final

from ._bug import PlantedBug
from ._edit import Edit

_STOP: Final = ("graceful-stop", "rolling-restart")

STOPPING: Final = (
    PlantedBug(
        "nothing handed back",
        "what a stop leaves unfinished waits for the idle limit",
        "clean-stop",
        ("graceful-stop",),
        [Edit("actors._consumer:consumer_actor", "await _hand_back(desk)", "pass")],
    ),
    PlantedBug(
        "a failed cleanup crashes the consumer",
        "what a cancelled handler raises beside that goes on, and ends all that its consumer holds",
        "clean-stop",
        ("graceful-stop",),
        [Edit("runtime._dispatch:failure_of", "raise cancelled from None", "raise error")],
    ),
    PlantedBug(
        "a pause is only told",
        "what a paused consumer holds is begun all the same",
        "paused",
        ("operated",),
        [Edit("actors._consumer_hold:Hold.take", " and not self.closed", "")],
    ),
    PlantedBug(
        "handed back while it runs",
        "others take what this process is still at",
        "bounded-duplicates",
        ("rolling-restart", "long-handlers"),
        [
            Edit(
                "actors._consumer:_limit",
                "await desk.stage.wait_draining()\n",
                "await desk.stage.wait_draining()\n    await _hand_back(desk)\n",
            )
        ],
    ),
    PlantedBug(
        "writer stopped before the consumers",
        "who handles to the end can't settle any more",
        "clean-stop",
        _STOP,
        [
            Edit(
                "actors.tree:group_child",
                '{settings.group}", children)',
                '{settings.group}", [*children[1:2], *children[2:], children[0]])',
            )
        ],
    ),
    PlantedBug(
        "no grace",
        "a stop cancels at once what it should let finish",
        "clean-stop",
        ("long-handlers", "graceful-stop"),
        [
            Edit(
                "actors._cell:Cell.stop",
                "min(trio.current_time() + self.child.grace_seconds, ",
                "min(trio.current_time(), ",
            )
        ],
    ),
    PlantedBug(
        "no time after a second signal",
        "who is hurried is cut where it stands: what was handled is not settled, the rest not handed back",
        "clean-stop",
        ("graceful-stop",),
        [Edit("runtime._running:Running._stop", "trio.current_time() + AT_ONCE_SECONDS", "trio.current_time()")],
    ),
    PlantedBug(
        "read cut by the stop",
        "a read that waits is cancelled when the drain begins, and with it what it just brought",
        "clean-stop",
        ("stop-while-reading",),
        [
            Edit(
                "actors._consumer_acquire:_read_once",
                "    try:\n        entries = await",
                "    entries = []\n    try:\n      with desk.stage.intake():\n        entries = await",
            ),
        ],
    ),
    PlantedBug(
        "reader's connection left open",
        "a consumer that stops does not close its own connection",
        "no-leaks",
        ("single",),
        [Edit("wire._link:Link.leave", "if self._connection is not None:", "if False:")],
    ),
    PlantedBug(
        "who goes on goes on for all reasons",
        "a process that was paused by itself, too, goes on although the whole group is paused",
        "paused",
        ("operated",),
        [
            Edit(
                "actors._gate:Gate.open",
                "self._set({known: True for known in self._reasons if known != reason})",
                "self._set({})",
            )
        ],
    ),
    PlantedBug(
        "let go for ever",
        "what a consumer let go once, and has again, is not renewed",
        "bounded-duplicates",
        ("slow-retries",),
        [Edit("actors._consumer_hold:Hold.release", "self._let_go.discard(raw_id)", "pass")],
    ),
)
