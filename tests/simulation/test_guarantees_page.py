"""The tables of `docs/guarantees.md` that say what proves what: each scenario, bug and test is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from redis_streams.simulations.planted import BUGS
from redis_streams.simulations.scenarios import SCENARIOS

CHECKOUT = Path(__file__).resolve().parents[2]
PAGE = CHECKOUT / "docs/guarantees.md"
TEST = re.compile(r"\[`(test_\w+)`\]\(([^)]*)\)")
PROOF = re.compile(r"`([a-z-]+)`: ([^|<]+)")
PAINS = 15


def rows(first_cell: str) -> list[list[str]]:
    """The table whose heading begins with this cell: its rows, as cells."""
    below = PAGE.read_text().partition(f"\n| {first_cell} | ")[2].partition("\n\n")[0]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in below.splitlines()[2:]]


def bugs_of(row: list[str]) -> list[tuple[str, str]]:
    """Scenarios with the bugs that they find."""
    return [(scenario, bug.strip()) for scenario, bug in PROOF.findall("|".join(row))]


def is_missing(row: list[str]) -> bool:
    """Whether it says that this does not hold so far."""
    return row[-1] == row[-2] == "not there yet"


NAMED = re.findall(r"^## ([a-z-]+)$", PAGE.read_text(), re.MULTILINE)
"""The promises that are kept."""
ROWS = [*rows("promise | scenario: bug that it finds"), *rows("pain")]


def test_every_promise_and_every_pain_has_its_row() -> None:
    """A promise that is kept is shown by bugs that break this one."""
    promises = rows("promise | scenario: bug that it finds")
    assert len(rows("pain")) == PAINS
    names = [re.findall(r"`([a-z-]+)`", row[0])[0] for row in promises]
    assert len(names) == len(set(names))
    assert {name for name, row in zip(names, promises, strict=True) if not is_missing(row)} == set(NAMED)
    for name, row in zip(names, promises, strict=True):
        assert is_missing(row) or {BUGS[bug].promise for _, bug in bugs_of(row)} == {name}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: re.sub(r"\W+", "-", row[0])[:40])
def test_what_a_row_names_is_there(row: list[str]) -> None:
    """The bug is searched for in this scenario, the test stands in this file; `test_docs.py` follows all links."""
    for scenario, bug in bugs_of(row):
        assert scenario in SCENARIOS
        assert scenario in BUGS[bug].scenarios, BUGS[bug].scenarios
    for words, page in TEST.findall(row[-1]):
        assert re.search(rf"def {words}\b", (PAGE.parent / page).read_text()), words
    simulated = bool(bugs_of(row)) or "simulated-redis" in row[1]
    assert is_missing(row) or (simulated and TEST.search(row[-1]))
