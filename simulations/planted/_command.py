"""What `redis-streams simulate --planted` does."""

from __future__ import annotations

import json
import multiprocessing
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from attrs import asdict

from ...runtime._cli import say
from ..report import Batch, batch_page
from ..report import PlantedBug as Reported
from ._all import BUGS
from ._table import SEEDS_MAX, Row, row_of

EXIT_UNFOUND = 7
PAGE = "planted.html"


class NoSuchBug(ValueError):
    """No planted bug has this in its name; the message says which there are."""


def planted(parts: Sequence[str], *, jobs: int, report: str | None, as_json: bool) -> int:
    """Search for the planted bugs whose names have one of these in them, or for all; returns the exit code.

    Raises:
        NoSuchBug: there is none.
    """
    names = [name for name in BUGS if not parts or any(part in name for part in parts)]
    if not names:
        raise NoSuchBug(f"no planted bug is called {' or '.join(parts)}; there are: {', '.join(BUGS)}")
    began = time.perf_counter()
    rows: list[Row] = []
    for row in _rows(names, jobs):
        rows.append(row)
        if not as_json:
            say(in_words(row))
    if as_json:
        say(json.dumps([asdict(row) for row in rows], indent=1))
    else:
        say(_summary(rows))
    if report is not None:
        page = Path(report) / PAGE
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(batch_page(_batch(rows, time.perf_counter() - began)), encoding="utf-8")
    return EXIT_UNFOUND if any(not row.is_found for row in rows) else 0


def in_words(row: Row) -> str:
    """A row of the table."""
    seeds = " ".join(f"{tries:4d}" if tries <= SEEDS_MAX else "   -" for tries in row.seeds)
    faults = "-" if row.faults is None else str(row.faults)
    return f"{row.bug:44} {row.expected:20} {seeds}  median {row.median:3d}  faults {faults}"


def as_reported(row: Row) -> Reported:
    """The same for a report's page."""
    return Reported(row.bug, row.checker, row.expected, row.seeds, row.faults)


def _rows(names: Sequence[str], jobs: int) -> Iterator[Row]:
    # Spawned: a fork would have the code of its parent, changed or not.
    with ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn")) as pool:
        yield from pool.map(_row, names)


def _row(name: str) -> Row:
    return row_of(BUGS[name])


def _summary(rows: Sequence[Row]) -> str:
    found = sum(row.is_found for row in rows)
    small = sum(row.faults is not None and row.faults <= 2 for row in rows)
    slowest = max(row.median for row in rows)
    worst = max(row.worst for row in rows)
    return (
        f"{found} of {len(rows)} planted bugs found from every start; "
        f"largest median {slowest}, worst search {worst} seeds; {small} need 2 faults or fewer"
    )


def _batch(rows: Sequence[Row], seconds: float) -> Batch:
    runs = sum(sum(row.seeds) for row in rows)
    return Batch("Bugs that were planted", runs, seconds, 0.0, planted=[as_reported(row) for row in rows])
