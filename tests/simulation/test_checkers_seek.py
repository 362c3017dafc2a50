"""What a seek makes of the promises: what comes after its place is to be handled anew, what it passes over is not."""

import pytest
from redis_streams.simulations.checkers import (
    Checker,
    ack_implies_done,
    bounded_duplicates,
    checkpoint_true,
    fenced,
    no_loss,
)
from redis_streams.simulations.plan import LosePower
from support.stories import Story

ALL = (ack_implies_done, bounded_duplicates, checkpoint_true, fenced, no_loss)


def handled() -> Story:
    """An event that was handled and acknowledged."""
    return Story().publishes("a").reads("worker-1", "a").handles("worker-1", "a").acks("worker-1", "a")


@pytest.mark.parametrize("check", ALL)
def test_what_is_handled_anew_after_a_seek_is_right(check: Checker) -> None:
    story = handled().seeks("0-0").reads("worker-2", "a").handles("worker-2", "a").acks("worker-2", "a")
    assert not list(check(story.history()))


@pytest.mark.parametrize("check", ALL)
def test_what_was_in_hand_is_no_acknowledgement_when_it_is_taken_back(check: Checker) -> None:
    story = Story().publishes("a").reads("worker-1", "a").starts("worker-1", "a").seeks("0-0", "a")
    story.reads("worker-2", "a").ends("worker-1", "a").handles("worker-2", "a").acks("worker-2", "a")
    assert not list(check(story.history()))


def test_an_acknowledgement_for_a_run_that_began_before_is_told() -> None:
    story = Story().publishes("a").reads("worker-1", "a").starts("worker-1", "a").seeks("0-0", "a")
    story.reads("worker-1", "a").ends("worker-1", "a").acks("worker-1", "a")
    [verdict] = ack_implies_done(story.history())
    assert verdict.kind == "before a seek"


def test_more_runs_than_a_seek_explains_are_told() -> None:
    story = handled().seeks("0-0").reads("worker-1", "a")
    for _ in range(3):
        story.handles("worker-1", "a")
    assert len(list(bounded_duplicates(story.acks("worker-1", "a").history()))) == 1


def test_what_a_seek_passes_over_is_not_lost() -> None:
    story = Story().publishes("a", "b")
    story.seeks(story.ids["b"].decode())
    story.unread.clear()
    assert not list(no_loss(story.history()))


def test_what_comes_after_the_place_of_a_seek_can_be_lost() -> None:
    story = Story().publishes("a", "b")
    story.seeks(story.ids["a"].decode())
    story.unread.clear()
    [verdict] = no_loss(story.history())
    assert verdict.event_ids == ("b",)


def test_a_checkpoint_may_go_back_with_a_seek() -> None:
    story = handled()
    story.marks("worker-1", story.ids["a"].decode()).seeks("0-0").marks("worker-9", "0-0")
    assert not list(checkpoint_true(story.history()))


def test_what_is_pending_before_the_place_of_a_seek_stays() -> None:
    story = Story().publishes("a", "b").reads("worker-1", "a")
    story.seeks(story.ids["b"].decode())
    story.unread.clear()
    assert not list(no_loss(story.history()))
    [verdict] = no_loss(story.drops("a").history())
    assert verdict.event_ids == ("a",)


def test_what_a_seek_takes_back_is_delivered_anew() -> None:
    story = Story().publishes("a").reads("worker-1", "a")
    story.seeks(story.ids["a"].decode(), "a")
    story.unread.clear()
    [verdict] = no_loss(story.history())
    assert verdict.event_ids == ("a",)


def test_what_a_fault_may_have_undone_is_not_pending_for_sure() -> None:
    story = Story().publishes("a").reads("worker-1", "a").strikes(LosePower())
    story.seeks(story.ids["a"].decode())
    assert not list(no_loss(story.drops("a").history()))


def test_a_later_seek_may_pass_over_what_was_taken_back() -> None:
    story = Story().publishes("a").reads("worker-1", "a").seeks("0-0", "a")
    story.seeks(story.ids["a"].decode())
    story.unread.clear()
    assert not list(no_loss(story.history()))
