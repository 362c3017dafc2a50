"""`bounded-memory`: no consumer holds more than its prefetch."""

from redis_streams.simulations.checkers import bounded_memory
from redis_streams.simulations.plan import LoseReply, Shape
from support.stories import Story


def story(prefetch: int | None = 2) -> Story:
    return Story(shape=Shape(prefetch=prefetch)).publishes(*"abcdef")


def kinds(told: Story) -> list[str]:
    return [verdict.words for verdict in bounded_memory(told.history())]


def test_as_many_as_fit_are_right_again_and_again() -> None:
    told = story().reads("worker-1", "a", "b").handles("worker-1", "a").acks("worker-1", "a").reads("worker-1", "c")
    assert not kinds(told)


def test_one_more_is_told() -> None:
    told = story().reads("worker-1", "a", "b").reads("worker-1", "c").reads("worker-1", "d")
    assert kinds(told) == ["worker-1 held 3 entries of orders for billing; prefetch is 2"]


def test_where_none_is_said_the_default_counts() -> None:
    assert not kinds(story(None).reads("worker-1", *"abcdef"))


def test_each_consumer_has_places_of_its_own() -> None:
    assert not kinds(story().reads("worker-1", "a", "b").reads("worker-2", "c", "d"))
    told = story().reads("worker-1", "a", "b", name="worker-1-0").reads("worker-1", "c", name="worker-1-1")
    assert not kinds(told)


def test_what_failed_was_handed_back_or_was_taken_over_takes_no_place() -> None:
    assert not kinds(story().reads("worker-1", "a", "b").fails("worker-1", "a").reads("worker-1", "c"))
    assert not kinds(story().reads("worker-1", "a", "b").hands_back("worker-1", "a").reads("worker-1", "c"))
    assert not kinds(story().reads("worker-1", "a", "b").claims("worker-2", "a").reads("worker-1", "c"))


def test_a_renewal_that_was_under_way_brings_back_nothing_that_failed() -> None:
    told = story().reads("worker-1", "a", "b").fails("worker-1", "a").renews("worker-1", "a").reads("worker-1", "c")
    assert not kinds(told)


def test_what_was_in_hand_when_a_process_died_is_not() -> None:
    assert not kinds(story().reads("worker-1", "a", "b").dies("worker-1").reads("worker-1", "c", "d"))


def test_what_a_consumer_says_that_it_lost_takes_no_place_of_its_own() -> None:
    assert not kinds(story().reads("worker-1", "a", "b").loses("worker-1", "a").reads("worker-1", "c"))
    assert len(kinds(story().reads("worker-1", "a", "b").loses("worker-2", "a").reads("worker-1", "c"))) == 1


def test_what_comes_on_a_read_of_a_former_history_is_left_to_the_recovery() -> None:
    told = story().reads("worker-1", "a", "b").is_refused_for_its_history("worker-1").reads("worker-1", "c", "d")
    assert not kinds(told)
    assert len(kinds(told.later(6000).reads("worker-1", "a", "b", "e"))) == 1


def test_what_was_delivered_into_trouble_may_be_unknown_to_the_consumer() -> None:
    told = story().strikes(LoseReply(), host="worker-1", action="XREADGROUP")
    assert not kinds(told.reads("worker-1", "a", "b").reads("worker-1", "c"))


def test_but_what_it_renews_it_holds() -> None:
    told = story().strikes(LoseReply(), host="worker-1", action="XREADGROUP").reads("worker-1", "a", "b", "c")
    assert len(kinds(told.renews("worker-1", "a", "b", "c"))) == 1


def test_two_processes_of_one_name_hold_twice_as_much() -> None:
    told = story().reads("worker-1", "a", "b").reads("worker-1's twin", "c", "d", name="worker-1")
    assert not kinds(told)
    assert len(kinds(told.reads("worker-1's twin", "e", name="worker-1"))) == 1
