"""What is published and what is there: `publish-once`, `unexpected`."""

from redis_streams.simulations.checkers import Checker, publish_once, publish_once_within, unexpected
from support.stories import Story


def kinds(check: Checker, story: Story) -> list[str]:
    return [verdict.kind for verdict in check(story.history())]


def test_published_once_and_there_once_is_right() -> None:
    story = Story().publishes("a", "b")
    assert not kinds(publish_once, story)
    assert not kinds(publish_once_within(1000.0), story)


def test_a_blind_second_try_is_told() -> None:
    story = Story().publishing("a").adds("a").adds("a").published("a")
    assert kinds(publish_once, story) == ["repeated"]


def test_a_publish_that_was_refused_left_nothing() -> None:
    story = Story().publishing("a").adds("a").published("a", "refused")
    assert kinds(publish_once, story) == ["refused"]


def test_an_event_with_a_token_that_was_refused_each_time_is_not_there() -> None:
    """One time that nobody knows of explains an entry."""
    story = Story().publishing("a", once_ms=1000).published("a", "refused")
    story.publishing("a", once_ms=1000).adds("a").published("a", "refused")
    assert kinds(publish_once, story) == ["refused"]
    story.publishing("a", once_ms=1000).published("a", "unknown")
    assert not kinds(publish_once, story)


def test_refused_and_published_again_is_right() -> None:
    assert not kinds(publish_once, Story().publishing("a").published("a", "refused").publishes("a"))


def test_an_unknown_outcome_may_have_left_an_entry() -> None:
    assert not kinds(publish_once, Story().publishing("a").adds("a").published("a", "unknown"))


def test_publishing_again_makes_a_second_entry_unless_there_is_a_window() -> None:
    story = Story().publishing("a").adds("a").published("a", "unknown").publishes("a")
    assert not kinds(publish_once, story)
    assert kinds(publish_once_within(1000.0), story) == ["twice"]
    later = Story().publishes("a").later(2000).publishes("a")
    assert not kinds(publish_once_within(1000.0), later)


def test_what_is_remembered_is_there_once_however_often_it_is_published() -> None:
    story = Story().publishing("a", once_ms=1000).adds("a").published("a", "unknown")
    assert not kinds(publish_once, story)
    story.publishing("a", once_ms=1000).adds("a").published("a")
    assert kinds(publish_once, story) == ["twice"]


def test_what_was_destroyed_with_its_token_may_be_appended_again() -> None:
    story = Story().publishing("a", once_ms=1000).adds("a").destroys("a").adds("a").published("a")
    assert not kinds(publish_once, story)


def test_dead_letters_repeat_an_event_and_are_no_second_one() -> None:
    assert not kinds(publish_once, Story().publishes("a").reads("worker-1", "a").buries("worker-1", "a"))


def test_what_is_handled_was_published() -> None:
    assert not kinds(unexpected, Story().publishes("a").handles("worker-1", "a"))


def test_what_nobody_published_is_told() -> None:
    assert kinds(unexpected, Story().handles("worker-1", "ghost")) == ["never published"]


def test_what_is_handled_before_it_is_published_is_told() -> None:
    assert kinds(unexpected, Story().handles("worker-1", "a").publishes("a")) == ["never published"]


def test_what_no_codec_reads_reaches_no_handler() -> None:
    story = Story().publishing("a", undecodable=True).adds("a").published("a")
    assert kinds(unexpected, story.handles("worker-1", "a")) == ["undecodable"]


def test_what_others_wrote_into_the_stream_may_be_handled() -> None:
    assert not kinds(unexpected, Story().adds("a", by="").handles("worker-1", "a"))
