"""Where a failed run parts from one that was well, and what came of it.

Two runs of nearly the same plan are the same until the first thing that is different. From there on a comparison line
by line would only be noise; what counts is what became of each event in the end.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

from attrs import frozen

from ..history import History, Record
from ._lives import Life, Lives, lives_of
from ._words import kind_of, record_in_words, time_in_words

BEFORE: Final = 3
AFTER: Final = 9
"""Lines shown on either side of the parting: enough to see what happened, and they fit on a screen."""


@frozen
class Line:
    """A record of one of the runs."""

    time: str
    host: str
    words: str
    kind: str


@frozen
class Fate:
    """An event to which the runs did different things."""

    name: str
    here: str
    there: str


@frozen
class Difference:
    """Two runs, side by side.

    Attributes:
        same: records that they have in common before they part.
        before: the last of these.
        here, there: what follows, in the failed run and in the other.
        fates: events of which something else became.
        counts: kinds of records with their numbers here and there, where these differ.
    """

    same: int
    before: Sequence[Line]
    here: Sequence[Line]
    there: Sequence[Line]
    fates: Sequence[Fate]
    counts: Sequence[tuple[str, int, int]]


def difference_of(failed: History, well: History) -> Difference | None:
    """How a failed run differs from one that was well; None where they are the same."""
    here, there = [_line(record) for record in failed.records], [_line(record) for record in well.records]
    same = next(
        (at for at, (one, other) in enumerate(zip(here, there, strict=False)) if one != other),
        min(len(here), len(there)),
    )
    if same == len(here) == len(there):
        return None
    return Difference(
        same,
        here[max(0, same - BEFORE) : same],
        here[same : same + AFTER],
        there[same : same + AFTER],
        _fates(lives_of(failed), lives_of(well)),
        _counts(here, there),
    )


def _line(record: Record) -> Line:
    return Line(time_in_words(record.at_ms), record.host, record_in_words(record), kind_of(record))


def _fates(here: Lives, there: Lives) -> Sequence[Fate]:
    ours, theirs = ({life.name: life for life in lives.lives} for lives in (here, there))
    told = [(name, _fate(ours.get(name)), _fate(theirs.get(name))) for name in ours | theirs]
    return [Fate(name, one, other) for name, one, other in told if one != other]


def _fate(life: Life | None) -> str:
    return life.in_words() if life is not None else "not there"


def _counts(here: Sequence[Line], there: Sequence[Line]) -> Sequence[tuple[str, int, int]]:
    ours, theirs = (Counter(_sort(line) for line in lines) for lines in (here, there))
    return [(name, ours[name], theirs[name]) for name in sorted(ours | theirs) if ours[name] != theirs[name]]


def _sort(line: Line) -> str:
    """What lines are counted by: commands each under their own name."""
    return f"{line.kind} {line.words.split(' ', 1)[0]}" if line.kind in {"command", "change"} else line.kind
