"""What may begin while a group is paused: `paused`."""

from redis_streams.actors import EVERYWHERE, ChildCrashed, ConsumptionPaused, ConsumptionResumed
from redis_streams.simulations.checkers import paused
from redis_streams.simulations.plan import LosePower
from support.stories import GROUP, STREAM, Story

PATH = "root/consumer-0"


def pausing() -> Story:
    """A worker is paused while it has an event in hand, and another one waits."""
    story = Story().publishes("a", "b").reads("worker-1", "a", "b").starts("worker-1", "a")
    return story.tells("worker-1", ConsumptionPaused(PATH, STREAM, GROUP, "somebody paused it"))


def test_what_runs_may_end() -> None:
    assert not list(paused(pausing().ends("worker-1", "a").acks("worker-1", "a").history()))


def test_what_begins_in_a_pause_is_told() -> None:
    [verdict] = paused(pausing().starts("worker-1", "b").history())
    assert verdict.event_ids == ("b",)
    assert "worker-1 began b " in verdict.words


def test_when_it_is_over_everything_may_begin() -> None:
    story = pausing().tells("worker-1", ConsumptionResumed(PATH, STREAM, GROUP)).starts("worker-1", "b")
    assert not list(paused(story.history()))


def test_others_are_not_paused() -> None:
    assert not list(paused(pausing().claims("worker-2", "b").starts("worker-2", "b").history()))


def test_it_ends_with_the_process() -> None:
    assert not list(paused(pausing().dies("worker-1").starts("worker-1", "b").history()))


def knowing() -> Story:
    """The whole group is paused, and a worker knows of it."""
    told = ConsumptionPaused(PATH, STREAM, GROUP, EVERYWHERE)
    return Story().pauses_everywhere().tells("worker-1", told)


def goes_on(story: Story) -> list[str]:
    told = ConsumptionResumed(PATH, STREAM, GROUP)
    return [verdict.kind for verdict in paused(story.tells("worker-1", told).history())]


def test_who_knows_that_the_whole_group_is_paused_goes_on_with_it() -> None:
    assert goes_on(knowing()) == ["resumed"]
    assert not goes_on(knowing().resumes_everywhere())


def test_who_knows_of_a_former_pause_may_not_know_of_the_next() -> None:
    assert not goes_on(knowing().resumes_everywhere().pauses_everywhere())


def test_a_new_process_or_a_crash_forgets_what_was_known() -> None:
    assert not goes_on(knowing().dies("worker-1"))
    assert not goes_on(knowing().tells("worker-1", ChildCrashed(PATH, 1, ValueError())))


def test_a_fault_may_take_back_that_the_group_is_paused() -> None:
    assert not goes_on(knowing().strikes(LosePower()))


def test_what_a_real_server_does_is_seen_a_little_later() -> None:
    story = knowing().tells("worker-1", ConsumptionResumed(PATH, STREAM, GROUP))
    assert not list(paused(story.later(20).resumes_everywhere().history()))
