"""Checkers on whole runs: silent where the runtime keeps its promises, whatever strikes."""

import pytest
from redis_streams.simulations.checkers import AT_LEAST_ONCE, judge
from redis_streams.simulations.history import Destroyed, Published
from redis_streams.simulations.plan import (
    At,
    Effect,
    FailOver,
    Fault,
    KillProcess,
    LosePower,
    LoseReply,
    PauseProcess,
    Plan,
    PlannedEvent,
    Schedule,
    Shape,
    Site,
)
from redis_streams.simulations.running import run_plan
from redis_streams.simulations.scenarios import SCENARIOS

EVENTS = tuple(PlannedEvent(at_ms, key) for at_ms, key in [(0, "a"), (20, "b"), (40, "a"), (300, "b")])


def verdicts(*faults: Fault, shape: Shape | None = None) -> tuple[list[str], list[Destroyed]]:
    plan = Plan(3, "many", shape=shape or Shape(), events=EVENTS, faults=faults)
    history = run_plan(plan, SCENARIOS["many"].run).history
    return [f"{each.promise}: {each.words}" for each in judge(history, AT_LEAST_ONCE)], list(history.of(Destroyed))


def test_a_calm_run_keeps_every_promise() -> None:
    assert verdicts() == ([], [])


@pytest.mark.parametrize(
    "fault",
    [
        Fault(Site("worker-1", "settle", before=False), LoseReply()),
        Fault(Site("worker-1", "handler"), KillProcess()),
        Fault(Site("worker-1", "handler", before=False), KillProcess()),
        Fault(At(30), FailOver(lag_ms=20)),
        Fault(At(30), LosePower()),
    ],
    ids=str,
)
def test_a_run_with_a_fault_keeps_them_too(fault: Fault) -> None:
    assert verdicts(fault, shape=Shape(appendfsync="everysec"))[0] == []


def test_what_only_the_old_primary_of_a_split_brain_got_is_lost_by_name_also_if_the_run_ends_before_the_split() -> None:
    """It went on serving the producer when everything was settled on the new one, and nobody ever said what it had."""
    split: Effect = FailOver(split_ms=60_000)
    spoken, lost = verdicts(Fault(At(10), split))
    assert spoken == []
    assert [len(each.entries) for each in lost] == [3]


def test_what_a_read_brought_before_a_long_pause_is_not_begun_after_it() -> None:
    """A worker that stood still renewed what it held, found a reply of before, and began what others had by then."""
    pause = Fault(Site("worker-2", "XREADGROUP"), PauseProcess(5000))
    plan = Plan(19, "pauses", Shape(workers=2), (PlannedEvent(0),), (pause,), Schedule("fifo"))
    assert judge(run_plan(plan, SCENARIOS["pauses"].run).history, AT_LEAST_ONCE) == []


@pytest.mark.parametrize("profile", ["5.0", "7.0", "8.6"])
def test_who_only_publishes_with_event_ids_leaves_a_server_that_was_demoted(profile: str) -> None:
    """The refusal stood inside the reply of a script, where nobody looked, so it was asked again for ever."""
    demoted = Fault(At(1000), FailOver(stays=True))
    events = tuple(PlannedEvent(at_ms) for at_ms in (0, 2000))
    plan = Plan(5, "retrying-producer", Shape(profile=profile), events, (demoted,))
    history = run_plan(plan, SCENARIOS["retrying-producer"].run).history
    assert judge(history, AT_LEAST_ONCE) == []
    assert {each.event_id for each in history.of(Published) if each.outcome == "acknowledged"} == {"event-0", "event-1"}
