"""Shrinking: what does not matter goes, and the failure stays the same one."""

from collections.abc import Sequence

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
from redis_streams.simulations.checkers import Verdict
from redis_streams.simulations.history import History
from redis_streams.simulations.plan import (
    At,
    CutReply,
    Fault,
    KillProcess,
    LoseReply,
    PauseServer,
    Plan,
    PlannedEvent,
    Raise,
    Schedule,
    Shape,
    Site,
)
from redis_streams.simulations.running import Outcome
from redis_streams.simulations.running._run import Status
from redis_streams.simulations.running._shrink import least, same_failure, shrink

KILL = Fault(Site("worker-1", "settle", 7, before=False), KillProcess(1234.5))
LOSE = Fault(At(456.789, "worker-2"), LoseReply())
PLAN = Plan(
    3,
    "x",
    shape=Shape(workers=3, consumers=2, concurrency=4, prefetch=5, profile="8.6", appendfsync="everysec"),
    events=tuple(PlannedEvent(number * 17.3, "abc"[number % 3], fails=number % 2, slow_ms=3.3) for number in range(20)),
    faults=(Fault(Site("worker-3", "XREADGROUP"), CutReply(17)), KILL, Fault(At(9), PauseServer()), LOSE),
    schedule=Schedule("walk"),
    buggify=True,
    broken_for_good=("worker-2",),
)


def outcome(plan: Plan, *ways: tuple[str, str], status: Status = "violated", error: str = "") -> Outcome:
    verdicts = [Verdict(promise, "", (), kind) for promise, kind in ways]
    struck = frozenset(range(len(plan.faults)))
    deviations = Schedule("fifo", dict.fromkeys(range(30), (1, 0)))
    return Outcome(plan, status, verdicts, History(plan), "", (), deviations, struck, 0.0, 0.0, error)


def kinds(plan: Plan) -> list[str]:
    return [fault.effect.kind for fault in plan.faults]


def test_only_what_matters_stays() -> None:
    """Two faults of four and one event of twenty, each as simple as it can be."""

    def run(plan: Plan) -> Outcome:
        breaks = {"kill-process", "lose-reply"} <= set(kinds(plan)) and any(event.fails for event in plan.events)
        return outcome(plan, ("no-loss", "")) if breaks else outcome(plan, status="held")

    small, runs = shrink(run(PLAN), run)
    assert small.plan == Plan(
        3,
        "x",
        shape=Shape(workers=1),
        events=(PlannedEvent(fails=1),),
        faults=(Fault(Site("worker-1", "settle"), KillProcess()), Fault(At(0, "worker-1"), LoseReply())),
        schedule=Schedule("fifo"),
    )
    assert runs < 150


def test_it_does_not_slip_into_another_failure() -> None:
    """Without the kill it still fails, but with another kind of breach: that is another bug."""

    def run(plan: Plan) -> Outcome:
        return outcome(plan, ("no-loss", "killed" if "kill-process" in kinds(plan) else "other"))

    small, _ = shrink(run(PLAN), run)
    assert kinds(small.plan) == ["kill-process"]


def test_faults_that_never_struck_go_at_once() -> None:
    """One run is enough for all of them."""
    tried: list[Plan] = []

    def run(plan: Plan) -> Outcome:
        tried.append(plan)
        return outcome(plan, ("no-loss", ""))

    failed = run(PLAN)
    vars_of = Outcome(PLAN, "violated", failed.verdicts, failed.history, "", (), failed.schedule, frozenset({1}), 0, 0)
    shrink(vars_of, run, runs_max=1)
    assert tried[1].faults == (KILL,)


def test_the_budget_is_kept() -> None:
    runs = 0

    def run(plan: Plan) -> Outcome:
        nonlocal runs
        runs += 1
        return outcome(plan, ("no-loss", "")) if len(plan.events) > 10 else outcome(plan, status="held")

    failed = run(PLAN)
    small, counted = shrink(failed, run, runs_max=25)
    assert counted == 25 == runs - 1
    assert len(small.plan.events) < 20


def test_of_the_schedule_only_the_turn_stays_that_matters() -> None:
    """A race needs step 17 and step 23 to be other than by age."""

    def run(plan: Plan) -> Outcome:
        breaks = plan.schedule.kind == "walk" or {17, 23} <= set(plan.schedule.deviations)
        return outcome(plan, ("no-loss", "")) if breaks else outcome(plan, status="held")

    small, _ = shrink(run(PLAN), run)
    assert small.plan.schedule == Schedule("fifo", {17: (1, 0), 23: (1, 0)})


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (outcome(PLAN, ("a", "x")), outcome(PLAN, ("b", ""), ("a", "x")), True),
        (outcome(PLAN, ("a", "x")), outcome(PLAN, ("a", "y")), False),
        (outcome(PLAN, ("a", "x")), outcome(PLAN, ("a", "x"), status="not live"), False),
        (outcome(PLAN, status="not live"), outcome(PLAN, status="not live"), True),
        (outcome(PLAN, status="not live"), outcome(PLAN, ("liveness", "lag"), status="not live"), False),
        (outcome(PLAN, ("a", ""), ("liveness", "")), outcome(PLAN, ("b", ""), ("liveness", "")), False),
        (
            outcome(PLAN, status="crashed", error="KeyError: 1"),
            outcome(PLAN, status="crashed", error="KeyError: 2"),
            True,
        ),
        (outcome(PLAN, status="crashed", error="KeyError: 1"), outcome(PLAN, status="crashed", error="A: 1"), False),
        (outcome(PLAN, status="held"), outcome(PLAN, status="held"), False),
    ],
)
def test_same_failure_is_same_promise_and_same_kind(one: Outcome, other: Outcome, *, same: bool) -> None:
    assert same_failure(one, other) is same


@given(st.lists(st.integers(0, 30), unique=True, max_size=20), st.sets(st.integers(0, 30), max_size=4))
def test_least_finds_exactly_what_is_needed(items: list[int], needed: set[int]) -> None:
    """Where a set of items is needed, and nothing else matters."""

    def fails(some: Sequence[int]) -> bool:
        return needed <= set(some)

    if fails(items):
        assert list(least(items, fails)) == [item for item in items if item in needed]


def test_a_shape_never_grows() -> None:
    """One worker stays one worker."""

    def run(plan: Plan) -> Outcome:
        assert plan.shape.workers == 1
        return outcome(plan, ("no-loss", ""))

    one = evolve(PLAN, shape=Shape(workers=1), faults=(Fault(Site("worker-1", "handler"), Raise()),))
    shrink(run(one), run)
