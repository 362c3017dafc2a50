"""Which of a plan's faults go along when it is played in real time."""

from redis_streams.simulations.plan import At, FailOver, Fault, KillProcess, LosePower, Plan
from redis_streams.simulations.running._real import playable

KILL, LOSE, FAIL = Fault(At(1, "worker-1"), KillProcess()), Fault(At(2), LosePower()), Fault(At(3), FailOver())


def test_what_a_real_server_can_not_have_is_left_out() -> None:
    assert playable(Plan(1, "x", faults=(LOSE, KILL, FAIL))) == Plan(1, "x", faults=(KILL,))


def test_a_plan_of_which_nothing_is_left_is_not_played() -> None:
    """But one that never had a fault is."""
    assert playable(Plan(1, "x", faults=(LOSE, FAIL))) is None
    assert playable(Plan(1, "x")) == Plan(1, "x")
