"""`clean-stop`: who stops leaves nothing behind that it did not hand back."""

from redis_streams.simulations.checkers import clean_stop
from redis_streams.simulations.plan import DeleteEntries, PauseServer, StopProcess
from support.stories import Story


def kinds(story: Story) -> list[str]:
    return [verdict.kind for verdict in clean_stop(story.history())]


def stopping() -> Story:
    """A worker is told to stop while it has two entries."""
    return Story().publishes("a", "b").reads("worker-1", "a", "b").strikes(StopProcess(), host="worker-1")


def test_what_is_handed_back_or_acknowledged_is_left_in_order() -> None:
    story = stopping().handles("worker-1", "a").acks("worker-1", "a").hands_back("worker-1", "b")
    assert not kinds(story.dies("worker-1", "stopped"))


def test_what_is_left_without_a_word_is_told() -> None:
    story = stopping().handles("worker-1", "a").hands_back("worker-1", "b").dies("worker-1", "stopped")
    assert kinds(story) == ["handled"]
    story = stopping().hands_back("worker-1", "a").dies("worker-1", "stopped")
    assert kinds(story) == ["not handed back"]


def test_who_renews_after_handing_back_has_it_again() -> None:
    story = stopping().hands_back("worker-1", "a", "b").renews("worker-1", "a").dies("worker-1", "stopped")
    assert kinds(story) == ["not handed back"]


def test_who_is_killed_hands_back_nothing() -> None:
    assert not kinds(stopping().dies("worker-1"))


def test_what_failed_waits_for_the_idle_limit() -> None:
    story = stopping().fails("worker-1", "a").hands_back("worker-1", "b").dies("worker-1", "stopped")
    assert not kinds(story)


def test_while_the_server_is_away_nothing_can_be_handed_back() -> None:
    assert not kinds(stopping().strikes(PauseServer()).dies("worker-1", "stopped"))


def test_a_fault_that_was_over_long_before_the_stop_is_no_excuse() -> None:
    story = Story().strikes(PauseServer()).later(60_000).publishes("a").reads("worker-1", "a")
    assert kinds(story.enters("stopping").dies("worker-1", "stopped")) == ["not handed back"]


def test_bodies_that_are_gone_are_handed_to_nobody() -> None:
    story = Story().publishes("a").reads("worker-1", "a").strikes(DeleteEntries()).trims(0).later(60_000)
    assert not kinds(story.enters("stopping").dies("worker-1", "stopped"))


def test_a_twin_may_have_it() -> None:
    story = stopping().reads("worker-1's twin", name="worker-1")
    assert not kinds(story.dies("worker-1", "stopped"))


def test_what_a_former_process_had_when_it_was_killed_was_never_its_own() -> None:
    story = Story().publishes("a").reads("worker-1", "a").dies("worker-1").lives("worker-1")
    assert not kinds(story.later(60_000).enters("stopping").dies("worker-1", "stopped"))
    story = Story().publishes("a").reads("worker-1", "a").dies("worker-1").lives("worker-1").claims("worker-1", "a")
    assert kinds(story.later(60_000).enters("stopping").dies("worker-1", "stopped")) == ["not handed back"]


def test_what_others_have_is_theirs() -> None:
    assert not kinds(stopping().claims("worker-2", "a", "b").dies("worker-1", "stopped"))


def late() -> Story:
    """A process sent something and was killed; another one of its name is there when an entry goes to the first."""
    story = Story().lives("worker-1").reads("worker-1").dies("worker-1").lives("worker-1").reads("worker-1")
    return story.publishes("a")


def test_what_a_late_read_of_a_former_process_brought_was_never_seen_by_this_one() -> None:
    assert kinds(late().reads("worker-1", "a").dies("worker-1", "stopped")) == ["not handed back"]
    assert not kinds(late().reads_late("worker-1", "a").dies("worker-1", "stopped"))
