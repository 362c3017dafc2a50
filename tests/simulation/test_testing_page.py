"""`docs/testing-your-handlers.md`: its shop's bug is found, told and mended as the page says."""

from __future__ import annotations

from pathlib import Path

import pytest
from redis_streams import simulations
from support.docs import CHECKOUT, run_page

PAGE = CHECKOUT / "docs/testing-your-handlers.md"


@pytest.mark.timeout(300)  # five runs of pytest in processes of their own, some hundred simulated runs in them
def test_the_page_runs_as_it_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From top to bottom, printing what it says it prints; no server is needed."""
    monkeypatch.chdir(tmp_path)
    run_page(PAGE, None, tmp_path)
    assert not list(tmp_path.glob(".redis-streams/tests/*/*.json"))


def test_the_page_has_every_name_that_tests_are_written_with() -> None:
    """Those of the decorator, of properties and of faults; names of types are in annotations only."""
    text = PAGE.read_text()
    named = {name for name in simulations.__all__ if name.islower() and len(name) > 1}
    assert [name for name in sorted(named) if name not in text] == []
