"""Where on the page a moment is.

Virtual time has long waits between bursts of work: true to scale, a run is a few dots and much white. So the axis is in
pieces. It is to scale where something happens, a wait that is longer than a burst's usual steps is drawn short, with
its length written on it, and what happens at once, or nearly, stands side by side in its order.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import pairwise
from math import log10
from typing import Final

from attrs import frozen

MARGIN: Final = 24.0
WIDEST: Final = 100.0
"""Pixels of the longest time that is still drawn to scale."""
TYPICAL: Final = 30.0
"""Pixels of the step between two moments that three of four steps do not exceed."""
LEAST_MS: Final = 1e-6
"""Steps that are shorter are one moment: to their scale a second would not fit into a number."""
MANY: Final = 500
"""Records from which on everything stands closer: there is an overview then, and a page has to come to an end."""
CLOSER: Final = 0.6
BETWEEN_TICKS: Final = 110.0


@frozen
class Gap:
    """A wait that is drawn shorter than it was."""

    x: float
    width: float
    ms: float


@frozen
class Axis:
    """Of one history.

    Attributes:
        places: for each record, its x.
        times: for each record, its time.
        gaps: where the axis is not to scale.
        width: of everything.
    """

    places: Sequence[float]
    times: Sequence[float]
    gaps: Sequence[Gap]
    width: float

    def x_at(self, ms: float) -> float:
        """The x of any moment."""
        after = bisect_right(self.times, ms)
        if after == 0:
            return MARGIN
        if after == len(self.times):
            return self.places[-1]
        start, end = self.times[after - 1], self.times[after]
        part = (ms - start) / (end - start)
        return self.places[after - 1] + part * (self.places[after] - self.places[after - 1])

    def ticks(self) -> Iterator[tuple[float, float]]:
        """Moments to be named: x and time, never so close that their names would touch."""
        last = -BETWEEN_TICKS
        for place, time in zip(self.places, self.times, strict=True):
            if place - last >= BETWEEN_TICKS:
                last = place
                yield place, time


def axis_of(times: Sequence[float], room: Sequence[float]) -> Axis:
    """An axis for records at these times, of which each needs so much room before the next one of its moment."""
    closer = CLOSER if len(times) > MANY else 1.0
    scale = _scale(times) * closer
    x = MARGIN
    places: list[float] = []
    gaps: list[Gap] = []
    for place, time in enumerate(times):
        if place:
            wait, least = time - times[place - 1], room[place - 1] * closer
            width = max(least, _drawn(wait * scale))
            if wait * scale > WIDEST:
                gaps.append(Gap(x + least, width, wait))
                width += least
            x += width
        places.append(x)
    return Axis(places, list(times), gaps, x + 2 * MARGIN)


def _scale(times: Sequence[float]) -> float:
    """Pixels for a millisecond."""
    steps = sorted(after - before for before, after in pairwise(times) if after > before)
    return TYPICAL / max(LEAST_MS, steps[(len(steps) - 1) * 3 // 4]) if steps else 1.0


def _drawn(pixels: float) -> float:
    """To scale up to a limit; beyond it a wait ten times as long gets a little more room."""
    return pixels if pixels <= WIDEST else WIDEST + 10 * log10(pixels / WIDEST)
