"""What every worker shares: the events, the tally of what was handled, the clock, and the one line of answer.

The clock has one rule for all who consume: it runs from the first call of the handler until Redis itself says, by
XPENDING, that nothing is pending any more. So neither the start of the interpreter nor the connection counts, and every
acknowledgement does.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence

import redis

STREAM = "redis-streams-bench"
GROUP = "bench"
EVENT_TYPE = "price.update"
READ_COUNT = 100
"""Entries in one read: this library's default, and what the hand-written loops ask for as well."""

PUBLISH_WARM_UP = 100
"""Events published before the clock starts: the first one of a stream sets things up."""

Answer = dict[str, object]
Mode = Callable[[str, int], Answer]


class WrongResultError(Exception):
    """The work was not done as it should have been: its time means nothing."""


def payload(number: int) -> dict[str, object]:
    """The event with this number; about 40 bytes as JSON."""
    return {"symbol": "AAPL", "price": 150.25, "n": number}


class Tally:
    """Notes the number of each event that a handler gets, and when the work began and ended.

    Args:
        client: a connection of its own, to ask Redis what is pending.
        count: events that are to be handled, numbered from 0.
        on_last: called when the last one is in its handler.
    """

    def __init__(self, client: redis.Redis, count: int, on_last: Callable[[], object] = lambda: None) -> None:
        client.ping()
        self._client = client
        self._last = count - 1
        self._on_last = on_last
        self._began = self._ended = 0.0
        self.numbers: list[int] = []

    def note(self, number: int) -> None:
        """What each handler does: nothing but this."""
        if not self.numbers:
            self._began = time.perf_counter()
        self.numbers.append(number)
        if number == self._last:
            self._on_last()

    def look(self) -> bool:
        """Once the last event was handled: whether Redis says that nothing is pending. Then the clock stops."""
        pending = self._pending()
        self._ended = time.perf_counter()
        return not pending

    def answer(self) -> Answer:
        """What was done and how long it took.

        Raises:
            WrongResultError: an event was missed or handled twice, or one is pending.
        """
        missing = set(range(self._last + 1)).difference(self.numbers)
        twice = len(self.numbers) - len(set(self.numbers))
        pending = self._pending()
        if missing or twice or pending:
            raise WrongResultError(f"{len(missing)} events not handled, {twice} handled twice, {pending} pending")
        return {"events": len(self.numbers), "seconds": self._ended - self._began, "pending": pending}

    def _pending(self) -> int:
        return int(self._client.xpending(STREAM, GROUP)["pending"])


def published(client: redis.Redis, count: int, seconds: float) -> Answer:
    """The answer of one who published.

    Raises:
        WrongResultError: the stream does not hold what was published.
    """
    length = int(client.xlen(STREAM))
    if length != count + PUBLISH_WARM_UP:
        raise WrongResultError(f"{count} events and {PUBLISH_WARM_UP} before the clock, but {length} in the stream")
    return {"events": count, "seconds": seconds}


def run(modes: Mapping[str, Mode], argv: Sequence[str] = sys.argv) -> None:
    """The main function of a worker: ``WORKER MODE URL COUNT``; prints one line of JSON."""
    _program, mode, url, count = argv
    print(json.dumps({"mode": mode, **modes[mode](url, int(count))}))
