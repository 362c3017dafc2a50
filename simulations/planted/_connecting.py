"""Bugs in talking to Redis, and in publishing."""

from __future__ import annotations

from typing import Final

from ._bug import PlantedBug
from ._edit import Edit

CONNECTING: Final = (
    PlantedBug(
        "no deadline for reads",
        "a half-open connection is waited on for ever",
        "liveness",
        ("alone",),
        [Edit("wire._connection:Connection._exchange", "trio.current_time() + seconds)", "float('inf'))")],
    ),
    PlantedBug(
        "no deadline for replies",
        "a half-open shared link is waited on for ever",
        "liveness",
        ("single",),
        [
            Edit(
                "wire._multiplexer:Multiplexer._wait_late",
                'return ReplyTimeout(f"{self.address}: no reply within {seconds:g} s", sent=True)',
                "await trio.sleep(seconds)",
            )
        ],
    ),
    PlantedBug(
        "replies in the wrong order",
        "who is cancelled takes its place in the order along, and the next one gets its reply",
        "crash",
        ("graceful-stop", "rolling-restart"),
        [
            Edit(
                "wire._multiplexer:Multiplexer._abandon",
                "        self._slots.remove(slot)",
                "    self._slots.remove(slot)",
            )
        ],
    ),
    PlantedBug(
        "no backoff between tries",
        "what fails is tried again two milliseconds later, and again",
        "retry-storm",
        ("single", "many"),
        [Edit("actors._weather:Weather.wait", "delay = self._retry.delay(self._tries, self._rng)", "delay = 0.002")],
    ),
    PlantedBug(
        "scripts taken for known",
        "a server that lost its scripts gets only their hashes",
        "crash",
        ("single",),
        [
            Edit(
                "wire._client:Client.eval",
                "except NoScriptError:",
                "except NoScriptError:\n        if self._link.generation > 1:\n            raise",
            )
        ],
    ),
    PlantedBug(
        "blind retry of XADD",
        "an event whose reply was lost is appended again",
        "publish-once",
        ("single", "retrying-producer"),
        [Edit("actors._stream:_append", "if error.sent:", "if False:")],
    ),
    PlantedBug(
        "unknown outcome told as success",
        "a publisher hears that its event is there when nobody knows",
        "no-loss",
        ("retrying-producer",),
        [
            Edit(
                "actors._stream:_fail",
                "append.reply.fail(PublishIndeterminate(len(append.entries), error))",
                "append.reply.set([EntryId(1, 1)] * len(append.entries))",
            )
        ],
    ),
)
