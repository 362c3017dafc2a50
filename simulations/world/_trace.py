"""A rolling hash over everything that could differ between two runs of one plan: turns, network, random draws.

Two runs with the same hash did the same. Where hashes differ, the lines say where the runs part.
"""

from __future__ import annotations

import hashlib

from ..history import Applied, HandlerStarted, Publishing, Record, Sent

LINES_AT_ONCE = 512


class Trace:
    """What happened, as one number, and as lines where those are wanted.

    Args:
        keep: whether to keep the lines.
    """

    def __init__(self, *, keep: bool = False) -> None:
        self.lines: list[str] | None = [] if keep else None
        self.count = 0
        self._digest = hashlib.blake2b(digest_size=8)
        self._gathered: list[str] = []

    def note(self, line: str) -> None:
        """Add a line."""
        self._gathered.append(line)
        if len(self._gathered) >= LINES_AT_ONCE:
            self._take_in()

    def hexdigest(self) -> str:
        """The hash of all lines so far."""
        self._take_in()
        return self._digest.hexdigest()

    def _take_in(self) -> None:
        if self._gathered:
            self.count += len(self._gathered)
            self._digest.update("\n".join(self._gathered).encode())
            self._digest.update(b"\n")
            if self.lines is not None:
                self.lines += self._gathered
            self._gathered.clear()


def line_of(record: Record) -> str:
    """A record as a line: where two runs differ in what they publish or write, this says so."""
    match record:
        case Applied():
            more = repr(record.words)
        case Sent():
            more = f"{record.action} {record.client} {len(record.reply or b'')}"
        case Publishing() | HandlerStarted():
            more = record.event_id
        case _:
            more = ""
    return f"{record.at_ms:.6f} {type(record).__name__} {record.host} {more}"
