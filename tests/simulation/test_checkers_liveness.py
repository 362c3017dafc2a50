"""`liveness` says what waits and why, and not what the plan has fail for ever."""

from redis_streams.actors import ChildStarted
from redis_streams.simulations.checkers import liveness
from support.stories import Story


def kinds(story: Story) -> list[str]:
    return [verdict.kind for verdict in liveness(story.history(live=False))]


def test_a_live_run_is_not_spoken_of() -> None:
    assert not list(liveness(Story().publishes("a").history(live=True)))


def test_what_was_never_delivered_is_named() -> None:
    [verdict] = liveness(Story().publishes("a", "b").history(live=False))
    assert verdict.kind == "unread"
    assert verdict.event_ids == ("a", "b")
    assert "2 entries wait for billing in orders: a was never delivered" in verdict.words


def test_what_is_pending_is_named_with_who_has_it() -> None:
    story = Story().publishes("a").lives("worker-1").reads("worker-1", "a").dies("worker-1")
    [verdict] = liveness(story.history(live=False))
    assert verdict.kind == "pending"
    assert "a is pending under worker-1, which is gone, after 1 deliveries" in verdict.words


def test_of_many_entries_the_first_few_are_told() -> None:
    [verdict] = liveness(Story().publishes(*"abcdefgh").history(live=False))
    assert verdict.words.endswith("and 3 more")


def test_what_always_fails_waits_for_ever_if_somebody_tries_it() -> None:
    story = Story().publishes("a", fails=-1).reads("worker-1", "a").fails("worker-1", "a").enters("healing")
    assert kinds(story) == ["pending"]
    assert not kinds(story.claims("worker-2", "a").fails("worker-2", "a"))


def test_what_fails_once_does_not() -> None:
    story = Story().publishes("a", fails=1).enters("healing").reads("worker-1", "a").fails("worker-1", "a")
    assert kinds(story) == ["pending"]


def test_what_a_host_had_that_is_broken_for_good_is_to_be_taken_over() -> None:
    story = Story(broken_for_good=["worker-1"]).publishes("a").reads("worker-1", "a").reads("worker-2")
    assert kinds(story) == ["pending"]


def test_where_all_are_broken_for_good_nobody_is_left() -> None:
    assert not kinds(Story(broken_for_good=["worker-1"]).publishes("a", "b").reads("worker-1", "a"))


def test_what_was_settled_only_by_the_stop_came_too_late() -> None:
    story = Story().publishes("a").reads("worker-1", "a").handles("worker-1", "a").acks("worker-1", "a")
    assert kinds(story) == ["late"]


def test_what_a_late_read_of_a_dead_process_brought_waits_for_whoever_reclaims() -> None:
    """If there is nobody, it waits for the next start."""
    story = Story().lives("worker-1").reads("worker-1").dies("worker-1").lives("worker-1").publishes("a")
    assert not kinds(story.reads_late("worker-1", "a"))
    assert kinds(story.tells("worker-1", ChildStarted("root/groups/group:orders:billing/reclaimer", 1))) == ["pending"]
    assert kinds(Story().lives("worker-1").publishes("a").reads("worker-1", "a")) == ["pending"]
