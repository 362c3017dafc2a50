"""Checkers by their names, and all of them on one history."""

from redis_streams.simulations.checkers import ALL, AT_LEAST_ONCE, judge, key_order, no_loss, poison_bounded
from support.stories import Story


def calm() -> Story:
    story = Story().publishes("a", "b", key="k").lives("worker-1").reads("worker-1", "a", "b")
    story.handles("worker-1", "a", "b").acks("worker-1", "a", "b").marks("worker-1", "b")
    return story.enters("healing").enters("stopping").dies("worker-1", "stopped").enters("over")


def test_where_nothing_goes_wrong_nobody_speaks() -> None:
    assert judge(calm().history(), ALL.values()) == []


def test_each_speaks_under_the_name_by_which_it_is_found() -> None:
    story = Story().publishes("a", key="k").acks_plainly("worker-1", "a").skips("a")
    for verdict in judge(story.history(), ALL.values()):
        assert [verdict] == [each for each in ALL[verdict.promise](story.history()) if each == verdict]


def test_of_a_history_without_anything_nobody_has_anything_to_say() -> None:
    history = calm().history()
    history.records.clear()
    history.groups, history.streams = (), {}
    assert judge(history, ALL.values()) == []


def test_what_is_not_kept_today_is_not_in_the_set_that_is() -> None:
    assert {no_loss, poison_bounded} <= set(AT_LEAST_ONCE)
    assert key_order not in AT_LEAST_ONCE


def test_what_is_derived_is_derived_anew_when_there_is_more() -> None:
    story = Story().publishes("a").reads("worker-1", "a").handles("worker-1", "a")
    assert judge(story.history(), AT_LEAST_ONCE) == []
    assert [verdict.promise for verdict in judge(story.acks("worker-2", "a").history(), AT_LEAST_ONCE)] == ["fenced"]
