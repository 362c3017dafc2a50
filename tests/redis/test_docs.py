"""The pages: their code runs, and their links lead somewhere."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import attrs
import pytest
from redis_streams import Config, GroupOptions, Reclaim, StreamConsumer, StreamOptions
from redis_streams.runtime._config import ProducerConfig
from redis_streams.simulations.real import RedisServer
from support import commands_page, reference
from support.clients import need
from support.docs import CHECKOUT, pages, run_page

EXECUTED = [
    "README.md",
    "docs/data-model.md",
    "docs/contracts/consumer-api.md",
    "docs/contracts/producer-api.md",
    "docs/simulated-redis.md",
]
PROMISES = {
    "no-loss",
    "ack-implies-done",
    "at-most-once",
    "bounded-duplicates",
    "fenced",
    "exactly-once-effects",
    "publish-once",
    "key-order",
    "paused",
    "poison-bounded",
    "checkpoint-true",
    "liveness",
    "clean-stop",
    "bounded-memory",
    "cancelled-never-acks",
    "scheduled-once",
    "fan-out",
}
LINK = re.compile(r"\]\(([^)#]*)(?:#([^)]*))?\)")


@pytest.mark.also_on_served
@pytest.mark.parametrize("name", EXECUTED)
def test_the_code_of_a_page_runs(
    name: str, redis_server: RedisServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From top to bottom, printing what it says it prints."""
    check_page(name, redis_server, tmp_path, monkeypatch)


def test_the_tutorial_runs(redis_server: RedisServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same, on a real server alone: it takes as long as all others together."""
    check_page("docs/tutorial.md", redis_server, tmp_path, monkeypatch)


def check_page(name: str, redis_server: RedisServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (CHECKOUT / name).read_text()
    if "$ redis-cli" in text:
        need("redis-cli")
    if "redis.Redis" in text and redis_server.version < (6, 0, 0):
        pytest.skip("the page's redis-py says HELLO, which came with Redis 6.0")
    monkeypatch.chdir(tmp_path)
    run_page(CHECKOUT / name, redis_server, tmp_path)


def test_the_reference_is_what_the_code_says() -> None:
    """`python tests/support/reference.py --write` makes it so."""
    assert reference.PAGE.read_text() == reference.page()


def test_the_table_of_commands_is_what_the_simulated_server_has() -> None:
    """`python tests/support/commands_page.py --write` makes it so."""
    assert commands_page.PAGE.read_text() == commands_page.page()


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


def test_the_options_of_the_consumer_api_are_those_of_the_code() -> None:
    """In all three spellings, with their defaults."""
    rows = table(CHECKOUT / "docs/contracts/consumer-api.md", "Options")
    defaults = {name: attribute.default for name, attribute in attrs.fields_dict(GroupOptions).items()}
    defaults |= {f"Reclaim.{name}": attribute.default for name, attribute in attrs.fields_dict(Reclaim).items()}
    said = {"none": None, "on": Reclaim(), "nothing": ()}
    said |= {f'"{word}"': word for word in ("0", "redis", "cancel", "resume_at_checkpoint", "at_least_once")}
    assert {row[0]: said.get(row[3]) if row[3] in said else float(row[3]) for row in rows} == defaults

    parameters = set(inspect.signature(StreamConsumer).parameters)
    elsewhere = {"redis_url", "stream", "group", "timeouts", "codec", "observer"}
    elsewhere |= {"max_retries", "retry_base_delay", "retry_max_delay"}
    assert {row[1] for row in rows if row[1]} == parameters - elsewhere

    keys = {
        f"{section.name}.{name}"
        for section in attrs.fields(Config)
        if section.name in ("consumer", "reclaim")
        for name in attrs.fields_dict(type(section.default))
    }
    assert {row[2] for row in rows if row[2]} == keys - {"consumer.group", "consumer.stream"}


def test_the_options_of_the_producer_api_are_those_of_the_code() -> None:
    """In code and in a file."""
    rows = table(CHECKOUT / "docs/contracts/producer-api.md", "Options")
    assert {row[0] for row in rows} == set(attrs.fields_dict(StreamOptions)) | {"publish_seconds", "when_away"}
    assert {row[2] for row in rows} == {f"producer.{name}" for name in attrs.fields_dict(ProducerConfig)} - {
        "producer.stream"
    } | {"section retention"}


def table(page: Path, heading: str) -> list[list[str]]:
    """The rows of the first table below a heading, without their code marks."""
    below = page.read_text().partition(f"\n## {heading}\n")[2]
    lines = [line for line in below.partition("\n## ")[0].splitlines() if line.startswith("|")]
    cells = [[cell.strip().replace("`", "") for cell in line.strip("|").split("|")] for line in lines]
    return cells[2:]


def test_every_test_that_a_guarantee_names_exists() -> None:
    """In one of the files that its paragraph names. The tables of proofs have a test of their own."""
    paragraphs = (CHECKOUT / "docs/guarantees.md").read_text().split("\n\n")
    proofs = [paragraph for paragraph in paragraphs if "tests/" in paragraph and not paragraph.startswith("|")]
    assert len(proofs) >= 10
    for proof in proofs:
        files = [CHECKOUT / name for name in re.findall(r"`(tests/\w+/\w+\.py)`", proof)]
        tests = {name for file in files for name in re.findall(r"def (test_\w+)", file.read_text())}
        assert set(re.findall(r"`(test_\w+)`", proof)) <= tests


def test_every_promise_has_its_paragraph_or_is_said_to_be_missing() -> None:
    """By the names that checkers and issues use."""
    text = (CHECKOUT / "docs/guarantees.md").read_text()
    kept = set(re.findall(r"^## ([a-z-]+)$", text, re.MULTILINE))
    missing = set(re.findall(r"^- `([a-z-]+)`\.", text, re.MULTILINE))
    assert kept | missing == PROMISES
    assert not kept & missing


def test_the_way_through_the_code_passes_every_module() -> None:
    """Of the two layers that somebody reads to know how it works."""
    text = (CHECKOUT / "docs/design/README.md").read_text()
    parts = dict(zip(("wire", "actors"), text.partition("| in `actors/` |")[::2], strict=True))
    for folder, part in parts.items():
        modules = {path.name for path in (CHECKOUT / folder).glob("*.py")} - {"__init__.py"}
        assert modules <= set(re.findall(r"`(\w+\.py)`", part)), folder
