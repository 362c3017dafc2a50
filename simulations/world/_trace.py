"""A rolling hash over everything that could differ between two runs of one plan: turns, network, random draws.

Two runs with the same hash did the same. Where hashes differ, the lines say where the runs part.

A run has thousands of lines, and nearly nobody reads them. So a line is kept as what it is made of: its bytes go into
the hash, many lines at a time, and a text is made of it only where that is wanted.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import msgspec

from ..history import Applied, HandlerStarted, Publishing, Record, Sent

LINES_AT_ONCE = 4096

Part = str | float | bytes | Sequence[bytes]
Line = tuple[Part, ...]


class Trace:
    """What happened, as one number, and as lines where those are wanted.

    Args:
        keep: whether to keep the lines.
    """

    def __init__(self, *, keep: bool = False) -> None:
        self.lines: list[str] | None = [] if keep else None
        self.count = 0
        self._digest = hashlib.blake2b(digest_size=8)
        self._gathered: list[Line] = []
        self._encode = msgspec.msgpack.Encoder().encode

    def note(self, *line: Part) -> None:
        """Add a line. Its whole numbers have 64 bits at most."""
        self._gathered.append(line)
        if len(self._gathered) >= LINES_AT_ONCE:
            self._take_in()

    def note_many(self, lines: Sequence[Line]) -> None:
        """Add lines, in one go."""
        self._gathered += lines
        if len(self._gathered) >= LINES_AT_ONCE:
            self._take_in()

    def note_record(self, record: Record) -> None:
        """Add a record: where two runs differ in what they publish or write, its line says so."""
        kind = type(record)
        line: Line = (round(record.at_ms, 6), kind.__name__, record.host)
        more = _MORE.get(kind)
        self.note(*(line if more is None else line + more(record)))

    def hexdigest(self) -> str:
        """The hash of all lines so far."""
        self._take_in()
        return self._digest.hexdigest()

    def _take_in(self) -> None:
        if self._gathered:
            self.count += len(self._gathered)
            self._digest.update(self._encode(self._gathered))
            if self.lines is not None:
                self.lines += [" ".join(map(str, line)) for line in self._gathered]
            self._gathered.clear()


def _of_applied(record: Record) -> Line:
    return (record.words,) if isinstance(record, Applied) else ()


def _of_sent(record: Record) -> Line:
    return (record.action, record.client, len(record.reply or b"")) if isinstance(record, Sent) else ()


def _of_event(record: Record) -> Line:
    return (record.event_id,) if isinstance(record, Publishing | HandlerStarted) else ()


_MORE: Final[Mapping[type[Record], Callable[[Record], Line]]] = {
    Applied: _of_applied,
    Sent: _of_sent,
    Publishing: _of_event,
    HandlerStarted: _of_event,
}
"""What is to be in a record's line, by its kind, beside when and where it happened."""
