"""What may become of events that are acknowledged before they are handled: `at-most-once`."""

import pytest
from redis_streams.actors import ChildCrashed, EventsDropped
from redis_streams.simulations.checkers import AT_LEAST_ONCE, at_most_once, judge
from redis_streams.simulations.history import AcknowledgesFirst, HandlerStarted
from redis_streams.simulations.plan import (
    CrashServer,
    DestroyGroup,
    Effect,
    Fault,
    LoseReply,
    Plan,
    PlannedEvent,
    RestartEmpty,
    Shape,
    Site,
)
from redis_streams.simulations.running import Outcome, run_plan
from redis_streams.simulations.scenarios import SCENARIOS
from support.stories import GROUP, STREAM, Story


def acknowledging(*events: str, most: int = 1) -> Story:
    """A worker has acknowledged these, and may have so many in hand."""
    story = Story().publishes(*events).lives("worker-1")
    story.told.records.append(AcknowledgesFirst(story.now_ms, "worker-1", STREAM, GROUP, most))
    return story.reads("worker-1", *events).acks("worker-1", *events)


def kinds(story: Story) -> list[str]:
    return [verdict.kind for verdict in at_most_once(story.history())]


def test_where_all_is_well_nobody_speaks() -> None:
    """Neither do those who want an acknowledgement after the handler."""
    story = acknowledging("a").handles("worker-1", "a").dies("worker-1", "stopped")
    assert judge(story.history(), AT_LEAST_ONCE) == []


def test_what_begins_twice_is_told() -> None:
    story = acknowledging("a").starts("worker-1", "a").dies("worker-1").starts("worker-2", "a")
    assert kinds(story) == ["begun twice"]


def test_what_was_delivered_anew_may_begin_again() -> None:
    """The server lost the acknowledgement, or somebody moved the group back."""
    lost = acknowledging("a").starts("worker-1", "a").dies("worker-1").destroys(acknowledgements=["a"])
    assert kinds(lost.starts("worker-2", "a")) == []
    moved = acknowledging("a").handles("worker-1", "a").seeks("0-0").starts("worker-1", "a")
    assert kinds(moved) == []


def test_who_is_killed_takes_along_what_it_may_have_in_hand() -> None:
    assert kinds(acknowledging("a").starts("worker-1", "a").dies("worker-1")) == []
    assert kinds(acknowledging("a", "b").starts("worker-1", "a").dies("worker-1")) == ["too many"]


def test_who_stops_says_what_is_lost_by_that() -> None:
    story = acknowledging("a").starts("worker-1", "a").ends("worker-1", "a", "cancelled")
    assert kinds(story.dies("worker-1", "stopped")) == ["lost in silence"]
    story = acknowledging("a").starts("worker-1", "a").ends("worker-1", "a", "cancelled")
    told = EventsDropped("root/consumer-0", STREAM, GROUP, (story.ids["a"],), "cancelled")
    assert kinds(story.tells("worker-1", told).dies("worker-1", "stopped")) == []


def test_an_event_of_which_nobody_knows_is_not_begun_and_told() -> None:
    """Its acknowledgement was applied, and its answer lost: said again, nothing is pending any more."""
    assert_dropped(unheard(LoseReply()))


@pytest.mark.parametrize("effect", [DestroyGroup(), RestartEmpty()], ids=lambda effect: effect.kind)
def test_it_is_told_too_where_its_group_is_gone_by_then(effect: Effect) -> None:
    """Made again, it has another history: nothing is pending in it, or something else."""
    assert_dropped(unheard(LoseReply()), unheard(effect))


def test_what_an_outage_has_wait_is_begun_however_long_that_lasts() -> None:
    """Nothing was said yet that could have been lost: nothing is unsure, and nothing is dropped."""
    away = Fault(Site("worker-1", "settle", 2, before=True), CrashServer(100_000.0))
    outcome = run_once(away)
    assert len(list(outcome.history.of(HandlerStarted))) == 1


def test_what_was_heard_of_and_asked_for_again_is_not_dropped() -> None:
    """Where an actor crashed it may be: whoever waited for the answer is gone."""
    crash = ChildCrashed("root/checkpoint-writer", 1, ValueError("a bug"))
    for crashes, found in ((), ["dropped for nothing"]), ((crash,), []):
        story = acknowledging("a")
        for event in crashes:
            story.tells("worker-1", event)
        dropped = EventsDropped("root/consumer-0", STREAM, GROUP, (story.ids["a"],), "unsure")
        assert kinds(story.says_again("worker-1", "a").tells("worker-1", dropped)) == found


def unheard(effect: Effect) -> Fault:
    """Just after the first acknowledgement: the first time the server does not know the script."""
    return Fault(Site("worker-1", "settle", 2, before=False), effect)


def run_once(*faults: Fault) -> Outcome:
    """One event, which holds all that is promised."""
    plan = Plan(1, "at-most-once", shape=Shape(workers=1), events=(PlannedEvent(),), faults=faults)
    outcome = run_plan(plan, SCENARIOS["at-most-once"].run, checkers=AT_LEAST_ONCE)
    assert outcome.status == "held"
    return outcome


def assert_dropped(*faults: Fault) -> None:
    """The event is not begun, and told."""
    outcome = run_once(*faults)
    assert not list(outcome.history.of(HandlerStarted))
    [dropped] = [told.event for told in outcome.history.records if isinstance(getattr(told, "event", 0), EventsDropped)]
    assert "an answer was lost" in dropped.words()
