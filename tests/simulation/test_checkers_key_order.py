"""`key-order`: events of one key are handled one after the other, in the order of the stream."""

from redis_streams.simulations.checkers import key_order
from redis_streams.simulations.plan import DeleteEntries
from support.stories import Story


def overtaken(story: Story) -> list[tuple[str, ...]]:
    return [verdict.event_ids for verdict in key_order(story.history())]


def one_key() -> Story:
    return Story().publishes("a", "b", key="k").reads("worker-1", "a", "b")


def test_one_after_the_other_is_right() -> None:
    assert not overtaken(one_key().handles("worker-1", "a", "b"))


def test_the_later_one_first_is_told() -> None:
    assert overtaken(one_key().handles("worker-1", "b", "a")) == [("a", "b")]


def test_beside_each_other_is_told() -> None:
    assert overtaken(one_key().starts("worker-1", "a").starts("worker-2", "b")) == [("a", "b")]


def test_the_key_waits_for_a_retry() -> None:
    assert overtaken(one_key().fails("worker-1", "a").handles("worker-1", "b")) == [("a", "b")]
    assert not overtaken(one_key().fails("worker-1", "a").handles("worker-1", "a", "b"))


def test_other_keys_and_events_without_one_go_on() -> None:
    story = Story().publishes("a", key="k").publishes("b", key="l").publishes("c", "d")
    assert not overtaken(story.handles("worker-1", "b", "d", "c", "a"))


def test_dead_letters_and_what_is_gone_hold_nobody_up() -> None:
    assert not overtaken(one_key().buries("worker-1", "a").handles("worker-1", "b"))
    assert not overtaken(one_key().strikes(DeleteEntries(1)).trims(1).handles("worker-1", "b"))


def test_an_earlier_one_that_is_handled_once_more_is_not_out_of_order() -> None:
    assert not overtaken(one_key().handles("worker-1", "a", "b").claims("worker-2", "a").handles("worker-2", "a"))
