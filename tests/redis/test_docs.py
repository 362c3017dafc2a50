"""The pages: their code runs, and their links lead somewhere."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from redis_streams.simulations.real import RedisServer
from support import reference
from support.docs import CHECKOUT, pages, run_page

EXECUTED = ["README.md", "docs/data-model.md", "docs/tutorial.md", "docs/contracts/consumer-api.md"]
LINK = re.compile(r"\]\(([^)#]*)(?:#([^)]*))?\)")


@pytest.mark.parametrize("name", EXECUTED)
def test_the_code_of_a_page_runs(
    name: str, redis_server: RedisServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From top to bottom, printing what it says it prints."""
    if "$ redis-cli" in (CHECKOUT / name).read_text() and shutil.which("redis-cli") is None:
        pytest.skip("needs redis-cli, which comes with most servers")
    monkeypatch.chdir(tmp_path)
    run_page(CHECKOUT / name, redis_server, tmp_path)


def test_the_reference_is_what_the_code_says() -> None:
    """`python tests/support/reference.py --write` makes it so."""
    assert reference.PAGE.read_text() == reference.page()


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as the usual viewers make them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(CHECKOUT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    """To a file of the project, and to a heading that it has."""
    for target, anchor in LINK.findall(re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)):
        if target.startswith(("http:", "https:")):
            continue
        there = (page.parent / target).resolve() if target else page
        assert there.exists(), f"{page.name}: there is no {target}"
        if anchor:
            assert anchor in anchors(there), f"{page.name}: {there.name} has no heading #{anchor}"
