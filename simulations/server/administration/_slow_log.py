"""SLOWLOG: commands that took long."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from attrs import frozen

from .._session import Words

MOST_WORDS = 32
MOST_BYTES = 128


@frozen
class SlowCommand:
    """One entry.

    Attributes:
        number: counts all that were ever logged.
        at_s: when it ran, seconds since 1970.
        microseconds: how long it took.
        words: the command, cut where it was long.
        address, name: of the client.
    """

    number: int
    at_s: int
    microseconds: int
    words: Words
    address: str
    name: bytes


class SlowLog:
    """The entries, the newest first."""

    def __init__(self) -> None:
        self.entries: list[SlowCommand] = []
        self._numbers = itertools.count()

    def note(self, words: Words, microseconds: int, *, at_s: int, address: str, name: bytes, most: int) -> None:
        """Add a command; of all no more than `most` are kept."""
        entry = SlowCommand(next(self._numbers), at_s, microseconds, _cut(words), address, name)
        self.entries.insert(0, entry)
        del self.entries[most:]


def _cut(words: Words) -> Sequence[bytes]:
    shown = words if len(words) <= MOST_WORDS else words[: MOST_WORDS - 1]
    cut = [
        word if len(word) <= MOST_BYTES else b"%b... (%d more bytes)" % (word[:MOST_BYTES], len(word) - MOST_BYTES)
        for word in shown
    ]
    return cut if shown is words else [*cut, b"... (%d more arguments)" % (len(words) - len(shown))]
