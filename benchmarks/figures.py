"""What follows from the rounds of one row: medians, ratios, and whether the target was met. Nothing but arithmetic."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import Literal

from attrs import frozen

Verdict = Literal["met", "missed", "no target", "not judged"]


@frozen
class Spread:
    """What several rounds gave."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """The median and both ends."""
        return cls(median(values), min(values), max(values))


@frozen
class Comparison:
    """Two sides, round by round.

    Attributes:
        ours: events per second of this library.
        peer: events per second of the other.
        ratios: ours divided by the peer's in each round: a machine drifts less within a round than over all of them.
        ratio: their median. This is what the target is compared with.
        ratio_of_medians: the median of ours divided by the median of the peer's, as a check: it should say the same.
    """

    ours: Spread
    peer: Spread
    ratios: Sequence[float]
    ratio: float
    ratio_of_medians: float

    @classmethod
    def of(cls, ours: Sequence[float], peer: Sequence[float]) -> Comparison:
        """What the rounds of both sides say, the first of ours beside the first of the peer's."""
        ratios = [mine / other for mine, other in zip(ours, peer, strict=True)]
        return cls(Spread.of(ours), Spread.of(peer), ratios, median(ratios), median(ours) / median(peer))


def verdict(found: Comparison, target: float | None, least: float | None = None, *, judged: bool) -> Verdict:
    """Whether the target was met, and the least rate if there is one; a smoke run is too short to be judged."""
    if target is None and least is None:
        return "no target"
    if not judged:
        return "not judged"
    return "met" if found.ratio >= (target or 0) and found.ours.median >= (least or 0) else "missed"
