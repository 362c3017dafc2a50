"""What a busy machine does to a process of a run."""

import pytest
from redis_streams.simulations.checkers._touch import touches
from redis_streams.simulations.history import UNPLANNED, FaultStruck, History
from redis_streams.simulations.plan import At, Fault, PauseProcess, Plan
from redis_streams.simulations.real.ground._stalls import STALL_MS, watch_stalls
from redis_streams.simulations.report._words import record_in_words


@pytest.mark.usefixtures("autojump_clock")
async def test_long_waits_are_told_and_short_ones_are_not() -> None:
    """Each when it is over; nothing where the operating system says nothing."""
    totals = iter([5.0, 6.0, 6.0 + STALL_MS, 7.0 + STALL_MS, 1007.0 + STALL_MS, None])
    told: list[float] = []
    await watch_stalls(told.append, lambda: next(totals))
    assert told == [STALL_MS, 1000.0]


def test_a_stall_excuses_as_a_pause_does_and_is_told_as_what_it_is() -> None:
    """It is no fault of the plan."""
    struck = FaultStruck(700.0, "worker-1", Fault(At(700.0, "worker-1"), PauseProcess(900.0)), UNPLANNED)
    [touch] = touches(History(Plan(1, "x"), [struck]))
    assert touch.meets(frozenset({"worker-1"}), 1000, 1000)
    assert record_in_words(struck) == "the machine is busy: at 700 ms: worker-1 stands still for 900 ms"
