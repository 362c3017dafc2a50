"""Bugs that are put in on purpose: each is found, by the right checker, and leaves nothing behind."""

from __future__ import annotations

import inspect
from collections.abc import Mapping

import pytest
from redis_streams.actors import _consumer_work, _reclaimer
from redis_streams.simulations.checkers import AT_LEAST_ONCE
from redis_streams.simulations.planted import BUGS, DoesNotFit, Edit, Hit, PlantedBug, Scale, edited, find_planted
from redis_streams.simulations.planted._command import as_reported, in_words
from redis_streams.simulations.planted._table import Row, row_of
from redis_streams.simulations.running import run_plan
from redis_streams.simulations.scenarios import SCENARIOS
from redis_streams.wire import load

TRIES = 60
"""Seeds that a search may take here; most take three. Whoever changes how plans are drawn changes what they find."""

START: Mapping[str, int] = {
    "a beginning that is not noted": 45,
    "nobody restarted while others start": 8,
    "nothing handed back": 15,
    "swallowed Cancelled": 12,
    "no fence when settling": 13,
    "verdicts lost when the drain ends": 11,
    "claims without room": 7,
    "lease not looked at": 14,
    "lost entries not forgotten": 14,
    "nobody woken when leases are renewed": 14,
    "claim without an idle time": 14,
    "deleted entries left pending": 11,
    "a seek leaves the history": 17,
    "no time after a second signal": 15,
    "a call that comes late schedules anew": 22,
    "a missing group needs nothing": 16,
    "tokens forgotten too early": 12,
    "prefetch not renewed": 11,
    "what a read brings taken for fresh": 39,
    "a seek only takes back the place": 12,
    "handed back while it runs": 10,
    "unknown outcome told as success": 14,
    "events known by their stream ids": 14,
    "former connection not closed": 12,
    "each process has tokens of its own": 12,
    "no deadline for replies": 13,
    "no deadline for reads": 11,
    "renewal takes what is not ours": 9,
    "lost lease not told to its handler": 9,
    "replies in the wrong order": 7,
    "writer stopped before the consumers": 7,
    "reserved places not given back": 6,
    "sent although it was given up": 8,
    "sent and taken for not sent": 5,
    "who goes on goes on for all reasons": 15,
    "answers of a list shifted": 12,
    "given up as if nothing was sent": 43,
    "begun although nobody knows whose it was": 7,
}
"""Where the search begins for those that show themselves rarely: so the tests take seconds, and the table, which begins
elsewhere, says how rarely."""


@pytest.mark.parametrize("name", BUGS)
def test_a_planted_bug_is_found_and_without_it_the_same_plan_holds(name: str) -> None:
    bug = BUGS[name]
    hit = find_planted(bug, START.get(name, 0), TRIES)
    assert hit is not None
    assert _holds_without(bug, hit)


def _holds_without(bug: PlantedBug, hit: Hit) -> bool:
    plan = hit.outcome.plan
    with bug.only_scaled():
        return run_plan(plan, SCENARIOS[plan.scenario].run, checkers=AT_LEAST_ONCE).status == "held"


def test_afterwards_everything_is_as_it_was() -> None:
    sound = (_consumer_work._take_one_by_one.__code__, load("settle").source, load("settle").sha, _reclaimer.PAGE)
    for bug in BUGS.values():
        with bug.planted():
            pass
    assert sound == (
        _consumer_work._take_one_by_one.__code__,
        load("settle").source,
        load("settle").sha,
        _reclaimer.PAGE,
    )


def test_within_the_block_the_code_is_another() -> None:
    before = _consumer_work._take_one_by_one.__code__
    with BUGS["acknowledged before the handler"].planted():
        assert _consumer_work._take_one_by_one.__code__ != before


def test_a_line_that_is_not_there_any_more_is_an_error() -> None:
    gone = Edit("actors._consumer_work:judge", "no such line", "pass")
    with pytest.raises(DoesNotFit, match="0 times"), edited([gone]):
        pass


def test_what_was_changed_before_an_error_is_put_back() -> None:
    before = _reclaimer.PAGE
    gone = Edit("settle.lua", "no such line", "")
    with pytest.raises(DoesNotFit), edited([gone], [Scale("actors._reclaimer", "PAGE", 1)]):
        pass
    assert before == _reclaimer.PAGE


def test_every_promise_that_is_kept_today_has_a_planted_bug() -> None:
    promises = {bug.promise for bug in BUGS.values()}
    assert {check.__name__.replace("_", "-") for check in AT_LEAST_ONCE} <= promises


def test_a_bug_that_is_none_is_not_found() -> None:
    none = PlantedBug("none", "nothing", "no-loss", ("single",), [])
    row = row_of(none, starts=[0, 10], seeds_max=2)
    assert (row.checker, row.seeds, row.faults) == ("", (3, 3), None)


def test_a_row_says_how_long_the_searches_took() -> None:
    row = Row("a bug", "no-loss", "no-loss", (1, 201, 7), 2)
    assert not row.is_found
    assert (row.median, row.worst) == (7, 201)
    assert "   1    -    7  median   7  faults 2" in in_words(row)
    assert as_reported(row).seeds == (1, 201, 7)


def test_every_bug_says_what_it_does_in_a_sentence() -> None:
    assert all(bug.breaks and bug.scenarios and inspect.cleandoc(bug.breaks) == bug.breaks for bug in BUGS.values())
