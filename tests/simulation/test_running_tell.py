"""A failure in words: the promise, the plan, the life of the event, the replay line; never more than 40 lines."""

import pytest
from redis_streams.simulations.checkers import Verdict
from redis_streams.simulations.history import HandlerEnded, HandlerStarted, History, Published, Publishing
from redis_streams.simulations.plan import At, Fault, KillProcess, LoseReply, Plan, PlannedEvent, Schedule, Site
from redis_streams.simulations.running import Outcome
from redis_streams.simulations.running._replay import plan_of
from redis_streams.simulations.running._store import Finding
from redis_streams.simulations.running._tell import LINES_MAX, tell

SMALL = Plan(
    7,
    "shop.py:scenario",
    events=(PlannedEvent(fails=1),),
    faults=(Fault(Site("worker-1", "settle", 2), LoseReply()), Fault(At(30, "worker-1"), KillProcess())),
    schedule=Schedule("fifo", {3: (1, 0)}),
)
DRAWN = Plan(7, "shop.py:scenario", events=SMALL.events * 12, faults=SMALL.faults * 3)


def outcome(plan: Plan, runs: int) -> Outcome:
    history = History(plan, [Publishing(1, "producer", "orders", "event-0")])
    history.records.append(Published(2, "producer", "orders", "event-0", "acknowledged", b"1-0"))
    for run in range(1, runs + 1):
        history.records.append(HandlerStarted(run, "worker-1", "orders", "billing", "event-0", b"1-0", run, run))
        history.records.append(HandlerEnded(run, "worker-1", "orders", "billing", "event-0", b"1-0", run, "done"))
    verdicts = [Verdict("no-loss", "event-0 is lost", ("event-0",))]
    return Outcome(plan, "violated", verdicts, history, "beef", (), plan.schedule, frozenset(), 1.0, 1.0)


def finding(plan: Plan = SMALL, *, words: str = "event-0 is lost", events: tuple[str, ...] = ("event-0",)) -> Finding:
    return Finding("violated", "no-loss", words, plan, DRAWN, "", events, "beef", 118)


def test_it_has_promise_plan_life_and_replay_line() -> None:
    lines = tell(finding(), outcome(SMALL, 1), page="out/x.html")
    assert lines[0] == "BROKEN: no-loss (scenario shop.py:scenario, seed 7)"
    assert lines[1] == "  event-0 is lost"
    assert "  the plan, shrunk from 6 faults and 12 events in 118 runs:" in lines
    assert "    the server runs worker-1's 2nd settle, and the connection is reset before the reply arrives." in lines
    assert "    Tasks run by age, apart from 1 turn." in lines
    assert any("event-0" in line and "publish" in line for line in lines)
    assert [line for line in lines if line.endswith("event-0:")] == ["  the life of event-0:"]
    assert lines[-1] == "  as a page: out/x.html"
    assert plan_of(lines[-2].split("'")[1]) == SMALL


LONG = Plan(7, "x", events=SMALL.events * 50, faults=SMALL.faults * 20)


@pytest.mark.parametrize("events", [(), ("event-0",), ("event-0", "event-1", "event-2")])
def test_it_is_never_longer_than_a_screen(events: tuple[str, ...]) -> None:
    """However long the plan, the words and the life; and no line is wider than a terminal but the replay line."""
    long = finding(LONG, words="it is lost. " * 100, events=events)
    lines = tell(long, outcome(LONG, 60), path="kept/x.json", page="out/x.html")
    assert len(lines) <= LINES_MAX
    assert all("\n" not in line for line in lines)


def test_a_plan_that_is_too_long_to_copy_is_named_by_its_file() -> None:
    wild = Plan(7, "x", schedule=Schedule("fifo", {step * step: (step % 7, 1, 0) for step in range(2000)}))
    [line] = [line for line in tell(finding(wild), None, path="kept/x.json") if "--replay" in line]
    assert line == "    redis-streams simulate --replay 'kept/x.json'"
