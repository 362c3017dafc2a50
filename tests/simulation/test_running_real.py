"""Which of a plan's faults go along when it is played in real time."""

from attrs import evolve
from redis_streams.simulations.plan import (
    At,
    CutReply,
    FailOver,
    Fault,
    KillProcess,
    LosePower,
    PauseServer,
    Plan,
    PlannedEvent,
    Schedule,
    Shape,
)
from redis_streams.simulations.running._real import EFFECT_MS_MAX, playable

KILL, LOSE, FAIL = Fault(At(1, "worker-1"), KillProcess()), Fault(At(2), LosePower()), Fault(At(3), FailOver())

REAL = Plan(1, "x", Shape(latency_ms=0))
"""Nothing is said of what reality decides."""


def test_what_a_real_server_can_not_have_is_left_out() -> None:
    assert playable(Plan(1, "x", faults=(LOSE, KILL, FAIL))) == evolve(REAL, faults=(KILL,))


def test_a_plan_of_which_nothing_is_left_is_not_played() -> None:
    """But one that never had a fault is."""
    assert playable(Plan(1, "x", faults=(LOSE, FAIL))) is None
    assert playable(Plan(1, "x")) == REAL


def test_nothing_lasts_longer_than_one_would_wait() -> None:
    """Faults nor handlers; what is shorter stays."""
    faults = (Fault(At(1), PauseServer(12_000)), Fault(At(9000), PauseServer(20)), Fault(At(2), CutReply(9)))
    events = (PlannedEvent(slow_ms=9000), PlannedEvent(slow_ms=10))
    played = playable(Plan(1, "x", events=events, faults=faults))
    assert played is not None
    assert played.faults == (Fault(At(1), PauseServer(EFFECT_MS_MAX)), *faults[1:])
    assert [event.slow_ms for event in played.events] == [EFFECT_MS_MAX, 10]


def test_what_reality_decides_is_not_planned() -> None:
    """Or a plan would be told that was not played."""
    assert playable(Plan(1, "x", schedule=Schedule("pct"), buggify=True)) == REAL
