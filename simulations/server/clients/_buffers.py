"""How large the buffers of a client are, as CLIENT LIST tells it: a model, with the sizes that real servers give."""

from __future__ import annotations

from typing import Final

from attrs import define, frozen

from .._profile import Profile

READ_SIZE: Final = 16 * 1024
LARGE: Final = 32 * 1024
"""A query buffer that is larger is not kept for long."""
IDLE_MS: Final = 2000
"""A client that has said nothing for so long has no query buffer left."""
LEAST_REPLY: Final = 1024
MOST_REPLY: Final = 16 * 1024
PEAK_MS: Final = 5000
"""For so long the largest reply is remembered."""


@frozen
class OutputLimit:
    """How much a client may leave unread.

    Attributes:
        hard: so much at no time; 0: as much as it likes.
        soft: so much for no longer than `soft_seconds`.
        soft_seconds: for how long.
    """

    hard: int
    soft: int
    soft_seconds: int

    @classmethod
    def of(cls, limits: str, kind: str) -> OutputLimit:
        """The limit of a kind of client, as client-output-buffer-limit says it."""
        words = limits.split()
        at = words.index("slave" if kind == "replica" else kind)
        return cls(*map(int, words[at + 1 : at + 4]))


@define
class Buffers:
    """Of one client.

    Attributes:
        received: bytes that it ever sent.
        sent: bytes that it ever was sent.
        waiting: bytes that came and were not run yet.
        announced: bytes that the last word still lacks, if it is a large one.
        query_size: of the query buffer, 0 without one.
        query_peak: the most that it has held for a while.
        reply_size: of the reply buffer.
        reply_peak: the most that it has held for a while.
    """

    received: int = 0
    sent: int = 0
    waiting: int = 0
    announced: int = 0
    query_size: int = 0
    query_peak: int = 0
    reply_size: int = MOST_REPLY
    reply_peak: int = MOST_REPLY
    reply_peak_ms: float = 0.0

    def receive(self, size: int, waiting: int, announced: int, profile: Profile) -> None:
        """So many bytes came; so many of them are no whole command yet, and that many of a word are still to come."""
        self.waiting, self.announced = waiting, announced
        needed = max(size, waiting, waiting + announced)
        self.query_peak = max(self.query_peak, needed)
        # Later versions have one buffer for all who send whole commands of no great size.
        if not profile.since(8, 0) or waiting or needed > READ_SIZE:
            usual = READ_SIZE + READ_SIZE // 4 - 6 if profile.since(7, 0) else 2 * READ_SIZE
            self.query_size = max(self.query_size, usual if needed <= READ_SIZE else needed + READ_SIZE)

    def send(self, size: int) -> None:
        """So many bytes are sent."""
        self.sent += size
        self.reply_peak = max(self.reply_peak, min(size, self.reply_size))

    def let_time_pass(self, now_ms: float, idle_ms: float, peak_ms: float = PEAK_MS) -> None:
        """What is not needed is given back, a little at a time.

        Args:
            now_ms: the time.
            idle_ms: for how long the client has sent nothing.
            peak_ms: for how long the largest reply is remembered; infinite: for ever.
        """
        if idle_ms > IDLE_MS:
            self.query_size = self.query_peak = self.waiting
        elif self.query_size > LARGE and self.query_size > 2 * self.query_peak:
            self.query_size = self.query_peak
        self.query_peak = max(self.waiting + self.announced, 0 if idle_ms > IDLE_MS else self.query_peak // 2)
        if self.reply_peak < self.reply_size // 2:
            self.reply_size = max(LEAST_REPLY, self.reply_peak + 1)
        elif self.reply_peak >= self.reply_size:
            self.reply_size = min(MOST_REPLY, 2 * self.reply_size)
        if now_ms - self.reply_peak_ms >= peak_ms:
            self.reply_peak, self.reply_peak_ms = 0, now_ms
