"""The judge of endurance runs: what it calls explained, and that it calls nothing else so."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from attrs import evolve
from endurance.journal import Journal, Tail, published_in, runs_in
from endurance.judge import Evidence, Limits, Outage, Run, explain, judge

LONG_IDLE = Limits(idle_seconds=1000, ack_seconds=1, reconnect_seconds=1, held_max=2)
LIMITS = Limits(idle_seconds=5, ack_seconds=1, reconnect_seconds=1, held_max=2)
FIRST = Run("e1", "1-0", process=1, begun=10.0, ended=10.5)
CUT_SHORT = evolve(FIRST, ended=None)


def again(begun: float, process: int = 2) -> Run:
    return Run("e1", "1-0", process, begun, begun + 0.1)


WELL = Evidence(published=["e1"], runs=[FIRST], kills={}, outages=[], length=1, pending=0, unread=0)


def test_what_was_handled_once_is_well() -> None:
    """Nothing repeated, nothing left."""
    judgement = judge(WELL, LIMITS)
    assert (judgement.handled, dict(judgement.repeated), list(judgement.faults)) == (1, {}, [])


@pytest.mark.parametrize(
    ("earlier", "killed", "begun"),
    [
        pytest.param(CUT_SHORT, 12.0, 13.0, id="killed in the handler"),
        pytest.param(CUT_SHORT, 99.0, 100.0, id="killed in a long handler"),
        pytest.param(FIRST, 11.4, 12.0, id="killed soon after it"),
    ],
)
def test_the_kill_of_its_process_explains_a_second_run(earlier: Run, killed: float, begun: float) -> None:
    """In the handler, or before its acknowledgement can be relied upon."""
    assert explain(earlier, again(begun), {1: killed}, [], LIMITS) == "process"


def test_a_failure_explains_a_second_run_and_is_no_handling() -> None:
    """Without the second one the event is lost."""
    failed = evolve(FIRST, failed=True)
    assert explain(failed, again(12.0), {}, [], LIMITS) == "failure"
    assert list(judge(evolve(WELL, runs=[failed, again(12.0)]), LIMITS).faults) == []
    assert list(judge(evolve(WELL, runs=[failed]), LIMITS).faults) == ["1 lost: e1"]


@pytest.mark.parametrize(
    ("earlier", "kills", "begun"),
    [
        pytest.param(FIRST, {}, 20.0, id="nobody was killed"),
        pytest.param(CUT_SHORT, {}, 20.0, id="not even though it did not end"),
        pytest.param(FIRST, {2: 10.6}, 20.0, id="somebody else was killed"),
        pytest.param(FIRST, {1: 11.6}, 20.0, id="killed long after it"),
        pytest.param(FIRST, {1: 13.0}, 12.0, id="killed after the second run had begun"),
    ],
)
def test_nothing_else_about_processes_does(earlier: Run, kills: dict[int, float], begun: float) -> None:
    """Such a second run is a bug."""
    assert explain(earlier, again(begun), kills, [], LIMITS) is None


def test_while_the_server_is_away_nobody_can_acknowledge() -> None:
    """So its time, and that in which its return is noticed, does not count."""
    away = [Outage(10.6, 40.0)]
    assert explain(FIRST, again(43.0), {1: 41.8}, away, LONG_IDLE) == "process"
    assert explain(FIRST, again(44.0), {1: 42.0}, away, LONG_IDLE) is None


def test_outages_that_overlap_count_once() -> None:
    """The server is killed again before all have noticed that it is back."""
    away = [Outage(10.6, 12.0), Outage(12.5, 14.0)]
    assert explain(FIRST, again(20.0), {1: 15.8}, away, LONG_IDLE) == "process"
    assert explain(FIRST, again(20.0), {1: 16.0}, away, LONG_IDLE) is None


@pytest.mark.parametrize(
    ("earlier", "outage", "begun", "reason"),
    [
        pytest.param(CUT_SHORT, Outage(11.0, 14.0), 16.5, "server", id="away for as long as a lease lasts"),
        pytest.param(FIRST, Outage(11.0, 14.0), 16.5, "server", id="away before the acknowledgement"),
        pytest.param(CUT_SHORT, Outage(11.0, 13.5), 20.0, None, id="back before any lease can be over"),
        pytest.param(FIRST, Outage(11.6, 19.0), 20.0, None, id="away long after it was handled"),
        pytest.param(FIRST, Outage(2.0, 8.0), 20.0, None, id="away and back before it"),
        pytest.param(FIRST, Outage(21.0, 29.0), 20.0, None, id="away only later"),
    ],
)
def test_the_end_of_the_server_explains_what_lost_its_lease(
    earlier: Run, outage: Outage, begun: float, reason: str | None
) -> None:
    """And nothing that happens sooner than others may take over."""
    assert explain(earlier, again(begun), {}, [outage], LIMITS) == reason


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        pytest.param(evolve(WELL, runs=[]), "1 lost: e1", id="never begun"),
        pytest.param(evolve(WELL, runs=[CUT_SHORT]), "1 lost: e1", id="never ended"),
        pytest.param(evolve(WELL, runs=[FIRST, again(11.0)]), "1 repeated without a reason: e1", id="repeated"),
        pytest.param(
            evolve(WELL, runs=[CUT_SHORT, evolve(again(12.0), entry="2-0")], kills={1: 11.0}),
            "1 under two entries: e1",
            id="appended twice",
        ),
        pytest.param(evolve(WELL, length=2), "1 events were published, and the stream has 2", id="unhandled copy"),
        pytest.param(evolve(WELL, published=[], length=0), "never acknowledged to its publisher: e1", id="unknown"),
        pytest.param(evolve(WELL, pending=3), "3 entries are still pending", id="pending"),
        pytest.param(evolve(WELL, unread=4), "4 entries were not read", id="unread"),
        pytest.param(evolve(WELL, dead=1), "1 entries are in the dead-letter stream", id="buried"),
        pytest.param(evolve(WELL, troubles=["a process ended"]), "a process ended", id="trouble"),
    ],
)
def test_each_fault_is_told(wrong: Evidence, words: str) -> None:
    """One at a time, in words."""
    [fault] = judge(wrong, LIMITS).faults
    assert words in fault


def test_a_kill_repeats_no_more_than_a_process_holds() -> None:
    """However well each single run is explained by it."""
    events = ["a", "b", "c"]
    runs: Sequence[Run] = [
        run
        for event in events
        for run in (evolve(CUT_SHORT, event=event, entry=event), evolve(again(12.0), event=event, entry=event))
    ]
    judgement = judge(Evidence(events, runs, {1: 11.0}, [], 3, 0, 0), LIMITS)
    assert dict(judgement.repeated) == {"process": 3}
    assert list(judgement.faults) == ["one kill repeated 3 runs, and a process holds 2 at most"]


def test_a_journal_says_what_was_written_to_it(tmp_path: Path) -> None:
    """Runs that ended, that were begun again in the same process without an end, and that failed."""
    journal = Journal(tmp_path / "one")
    for words in (("begun", "a", "1-0"), ("begun", "b", "2-0"), ("ended", "a"), ("begun", "b", "2-0"), ("failed", "b")):
        journal.write(*words)
    runs = list(runs_in(tmp_path / "one", 7))
    assert [(run.event, run.entry, run.process, run.ended is None, run.failed) for run in runs] == [
        ("a", "1-0", 7, False, False),
        ("b", "2-0", 7, True, False),
        ("b", "2-0", 7, False, True),
    ]


def test_a_publisher_goes_on_where_its_journal_ends(tmp_path: Path) -> None:
    """Also the first one, which has none."""
    assert published_in(tmp_path / "journal") == 0
    Journal(tmp_path / "journal").write("published", 100)
    Journal(tmp_path / "journal").write("published", 200)
    assert published_in(tmp_path / "journal") == 200


def test_what_is_written_is_counted_as_it_comes(tmp_path: Path) -> None:
    """In all journals of a folder, each line once."""
    tail = Tail(tmp_path, b" ended ")
    for name, counted in (("1.journal", 1), ("2.journal", 2), ("1.journal", 3)):
        Journal(tmp_path / name).write("begun", "a", "1-0")
        Journal(tmp_path / name).write("ended", "a")
        assert tail.look() == counted
