"""Where two runs part that should be the same."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence

from ._tasks import RunReport

TURN = re.compile(r"\d+ \D")
"""A line of the trace that says who runs: its age and its name."""
CONTEXT = 3
LINE_MAX = 70
HEAD = 50
"""Characters that say what a line is about."""
NEAR = 10
"""Characters before two lines part."""


def first_difference(one: RunReport, other: RunReport) -> str:
    """The first line in which two traces of one plan differ, and who was running then: a few lines of text."""
    lines, others = one.trace_lines, other.trace_lines
    place = next(
        (number for number, (line, that) in enumerate(itertools.zip_longest(lines, others)) if line != that), None
    )
    if place is None:
        return (
            "two processes did not do the same, but did when they were asked once more: it depends on something"
            " that outlasts a run, such as a global variable or a cache"
        )
    before = lines[:place]
    who = next((line for line in reversed(before) if TURN.match(line)), "nobody")
    one_line, other_line = _parting(_line(lines, place), _line(others, place))
    said = [
        f"two runs of this plan differ from line {place + 1} of their traces on, in or after the turn of {who!r}",
        *(f"    both: {_cut(line)}" for line in before[-CONTEXT:]),
        f"    PYTHONHASHSEED={one.hash_seed}: {one_line}",
        f"    PYTHONHASHSEED={other.hash_seed}: {other_line}",
    ]
    return "\n".join(said)


def _line(lines: Sequence[str], place: int) -> str:
    return lines[place] if place < len(lines) else "(the end)"


def _parting(one: str, other: str) -> tuple[str, str]:
    """Two lines, cut so that both show where they part."""
    pairs = enumerate(zip(one, other, strict=False))
    common = next((place for place, (here, there) in pairs if here != there), min(len(one), len(other)))
    if common <= HEAD + NEAR:
        return _cut(one), _cut(other)
    head, begin = one[:HEAD], common - NEAR
    return f"{head}…{_cut(one[begin:])}", f"{head}…{_cut(other[begin:])}"


def _cut(line: str) -> str:
    return line if len(line) <= LINE_MAX else f"{line[: LINE_MAX - 1]}…"
