"""What passes on a connection, and what does not any more."""

import pytest
from redis_streams.actors import ChildCrashed
from redis_streams.simulations.checkers import AT_LEAST_ONCE
from redis_streams.simulations.history import Told
from redis_streams.simulations.plan import CutReply, Fault, Plan, PlannedEvent, Schedule, Shape, Site
from redis_streams.simulations.running import run_plan
from redis_streams.simulations.scenarios import SCENARIOS


@pytest.mark.parametrize("after_bytes", [0, 1, 10])
def test_behind_a_cut_reply_nothing_passes(after_bytes: int) -> None:
    """Else the next reply would be taken for the rest of it, as it was once."""
    plan = Plan(
        4244,
        "single",
        Shape(workers=1),
        (PlannedEvent(),),
        (Fault(Site("worker-1", "XINFO"), CutReply(after_bytes)),),
        Schedule("fifo"),
    )
    outcome = run_plan(plan, SCENARIOS["single"].run, checkers=AT_LEAST_ONCE)
    assert outcome.status == "held", outcome.verdicts
    assert outcome.struck == {0}
    assert not [told for told in outcome.history.of(Told) if isinstance(told.event, ChildCrashed)]
