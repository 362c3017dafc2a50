"""What is compared with what, how many events that takes, and what is aimed at."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Literal

from attrs import frozen

Fields = Literal["ours", "faststream", "none"]
"""Which fields the entries have that a worker finds: those of this library, those of FastStream, or no entries."""


@frozen
class Side:
    """One of the two that are compared: a mode of a worker.

    Attributes:
        label: what it is called in the table.
        script: the worker, a file in ``workers``.
        mode: what the worker is told to do.
        backlog: what it finds in Redis.
    """

    label: str
    script: str
    mode: str
    backlog: Fields = "none"


@frozen
class Row:
    """One comparison.

    Attributes:
        name: as `--only` takes it.
        about: what is done, in a few words.
        ours: this library.
        peer: the other.
        events: how many each of them has to do in one round.
        target: what ours is to reach as a part of the peer's; None: the row is there to be read.
        kind: whether events per second are compared, or times.
    """

    name: str
    about: str
    ours: Side
    peer: Side
    events: int
    target: float | None = None
    kind: Literal["throughput", "latency"] = "throughput"

    @property
    def needs_faststream(self) -> bool:
        """Whether this row can only be measured where FastStream is installed."""
        return self.peer.script == FASTSTREAM


OURS, REDIS_PY, FASTSTREAM = "ours.py", "redis_py.py", "faststream_app.py"

ROWS = (
    Row(
        "consume",
        "one async handler, one event at a time",
        Side("runtime", OURS, "consume", "ours"),
        Side("redis-py loop", REDIS_PY, "consume", "ours"),
        events=100_000,
        target=0.4,
    ),
    Row(
        "publish-one",
        "one event after the other, each awaited",
        Side("runtime", OURS, "publish-one"),
        Side("redis-py xadd", REDIS_PY, "publish-one"),
        events=10_000,
        target=0.8,
    ),
    Row(
        "publish-100",
        "100 tasks at once; an explicit pipeline of 100",
        Side("runtime", OURS, "publish-tasks"),
        Side("redis-py pipeline", REDIS_PY, "publish-pipeline"),
        events=50_000,
        target=0.6,
    ),
    Row(
        "consume-faststream",
        "one async handler, one event at a time",
        Side("runtime", OURS, "consume", "ours"),
        Side("FastStream", FASTSTREAM, "consume", "faststream"),
        events=10_000,
        target=10.0,
    ),
    Row(
        "blocking",
        "plain handler on the thread that subscribed",
        Side("StreamConsumer", OURS, "consume-blocking", "ours"),
        Side("redis-py loop", REDIS_PY, "consume", "ours"),
        events=100_000,
    ),
    Row(
        "batch",
        "a handler that gets lists of up to 100",
        Side("runtime", OURS, "consume-batch", "ours"),
        Side("redis-py loop", REDIS_PY, "consume-batch", "ours"),
        events=100_000,
    ),
    Row(
        "batch-faststream",
        "a handler that gets lists of up to 100",
        Side("runtime", OURS, "consume-batch", "ours"),
        Side("FastStream", FASTSTREAM, "consume-batch", "faststream"),
        events=50_000,
    ),
    Row(
        "concurrent-faststream",
        "100 handlers at once that each yield once",
        Side("runtime", OURS, "consume-concurrent", "ours"),
        Side("FastStream", FASTSTREAM, "consume-concurrent", "faststream"),
        events=10_000,
    ),
    Row(
        "latency",
        "from publish to the handler, 1,000 events/s",
        Side("runtime", OURS, "latency"),
        Side("redis-py threads", REDIS_PY, "latency"),
        events=1_000,
        kind="latency",
    ),
)

QUICK_DIVISOR = 50
QUICK_EVENTS_MIN = 200
"""Enough for two reads, and for a hundredth that is two events."""

NO_FASTSTREAM = "FastStream is not installed; get it with: pip install -e '.[bench]'"


def quick_events(row: Row) -> int:
    """Events in a row of a smoke run."""
    return max(QUICK_EVENTS_MIN, row.events // QUICK_DIVISOR)


def why_left_out(row: Row) -> str | None:
    """What is missing to measure this row and how to get it; None: nothing."""
    return NO_FASTSTREAM if row.needs_faststream and find_spec("faststream") is None else None
