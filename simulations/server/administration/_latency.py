"""What LATENCY tells: events that took long, and how long each command took."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from attrs import define, field

SAMPLES = 160
"""Kept of each event."""
_FIRST_LEVEL_NS = 1024
_SUB_BUCKET_BITS = 7


@define
class Event:
    """Something that took long, again and again.

    Attributes:
        samples: when, in seconds since 1970, and the longest of that second, in milliseconds.
        most: the longest ever.
    """

    samples: list[tuple[int, int]] = field(factory=list)
    most: int = 0


class LatencyMonitor:
    """The events by name: "command", "fast-command", "expire-cycle"."""

    def __init__(self) -> None:
        self.events: dict[str, Event] = {}

    def note(self, name: str, at_s: int, milliseconds: int) -> None:
        """An event took so long."""
        event = self.events.setdefault(name, Event())
        event.most = max(event.most, milliseconds)
        if event.samples and event.samples[-1][0] == at_s:
            event.samples[-1] = at_s, max(milliseconds, event.samples[-1][1])
        else:
            event.samples.append((at_s, milliseconds))
            del event.samples[:-SAMPLES]


def distribution(durations: Mapping[int, int]) -> Iterator[tuple[int, int]]:
    """How many calls took no longer than so many microseconds, for each power of two where there are more.

    Args:
        durations: how often each number of microseconds was taken.
    """
    rising = sorted(durations.items())
    level_ns, so_far, at = _FIRST_LEVEL_NS, 0, 0
    while at < len(rising):
        within = _end_of_bucket(level_ns)
        before = so_far
        while at < len(rising) and rising[at][0] * 1000 <= within:
            so_far += rising[at][1]
            at += 1
        if so_far > before:
            yield within // 1000, so_far
        level_ns *= 2


def percentile(durations: Mapping[int, int], percent: float) -> float:
    """The microseconds within which so many of all calls were done."""
    total = sum(durations.values())
    wanted = max(1, int(percent / 100 * total + 0.5))
    so_far = 0
    for microseconds, count in sorted(durations.items()):
        so_far += count
        if so_far >= wanted:
            return _end_of_bucket(max(1, microseconds * 1000)) / 1000
    return 0.0


def _end_of_bucket(nanoseconds: int) -> int:
    """The highest number that is not told from this one: numbers are kept to two digits."""
    shift = max(0, nanoseconds.bit_length() - 1 - _SUB_BUCKET_BITS)
    return ((nanoseconds >> shift) + 1 << shift) - 1
