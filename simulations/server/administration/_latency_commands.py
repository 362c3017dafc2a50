"""LATENCY: what took long and how often, told to clients."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from .._command import Call, Command
from .._errors import CommandError
from .._reply import Pairs, Reply, Verbatim
from ._latency import Event, distribution

GRAPH_COLUMNS: Final = 80
GRAPH_ROWS: Final = 4
_DISABLED: Final = (
    "I'm sorry, Dave, I can't do that. Latency monitoring is disabled in this Redis instance. You may use "
    '"CONFIG SET latency-monitor-threshold <milliseconds>." in order to enable it.'
)
_NOTHING_SEEN: Final = (
    "Dave, no latency spike was observed during the lifetime of this Redis instance, not in the slightest bit. "
    "I honestly think you ought to sit down calmly, take a stress pill, and think things over.\n"
)
_SEEN: Final = (
    "Dave, I have observed latency spikes in this Redis instance. You don't mind talking about it, do you Dave?\n\n"
)


def latency_latest(call: Call) -> Reply:
    """LATENCY LATEST."""
    events = call.engine.slowness.events.events.items()
    return [[name.encode(), *event.samples[-1], event.most] for name, event in events]


def latency_history(call: Call) -> Reply:
    """LATENCY HISTORY event."""
    event = call.engine.slowness.events.events.get(_text(call.words[2]))
    return [] if event is None else [[at_s, took_ms] for at_s, took_ms in event.samples]


def latency_reset(call: Call) -> Reply:
    """LATENCY RESET [event …]."""
    events = call.engine.slowness.events.events
    names = [_text(word) for word in call.words[2:]] or list(events)
    return sum(events.pop(name, None) is not None for name in names)


def latency_histogram(call: Call) -> Reply:
    """LATENCY HISTOGRAM [command …]."""
    counts = call.engine.statistics.by_command
    names = [_text(word).lower() for word in call.words[2:]]
    chosen = [each for name in names for each in counts if each == name or each.startswith(f"{name}|")]
    told: list[tuple[Reply, Reply]] = []
    for name in chosen if names else counts:
        durations = counts[name].durations
        if durations:
            levels: list[tuple[Reply, Reply]] = [(level, count) for level, count in distribution(durations)]
            calls = sum(durations.values())
            told.append((name.encode(), Pairs([(b"calls", calls), (b"histogram_usec", Pairs(levels))])))
    return Pairs(told)


def latency_doctor(call: Call) -> Reply:
    """LATENCY DOCTOR: how often and how bad, without advice."""
    events = call.engine.slowness.events.events
    if not events:
        off = call.engine.configuration.number("latency-monitor-threshold") == 0
        return Verbatim((_disabled(call) if off else _NOTHING_SEEN).encode())
    report = _SEEN + "".join(_analysis(call, *each) for each in enumerate(events.items(), start=1))
    return Verbatim(report.encode())


def _disabled(call: Call) -> str:
    page = (
        "https://redis.io/docs/latest/operate/oss_and_stack/management/optimization/latency-monitor"
        if call.profile.since(8, 0)
        else f"http{'s' if call.profile.since(6, 2) else ''}://redis.io/topics/latency-monitor"
    )
    return f"{_DISABLED} If we weren't in a deep space mission I'd suggest to take a look at {page}.\n"


def _analysis(call: Call, number: int, named: tuple[str, Event]) -> str:
    name, event = named
    took = [took_ms for _, took_ms in event.samples]
    average = sum(took) // len(took)
    deviation = sum(abs(each - average) for each in took) // len(took)
    period = max(1, call.now_ms // 1000 - event.samples[0][0]) / len(took)
    return (
        f"{number}. {name}: {len(took)} latency spikes (average {average}ms, mean deviation {deviation}ms, "
        f"period {period:.2f} sec). Worst all time event {event.most}ms.\n"
    )


def latency_graph(call: Call) -> Reply:
    """LATENCY GRAPH event: its samples as columns, the newest to the right."""
    name = _text(call.words[2])
    event = call.engine.slowness.events.events.get(name)
    if event is None:
        raise CommandError(b"ERR No samples available for event '%b'" % call.words[2])
    took = [took_ms for _, took_ms in event.samples]
    head = f"{name} - high {max(took)} ms, low {min(took)} ms (all time high {event.most} ms)\n"
    columns = [_column(call, event, *sample) for sample in event.samples[-GRAPH_COLUMNS:]]
    height = max(map(len, columns))
    rows = ["".join(column.ljust(height)[row] for column in columns) for row in range(height)]
    return Verbatim("\n".join([head + "-" * GRAPH_COLUMNS, *rows, ""]).encode())


def _column(call: Call, event: Event, at_s: int, took_ms: int) -> str:
    """A sample from top to bottom: how long it took, and below how long ago it was."""
    low, high = min(took for _, took in event.samples), max(took for _, took in event.samples)
    filled = round((took_ms - low) * (GRAPH_ROWS - 1) / (high - low)) if high > low else 0
    bar = "_" if not filled else "#" + "|" * filled
    return bar.rjust(GRAPH_ROWS) + _ago(call.now_ms // 1000 - at_s)


def _ago(seconds: int) -> str:
    for size, unit in ((86400, "d"), (3600, "h"), (60, "m")):
        if seconds >= size:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def _text(word: bytes) -> str:
    return word.decode("utf-8", "surrogateescape")


def _sub(name: str, run: Callable[[Call], Reply], arity: int, since: tuple[int, int] = (1, 0)) -> Command:
    return Command(name, run, arity, "admin noscript loading stale", since=since, group="server")


LATENCY_COMMANDS: Final[Sequence[Command]] = (
    Command(
        "latency",
        None,
        -2,
        group="server",
        subcommands=(
            _sub("latest", latency_latest, 2),
            _sub("history", latency_history, 3),
            _sub("histogram", latency_histogram, -2, (7, 0)),
            _sub("graph", latency_graph, 3),
            _sub("reset", latency_reset, -2),
            _sub("doctor", latency_doctor, 2),
        ),
    ),
)
