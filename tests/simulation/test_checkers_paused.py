"""What may begin while a group is paused: `paused`."""

from redis_streams.actors import ConsumptionPaused, ConsumptionResumed
from redis_streams.simulations.checkers import paused
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
