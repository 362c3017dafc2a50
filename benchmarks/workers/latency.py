"""From the moment before an event is published to the moment its handler has it, at a steady rate."""

from __future__ import annotations

import time
from itertools import pairwise
from statistics import quantiles

import redis
from shared import Answer, WrongResultError

RATE_PER_SECOND = 1000
WARM_UP = 100
"""Events at the beginning that are not counted."""

PINGS = 1000


class Latency:
    """When each event left and when it arrived, by the one clock of the process.

    Args:
        count: events to measure; `WARM_UP` more are published before them.
    """

    def __init__(self, count: int) -> None:
        total = count + WARM_UP
        self._left = [0.0] * total
        self._arrived = [0.0] * total
        self._began = 0.0

    def numbers(self) -> range:
        """The numbers of the events to publish."""
        self._began = time.perf_counter()
        return range(len(self._left))

    def seconds_until(self, number: int) -> float:
        """How long to sleep until this event is due: by the plan, so a late one does not delay all others."""
        return max(0.0, self._began + number / RATE_PER_SECOND - time.perf_counter())

    def leaves(self, number: int) -> None:
        """It is published now."""
        self._left[number] = time.perf_counter()

    def arrived(self, number: int) -> bool:
        """Its handler has it; True when it was the last one."""
        self._arrived[number] = time.perf_counter()
        return number == len(self._left) - 1

    @staticmethod
    def ping_ms(client: redis.Redis) -> dict[str, float]:
        """What one trip to the server and back takes, by redis-py."""
        client.ping()
        times = [time.perf_counter()]
        for _ in range(PINGS):
            client.ping()
            times.append(time.perf_counter())
        return percentiles_ms([after - before for before, after in pairwise(times)])

    def answer(self, ping_ms: dict[str, float]) -> Answer:
        """The percentiles.

        Raises:
            WrongResultError: an event did not arrive.
        """
        if not all(self._arrived):
            raise WrongResultError(f"{self._arrived.count(0.0)} events did not arrive")
        took = [arrived - left for left, arrived in zip(self._left, self._arrived, strict=True)][WARM_UP:]
        return {"events": len(took), "latency_ms": percentiles_ms(took), "ping_ms": ping_ms}


def percentiles_ms(seconds: list[float]) -> dict[str, float]:
    """The middle and the slowest hundredth, in milliseconds."""
    cuts = quantiles(seconds, n=100, method="inclusive")
    return {"p50": cuts[49] * 1000, "p99": cuts[98] * 1000}
