"""`bounded-duplicates`: each further run has a reason of its own."""

from redis_streams.simulations.checkers import bounded_duplicates
from redis_streams.simulations.plan import (
    Effect,
    FailOver,
    KillProcess,
    LosePower,
    Partition,
    PauseProcess,
    PauseServer,
    Raise,
    Slow,
    StartTwin,
    StopProcess,
)
from support.stories import Story


def kinds(story: Story) -> list[str]:
    return [verdict.kind for verdict in bounded_duplicates(story.history())]


def read() -> Story:
    return Story().publishes("a").reads("worker-1", "a")


def handled_twice(effect: Effect | None = None, *, host: str = "worker-1", later_ms: float = 0) -> Story:
    """By both workers, and between the two something happens."""
    story = read().handles("worker-1", "a")
    if effect is not None:
        story.strikes(effect, host=host)
    return story.later(later_ms).claims("worker-2", "a").handles("worker-2", "a")


def test_once_is_right() -> None:
    assert not kinds(read().handles("worker-1", "a").acks("worker-1", "a"))


def test_twice_without_a_reason_is_told() -> None:
    assert kinds(handled_twice()) == ["one after the other"]


def test_twice_at_the_same_time_is_another_failure() -> None:
    story = read().starts("worker-1", "a").claims("worker-2", "a").starts("worker-2", "a")
    assert kinds(story) == ["beside each other"]


def test_each_failure_is_a_reason_for_one_more() -> None:
    assert not kinds(read().fails("worker-1", "a").fails("worker-2", "a").handles("worker-1", "a"))
    assert kinds(read().fails("worker-1", "a").handles("worker-2", "a").handles("worker-1", "a"))


def test_a_fault_of_the_host_the_server_or_the_whole_link_is_one() -> None:
    assert not kinds(handled_twice(PauseProcess()))
    assert not kinds(handled_twice(PauseServer(), host=""))
    assert not kinds(handled_twice(Partition(), host=""))


def test_a_split_brain_has_both_sides_hand_it_out_and_its_end_takes_an_acknowledgement_back() -> None:
    """Three runs of one fault; without the loss the third is told."""
    for lost in (("a",), ()):
        story = read().strikes(FailOver(split_ms=100), host="").handles("worker-1", "a").acks("worker-1", "a")
        story.handles("worker-2", "a").later(100).destroys(acknowledgements=lost, why="the end of the split brain")
        assert bool(kinds(story.claims("worker-1", "a").handles("worker-1", "a"))) == (not lost)


def test_with_a_second_process_of_the_same_name_a_fault_is_a_reason_for_both() -> None:
    """Each of the two takes what it finds under the name."""
    for effects, allowed in (([StartTwin(), LosePower()], 4), ([LosePower()], 2)):
        story = read()
        for effect in effects:
            story.strikes(effect, host="worker-1")
        for _ in range(allowed):
            story.handles("worker-1", "a")
        assert not kinds(story)
        assert kinds(story.handles("worker-1", "a"))


def test_a_fault_of_somebody_else_is_none() -> None:
    assert kinds(handled_twice(PauseProcess(), host="worker-3")) == ["one after the other"]


def test_a_fault_that_was_over_long_before_is_none() -> None:
    story = Story().strikes(Partition(100.0), host="worker-1").later(60_000).publishes("a").reads("worker-1", "a")
    assert kinds(story.handles("worker-1", "a").handles("worker-2", "a")) == ["one after the other"]


def test_a_fault_before_the_first_run_that_is_still_felt_is_one() -> None:
    story = read().strikes(Partition(5000.0), host="worker-1").later(1000)
    assert not kinds(story.handles("worker-1", "a").handles("worker-2", "a"))


def test_one_fault_is_a_reason_for_one_more_and_not_for_two() -> None:
    story = handled_twice(PauseProcess()).claims("worker-1", "a").handles("worker-1", "a")
    assert kinds(story) == ["one after the other, touched"]


def test_the_end_of_a_process_counts_once_however_it_came_about() -> None:
    story = read().starts("worker-1", "a").strikes(KillProcess(), host="worker-1").dies("worker-1")
    story.claims("worker-2", "a").handles("worker-2", "a")
    assert not kinds(story)
    assert kinds(story.handles("worker-2", "a"))


def test_a_stop_that_cancelled_it_is_a_reason() -> None:
    story = read().starts("worker-1", "a").strikes(StopProcess(), host="worker-1")
    story.ends("worker-1", "a", "cancelled").hands_back("worker-1", "a").dies("worker-1", "stopped")
    assert not kinds(story.claims("worker-2", "a").handles("worker-2", "a"))


def test_a_stop_that_came_after_its_end_is_none() -> None:
    story = read().handles("worker-1", "a").strikes(StopProcess(), host="worker-1").dies("worker-1", "stopped")
    assert kinds(story.claims("worker-2", "a").handles("worker-2", "a")) == ["one after the other"]


def test_a_slow_handler_is_none() -> None:
    story = read().strikes(Slow(), host="worker-1", action="handler").handles("worker-1", "a")
    assert kinds(story.handles("worker-2", "a")) == ["one after the other"]


def test_a_handler_that_raises_after_its_end_was_noted_is_one() -> None:
    story = read().handles("worker-1", "a").strikes(Raise(), host="worker-1", action="handler", before=False)
    assert not kinds(story.claims("worker-2", "a").handles("worker-2", "a"))


def test_an_event_that_was_published_twice_may_run_twice() -> None:
    story = read().handles("worker-1", "a").acks("worker-1", "a").publishes("a").reads("worker-1", "a")
    assert not kinds(story.handles("worker-1", "a"))
