"""Pages from templates. Whatever comes from a run is escaped: an event's id may well be ``<script>``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from math import log10
from typing import Final

from attrs import frozen
from jinja2 import Environment, PackageLoader, StrictUndefined

from ..history import FaultStruck, History
from ._difference import difference_of
from ._inputs import Batch, Failure, PlantedBug
from ._lives import Lives, lives_of
from ._picture import picture_of
from ._words import kind_of, plan_in_words, promise_in_words, record_in_words, rough_time_in_words, time_in_words

SEEDS_MOST: Final = 200
"""Within so many seeds a planted bug is to be found; the scale of the table ends there."""


@frozen
class Row:
    """A record in the table."""

    number: int
    time: str
    host: str
    kind: str
    words: str
    events: tuple[int, ...]


def failure_page(failure: Failure) -> str:
    """A failure's page, as HTML that stands on its own."""
    history = failure.history
    lives = lives_of(history)
    return (
        _environment()
        .get_template("failure.html")
        .render(
            failure=failure,
            plan=history.plan,
            story=list(plan_in_words(history.plan)),
            struck={record.number for record in history.records if isinstance(record, FaultStruck)},
            lives=lives,
            chosen=_chosen(failure, lives),
            concerned={name for verdict in failure.verdicts for name in verdict.event_ids},
            picture=picture_of(history, lives),
            rows=_rows(history, lives),
            kinds=sorted({kind_of(record) for record in history.records}),
            difference=None if failure.nearest is None else difference_of(history, failure.nearest),
        )
    )


def batch_page(batch: Batch) -> str:
    """The page of a whole batch, as HTML that stands on its own."""
    kinds, states = _axes(batch.coverage)
    return (
        _environment()
        .get_template("batch.html")
        .render(
            batch=batch,
            kinds=kinds,
            states=states,
            rate=batch.runs / batch.seconds if batch.seconds else 0.0,
            speed=batch.virtual_seconds / batch.seconds if batch.seconds else 0.0,
            planted=[(bug, _median(bug.seeds), _found(bug)) for bug in batch.planted],
            most_seeds=SEEDS_MOST,
        )
    )


@cache
def _environment() -> Environment:
    """The templates, read and compiled once: that takes longer than to fill them in."""
    environment = Environment(
        loader=PackageLoader(__package__ or "", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["promise"] = promise_in_words
    environment.filters["virtual_time"] = time_in_words
    environment.filters["rough_time"] = rough_time_in_words
    environment.filters["heat"] = _heat
    return environment


def _chosen(failure: Failure, lives: Lives) -> int:
    """The event that is shown first: of the first verdict that names one which the history knows."""
    named = (lives.place(name) for verdict in failure.verdicts for name in verdict.event_ids)
    return next((place for place in named if place is not None), 0)


def _rows(history: History, lives: Lives) -> Sequence[Row]:
    return [
        Row(number, time_in_words(record.at_ms), record.host, kind_of(record), record_in_words(record), events)
        for number, (record, events) in enumerate(zip(history.records, lives.of_record, strict=True))
    ]


def _axes(coverage: Mapping[tuple[str, str], int]) -> tuple[Sequence[str], Sequence[str]]:
    return sorted({kind for kind, _ in coverage}), list(dict.fromkeys(state for _, state in coverage))


def _heat(number: int) -> int:
    """How dark a field is, from 0 to 5: ten times as many is two steps."""
    return 0 if not number else min(5, 1 + int(2 * log10(number)))


def _median(seeds: Sequence[int]) -> int | None:
    return sorted(seeds)[len(seeds) // 2] if seeds else None


def _found(bug: PlantedBug) -> str:
    """Whether the search did what it should: ``found``, ``late``, ``elsewhere`` by another checker, ``missed``."""
    if not bug.seeds or not bug.checker:
        return "missed"
    if bug.checker != bug.expected:
        return "elsewhere"
    return "late" if max(bug.seeds) > SEEDS_MOST else "found"
