"""What pictures consist of, and what every shape depends on."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from functools import cached_property
from typing import Final

from attrs import frozen

from ..history import Applied, HandlerEnded, HandlerStarted, ProcessEnded, Record, Sent
from ._axis import Axis
from ._lanes import Lanes
from ._lives import Lives
from ._words import record_in_words, time_in_words

LEAN: Final = 5.0
"""Pixels by which an arrow leans into the direction of time."""
BAR: Final = 16.0
"""Height of a bar."""


@frozen
class Shape:
    """Something drawn.

    Attributes:
        kind: the classes by which it gets its looks.
        title: what it says when it is pointed at.
        events: places of the events that it belongs to.
        record: its record's place.
        path: for lines, how they go.
        text: what is written on it.
    """

    kind: str
    title: str
    record: int
    events: tuple[int, ...] = ()
    x: float = 0.0
    y: float = 0.0
    width: float = 0.0
    height: float = 0.0
    path: str = ""
    text: str = ""


@frozen
class Canvas:
    """A history with its places: across by the axis, down by the lanes."""

    records: Sequence[Record]
    axis: Axis
    lanes: Lanes
    lives: Lives

    @property
    def end(self) -> float:
        """The x behind the last record."""
        return self.axis.width - 12

    @cached_property
    def cut(self) -> AbstractSet[int]:
        """Runs of handlers that have no end."""
        started = {record.run for record in self.records if isinstance(record, HandlerStarted)}
        return started - {record.run for record in self.records if isinstance(record, HandlerEnded)}

    def arrival(self, place: int) -> int:
        """Where a command arrived: its own record comes after the changes that it made, in the same moment."""
        first = place
        while first and isinstance(self.records[place], Sent) and self._is_change_at(first - 1, place):
            first -= 1
        return first

    def _is_change_at(self, place: int, other: int) -> bool:
        record = self.records[place]
        return isinstance(record, Applied) and record.at_ms == self.records[other].at_ms

    def title(self, place: int) -> str:
        """A record in words, with its time and host."""
        record = self.records[place]
        return f"{time_in_words(record.at_ms)} · {record.host} {record_in_words(record)}"

    def death(self, host: str, since: int) -> int | None:
        """Where a process ended after that."""
        return next(
            (
                place
                for place, record in enumerate(self.records[since:], since)
                if isinstance(record, ProcessEnded) and record.host == host
            ),
            None,
        )
