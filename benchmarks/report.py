"""What was measured, as JSON and as a table."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from typing import cast

import redis
from attrs import asdict, frozen
from figures import Comparison, Spread, Verdict, verdict
from rounds import Answer
from rows import Row

Json = Mapping[str, object]

PACKAGES = {
    "trio": "trio",
    "redis-py": "redis",
    "hiredis": "hiredis",
    "msgspec": "msgspec",
    "FastStream": "faststream",
    "fakeredis": "fakeredis",
}


@frozen
class Measured:
    """One row, measured.

    Attributes:
        row: what was compared.
        events: how many each side did in one round.
        answers: of ours and of the peer, round by round.
        judged: False for a smoke run.
    """

    row: Row
    events: int
    answers: Sequence[tuple[Answer, Answer]]
    judged: bool

    def comparison(self) -> Comparison:
        """Events per second of both."""
        ours, peer = ([_per_second(answer) for answer in side] for side in zip(*self.answers, strict=True))
        return Comparison.of(ours, peer)

    def verdict(self) -> Verdict:
        """Whether the target was met."""
        if self.row.kind == "latency":
            return "no target"
        return verdict(self.comparison(), self.row.target, self.row.least, judged=self.judged)

    def times(self, side: int, what: str, percentile: str) -> Spread:
        """A percentile of a latency row in milliseconds: 0 is ours, 1 the peer."""
        found = [cast("Mapping[str, float]", pair[side][what]) for pair in self.answers]
        return Spread.of([milliseconds[percentile] for milliseconds in found])


def _per_second(answer: Answer) -> float:
    return cast("int", answer["events"]) / cast("float", answer["seconds"])


# As JSON


def as_json(measured: Sequence[Measured], left_out: Mapping[str, str], about: Json) -> Json:
    """All that was measured, with every round."""
    return {**about, "rows": [_row_json(one) for one in measured], "left_out": dict(left_out)}


def _row_json(one: Measured) -> Json:
    row = one.row
    figures: Json = _latency_json(one) if row.kind == "latency" else asdict(one.comparison())
    return {
        "name": row.name,
        "kind": row.kind,
        "about": row.about,
        "labels": {"ours": row.ours.label, "peer": row.peer.label},
        "events": one.events,
        "target": row.target,
        "least": row.least,
        "verdict": one.verdict(),
        "figures": figures,
        "rounds": [{"ours": ours, "peer": peer} for ours, peer in one.answers],
    }


def _latency_json(one: Measured) -> Json:
    return {
        side: {
            f"{what}_{percentile}": asdict(one.times(index, what, percentile))
            for what in ("latency_ms", "ping_ms")
            for percentile in ("p50", "p99")
        }
        for index, side in enumerate(("ours", "peer"))
    }


def versions(client: redis.Redis) -> dict[str, str | None]:
    """Of all that has a part in it; None where it is not installed."""
    found: dict[str, str | None] = {"python": platform.python_version()}
    for name, package in PACKAGES.items():
        try:
            found[name] = version(package)
        except PackageNotFoundError:
            found[name] = None
    return found | {"redis-server": str(client.info("server")["redis_version"])}


def machine(placement: str) -> dict[str, str | int | None]:
    """What it was measured on, and where on it the server and the workers ran."""
    return {
        "system": platform.system(),
        "machine": platform.machine(),
        "cores": os.cpu_count(),
        "placement": placement,
    }


# As a table

HEADINGS = ("events/s", "ours", "peer", "", "ratio", "target", "")
PLAIN_WIDTH = 120
LATENCY_HEADINGS = ("latency, ms", "p50", "p99", "PING p50")


def throughput_cells(one: Measured) -> list[str]:
    """One line of the table."""
    found = one.comparison()
    targets = ([] if one.row.target is None else [f"≥ {one.row.target:g}"]) + (
        [] if one.row.least is None else [f"≥ {_short(one.row.least)}/s"]
    )
    return [
        one.row.name,
        _rate(found.ours),
        _rate(found.peer),
        one.row.peer.label,
        f"{found.ratio:.2f} ({found.ratio_of_medians:.2f})",
        ", ".join(targets),
        one.verdict() if targets else "",
    ]


def latency_cells(one: Measured) -> list[list[str]]:
    """Two lines: ours and the peer."""
    return [
        [
            side.label,
            _time(one.times(index, "latency_ms", "p50")),
            _time(one.times(index, "latency_ms", "p99")),
            _time(one.times(index, "ping_ms", "p50")),
        ]
        for index, side in enumerate((one.row.ours, one.row.peer))
    ]


def _rate(spread: Spread) -> str:
    middle, low, high = (_short(value) for value in (spread.median, spread.low, spread.high))
    return f"{middle} ({low}–{high})"  # noqa: RUF001 - a range is written so


def _short(value: float) -> str:
    """Three digits say all that a measurement can."""
    if value < 1000:
        return f"{value:.{0 if value >= 100 else 1}f}"
    return f"{value / 1000:.0f}k" if value >= 100_000 else f"{value / 1000:.{1 if value >= 10_000 else 2}f}k"


def _time(spread: Spread) -> str:
    return f"{spread.median:.2f} ({spread.low:.2f}–{spread.high:.2f})"  # noqa: RUF001 - likewise


def show(measured: Sequence[Measured]) -> None:
    """Print the tables: by rich where it is installed."""
    throughput = [throughput_cells(one) for one in measured if one.row.kind == "throughput"]
    latency = [cells for one in measured if one.row.kind == "latency" for cells in latency_cells(one)]
    draw = _draw_plain if find_spec("rich") is None else _draw_rich
    for headings, lines in ((HEADINGS, throughput), (LATENCY_HEADINGS, latency)):
        if lines:
            draw(headings, lines)


def _draw_rich(headings: Sequence[str], lines: Sequence[Sequence[str]]) -> None:
    from rich import box  # noqa: PLC0415 - it need not be there
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    table = Table(box=box.SIMPLE)
    for heading in headings:
        table.add_column(heading, no_wrap=True)
    for line in lines:
        table.add_row(*line, style={"met": "green", "missed": "bold red"}.get(line[-1]))
    # Wide enough for all columns, also into a pipe, for which rich assumes 80.
    Console(width=max(PLAIN_WIDTH, Console().width)).print(table)


def _draw_plain(headings: Sequence[str], lines: Sequence[Sequence[str]]) -> None:
    widths = [max(map(len, column)) for column in zip(headings, *lines, strict=True)]
    for line in (headings, *lines):
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
    print()
