"""The pages as text; tests/browser opens them."""

import re

import pytest
from attrs import evolve
from redis_streams.simulations.history import HandlerStarted, History, Publishing
from redis_streams.simulations.plan import Plan
from redis_streams.simulations.report import Batch, Failure, batch_page, failure_page
from redis_streams.simulations.report._lives import lives_of
from redis_streams.simulations.report._picture import picture_of
from redis_streams.simulations.running import run_plan
from redis_streams.simulations.scenarios import SCENARIOS
from support.histories import LOST_REPLY, batch, duplicate_run, failure, long_run, well


@pytest.fixture(scope="module")
def page() -> str:
    return failure_page(failure(nearest=well()))


def test_the_headline_is_the_broken_promise(page: str) -> None:
    """In words, and then what the checker says."""
    assert "An event runs once, and once more for each fault that touched it." in page
    assert "order-3 ran 3 times, although one fault touched it" in page


def test_the_minimal_plan_is_told_in_words(page: str) -> None:
    """Each of its faults."""
    text = page.replace("&#39;", "'")
    for fault in LOST_REPLY.faults:
        assert fault.in_words() in text


def test_a_fault_that_never_struck_is_told_apart() -> None:
    """A minimal plan has none; others may."""
    assert "never came by there" in failure_page(failure(well()))
    assert "never came by there" not in failure_page(failure())


def test_the_replay_line_is_there_if_there_is_one(page: str) -> None:
    """Whole, so that it can be copied."""
    assert "redis-streams simulate --replay" in page
    assert 'id="replay"' not in failure_page(evolve(failure(), replay=""))


def test_the_difference_is_shown_if_there_is_a_run_to_compare_with(page: str) -> None:
    """Also where there is none."""
    assert "then the runs part" in page
    assert "the runs part" not in failure_page(failure())
    assert "It had the same history" in failure_page(failure(nearest=duplicate_run()))


@pytest.mark.parametrize("history", [duplicate_run(), long_run()], ids=["short", "long"])
def test_a_failure_page_names_no_address(history: History) -> None:
    """It works without a network: no scheme, no //host, nothing that a browser would load."""
    assert addresses(failure_page(failure(history))) == []


def test_a_batch_page_names_no_address_but_its_failures() -> None:
    """Which lie beside it."""
    assert addresses(batch_page(batch())) == ["failure-41.html", "failure-977.html"]


def test_addresses_would_be_seen() -> None:
    """The two tests above are worth something."""
    assert addresses("<img src='x.png'>") == ["x.png"]
    assert addresses("a { background: url(x.png) } @import 'y.css'") == ["x.png", "y.css"]
    assert addresses("fetch('https://example.org')") == ["https://example.org"]


def addresses(page: str) -> list[str]:
    """Everything that could be loaded, apart from places in the page itself."""
    found = re.findall(r"""(?:\b(?:src|href)\s*=\s*["']|url\(["']?|@import\s*["'])([^"')]+)|(\w+://[^\s"')]*)""", page)
    return [one or other for one, other in found if not (one or other).startswith("#")]


def test_a_run_that_crashed_without_a_verdict_has_a_page() -> None:
    """Nothing was judged, nothing happened."""
    page = failure_page(Failure("crashed", (), History(Plan(1, "s"))))
    assert "The run ended as “crashed”." in page
    assert "without any fault" in page


def test_a_run_in_which_all_is_well_has_a_page() -> None:
    """Of a replay, or to compare with; what a run raised is told, too."""
    assert "Every promise was kept." in failure_page(Failure("held", (), well()))
    assert "ValueError: &lt;b&gt;" in failure_page(Failure("crashed", (), well(), error="ValueError: <b>"))


@pytest.mark.parametrize("name", ["failover", "same-name", "undecodable"])
def test_real_runs_have_pages(name: str) -> None:
    """Of runs with faults of all sorts: every planned event is there, and each handler's run is drawn."""
    scenario = SCENARIOS[name]
    outcome = run_plan(scenario.plan(1), scenario.run)
    lives = lives_of(outcome.history)
    assert {life.name for life in lives.lives} >= {record.event_id for record in outcome.history.of(Publishing)}
    runs = [shape for shape in picture_of(outcome.history, lives).bars if shape.kind.startswith("run")]
    assert len(runs) == len(list(outcome.history.of(HandlerStarted)))
    assert "</html>" in failure_page(Failure(outcome.status, outcome.verdicts, outcome.history, outcome.trace_hash))


def test_a_batch_says_how_fast_it_was() -> None:
    """Seeds per second, virtual time per real time."""
    page = batch_page(batch())
    assert "<dd>28.0</dd>" in page
    assert "<dd>261×</dd>" in page
    assert "&lt;order&gt; &amp; co. is gone" in page


def test_planted_bugs_are_told_apart_by_how_they_were_found() -> None:
    """Found, late, by another checker, missed."""
    assert re.findall(r'<tr class="(\w+)">\s*<th', batch_page(evolve(batch(), sometimes={}))) == [
        "found",
        "late",
        "elsewhere",
        "missed",
    ]


def test_a_point_that_was_never_hit_stands_out() -> None:
    """It fails the batch."""
    page = batch_page(batch())
    assert re.findall(r'<tr class="never"><th scope="row">(\w+)<', page) == ["NOSCRIPT"]


def test_a_batch_in_which_all_is_well_has_a_page() -> None:
    """Even an empty one."""
    page = batch_page(Batch("nothing", runs=0, seconds=0, virtual_seconds=0))
    assert "every promise was kept" in page
    assert "Failures" not in page
