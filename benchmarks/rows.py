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
        least: how many per second ours has to do besides, on any machine of today; None: there is no such bound.
        kind: whether events per second are compared, or times.
    """

    name: str
    about: str
    ours: Side
    peer: Side
    events: int
    target: float | None = None
    least: int | None = None
    kind: Literal["throughput", "latency"] = "throughput"


OURS, REDIS_PY, FASTSTREAM = "ours.py", "redis_py.py", "faststream_app.py"
SIMULATED, FAKEREDIS = "simulated.py", "fakeredis_client.py"
RUNS = "simulated_runs.py"

PACKAGES = {FASTSTREAM: ("FastStream", "faststream"), FAKEREDIS: ("fakeredis", "fakeredis")}
"""What a worker needs that may not be there: its name, and the module to look for."""

SIMULATED_LEAST = 60_000
"""Commands per second of its engine on one core: a thousand runs of a fault simulation are minutes then."""


def _simulated(command: str) -> tuple[Row, Row, Row]:
    """The simulated server beside fakeredis, with and without bytes; and on a long stream beside a short one."""
    name, about = command.lower(), {"XREADGROUP": "XREADGROUP COUNT 1"}.get(command, command)
    short = Side("100 entries", SIMULATED, f"{name}-short")
    return (
        Row(
            f"simulated-{name}",
            f"{about} on the simulated server's engine; on fakeredis",
            Side("simulated", SIMULATED, f"{name}-short"),
            Side("fakeredis", FAKEREDIS, name),
            events=10_000,
            target=1.0,
            least=SIMULATED_LEAST,
        ),
        Row(
            f"simulated-{name}-bytes",
            f"{about} on the simulated server, bytes to bytes; on fakeredis",
            Side("simulated", SIMULATED, f"{name}-bytes"),
            Side("fakeredis", FAKEREDIS, name),
            events=10_000,
        ),
        Row(
            f"simulated-{name}-long",
            f"{about} on a stream of 1,000,000 entries; of 100",
            Side("1,000,000 entries", SIMULATED, f"{name}-long"),
            short,
            events=20_000,
            target=0.5,
        ),
    )


def _runs(preset: str, about: str, least: int) -> Row:
    """Runs of the fault simulation in a second of the processor, and in one of their own virtual seconds."""
    return Row(
        f"runs-{preset}",
        f"runs of the fault simulation, 20 events each, {about}",
        Side("simulated", RUNS, f"{preset}-simulated"),
        Side("in real time", RUNS, f"{preset}-real-time"),
        events=20,
        least=least,
    )


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
    *_simulated("XADD"),
    *_simulated("XREADGROUP"),
    *_simulated("XACK"),
    _runs("calm", "without faults", least=50),
    _runs("swarm", "with faults", least=25),
)

QUICK_DIVISOR = 50
QUICK_EVENTS_MIN = 200
"""Enough for two reads, and for a hundredth that is two events."""


def quick_events(row: Row) -> int:
    """Events in a row of a smoke run."""
    return min(row.events, max(QUICK_EVENTS_MIN, row.events // QUICK_DIVISOR))


def why_left_out(row: Row) -> str | None:
    """What is missing to measure this row and how to get it; None: nothing."""
    name, module = PACKAGES.get(row.peer.script, ("", ""))
    if not module or find_spec(module) is not None:
        return None
    return f"{name} is not installed; get it with: pip install -e '.[bench]'"
