"""`no-loss` speaks of what is gone for good, and of nothing that waits or was taken by name."""

from redis_streams.actors import GroupRecreated
from redis_streams.simulations.checkers import no_loss
from redis_streams.simulations.history import History
from redis_streams.simulations.plan import DeleteEntries
from redis_streams.wire import EntryId
from support.stories import GROUP, STREAM, Story


def kinds(history: History) -> list[tuple[str, tuple[str, ...]]]:
    return [(verdict.kind, verdict.event_ids) for verdict in no_loss(history)]


def test_what_is_handled_is_not_lost() -> None:
    assert not kinds(
        Story().publishes("a").reads("worker-1", "a").handles("worker-1", "a").acks("worker-1", "a").history()
    )


def test_acknowledged_before_the_handler_and_killed_is_lost() -> None:
    story = Story().publishes("a").reads("worker-1", "a").acks("worker-1", "a").dies("worker-1")
    assert kinds(story.history()) == [("acknowledged", ("a",))]


def test_a_group_that_begins_again_too_far_ahead_loses_what_it_skips() -> None:
    story = Story().publishes("a").skips("a").makes_group("worker-1", "$")
    assert kinds(story.history()) == [("skipped", ("a",))]


def test_a_consumer_that_is_deleted_with_what_it_held_loses_it() -> None:
    story = Story().publishes("a").reads("worker-1", "a").drops("a")
    assert kinds(story.history()) == [("skipped", ("a",))]


def test_what_waits_is_not_lost() -> None:
    assert not kinds(Story().publishes("a", "b").reads("worker-1", "a").history(live=False))


def test_a_dead_letter_is_not_lost() -> None:
    assert not kinds(Story().publishes("a").reads("worker-1", "a").buries("worker-1", "a").history())


def test_what_was_not_acknowledged_to_its_publisher_may_be_gone() -> None:
    assert not kinds(Story().publishing("a").adds("a").skips("a").published("a", "unknown").history())


def test_what_the_server_lost_by_name_is_excused_and_nothing_else() -> None:
    story = Story().publishes("a", "b").destroys("a").skips("b")
    assert kinds(story.history()) == [("skipped", ("b",))]


def test_what_was_lost_and_is_there_again_is_not_excused() -> None:
    story = Story().publishes("a").destroys("a").adds("a", "1700000000003-0").skips("a")
    assert kinds(story.history()) == [("skipped", ("a",))]


def test_trimming_by_a_fault_is_excused() -> None:
    assert not kinds(Story().publishes("a").strikes(DeleteEntries()).trims(0).history())


def test_trimming_by_a_process_of_the_application_is_not() -> None:
    assert kinds(Story().publishes("a").trims(0, by="worker-1").history()) == [("vanished", ("a",))]


def test_what_is_gone_without_a_reason_is_lost() -> None:
    story = Story().publishes("a").skips("a")
    story.entries.clear()
    assert kinds(story.history()) == [("vanished", ("a",))]


def test_a_new_group_gets_what_comes_after_its_start() -> None:
    story = Story(begins_at="1700000009999-0").publishes("a").skips("a")
    assert kinds(story.history()) == [("skipped", ("a",))]  # it came after the group was made: ids are not the point
    story = Story()
    story.told.records.clear()
    assert not kinds(story.publishes("a").skips("a").makes_group("worker-1", "$").history())


def test_events_of_types_that_nobody_in_the_group_wants_are_passed_over() -> None:
    story = Story().publishes("a", event_type="refund").reads("worker-1", "a").acks("worker-1", "a")
    assert not kinds(story.history(event_types=["order"]))
    assert kinds(story.history()) == [("acknowledged", ("a",))]


def made_again() -> Story:
    """A host made the group that was there again."""
    return Story().makes_group("worker-1", "0-0")


def silent(story: Story) -> bool:
    """Whether that is said of it a second later, when others have come and gone."""
    story.now_ms += 1000
    return kinds(story.dies("worker-3").history()) == [("in silence", ())]


def test_a_group_that_is_made_again_in_silence_hides_what_was_lost() -> None:
    assert silent(made_again())


def test_whoever_tells_it_breaks_the_silence() -> None:
    told = GroupRecreated("root", STREAM, GROUP, EntryId(0, 0), "it was gone")
    assert not silent(made_again().tells("worker-2", told))


def test_who_dies_before_it_can_tell_is_excused() -> None:
    assert not silent(made_again().dies("worker-1"))
