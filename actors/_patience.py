"""One time limit for many questions.

A cancel scope for each of them would cost as much as the rest of asking (5 µs of 12, measured): too much on the way of
every event. Here a question is noted in a queue, and one task looks when the oldest of them is due.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Protocol, TypeVar

import trio

from ._errors import NoReply
from ._mailbox import Address, Reply

M = TypeVar("M")
R = TypeVar("R")

KEPT_MIN = 1000
"""So many answered questions may stay in the queue before it is swept."""


class _Question(Protocol):
    """A `Reply`, whatever its answer would be."""

    begun: bool
    closed: bool

    def fail(self, error: Exception) -> None: ...


class Patience:
    """Waits so long for each answer. Somebody has to run `run`, or nothing ever comes to its limit.

    Args:
        seconds: the limit, the same for all, so that questions come due in the order in which they were asked.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._asked: deque[tuple[float, str, _Question]] = deque()
        self._sweep_at = KEPT_MIN

    async def ask(self, address: Address[M], make: Callable[[Reply[R]], M]) -> R:
        """As `Address.ask`, within our limit.

        Raises:
            NoReply: no answer came, in time or at all. The request may have been acted on.
            ActorStopped: the receiver has come to its end.
            Exception: the receiver answered with this error.
        """
        reply: Reply[R] = Reply()
        try:
            address.send_nowait(make(reply))
        except trio.WouldBlock:
            # Under backpressure the time goes into waiting: here a scope of its own is no matter.
            return await address.ask(make, timeout_seconds=self.seconds)
        self._note(address.name, reply)
        return await reply.wait()

    async def run(self) -> None:
        """Give up questions that are due, until cancelled."""
        while True:
            now = trio.current_time()
            self._expire(now)
            # What is asked while we sleep is due later than this: nobody needs to wake us.
            await trio.sleep_until(self._asked[0][0] if self._asked else now + self.seconds)

    def _note(self, name: str, reply: _Question) -> None:
        asked = self._asked
        while asked and asked[0][2].closed:
            asked.popleft()
        if len(asked) >= self._sweep_at:  # the oldest is stuck, and those behind it were answered
            self._asked = asked = deque(entry for entry in asked if not entry[2].closed)
            self._sweep_at = max(KEPT_MIN, 2 * len(asked))
        asked.append((trio.current_time() + self.seconds, name, reply))

    def _expire(self, now: float) -> None:
        asked = self._asked
        while asked and (asked[0][2].closed or asked[0][0] <= now):
            _, name, reply = asked.popleft()
            reply.fail(NoReply(f"{name} gave no answer within {self.seconds:g} s", begun=reply.begun, late=True))
