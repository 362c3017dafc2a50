"""`checkpoint-true`: the watermark passes nothing that is owed, and does not go back."""

from redis_streams.simulations.checkers import checkpoint_true
from redis_streams.simulations.plan import DeleteEntries, DeleteStream, DestroyGroup, LosePower
from support.stories import Story


def kinds(story: Story) -> list[str]:
    return [verdict.kind for verdict in checkpoint_true(story.history())]


def settled(*events: str) -> Story:
    return Story().publishes(*events).reads("worker-1", *events).handles("worker-1", *events)


def test_a_watermark_at_what_is_settled_is_right() -> None:
    assert not kinds(settled("a", "b").acks("worker-1", "a", "b").marks("worker-1", "b"))


def test_a_watermark_past_what_is_pending_is_told_with_the_events() -> None:
    story = settled("a", "b").acks("worker-1", "b").marks("worker-1", "b")
    passed, at_the_end = checkpoint_true(story.history())
    assert (passed.kind, passed.event_ids) == ("passed", ("a",))
    assert (at_the_end.kind, at_the_end.event_ids) == ("at the end", ("a",))


def test_a_watermark_past_what_is_unread_is_told() -> None:
    assert kinds(Story().publishes("a").marks("worker-1", "a")) == ["passed", "at the end"]


def test_a_watermark_that_goes_back_is_told() -> None:
    story = settled("a", "b").acks("worker-1", "a", "b").marks("worker-1", "b").marks("worker-1", "a")
    assert kinds(story) == ["went back", "behind"]


def test_after_the_stream_was_deleted_a_new_history_begins() -> None:
    story = settled("a").acks("worker-1", "a").marks("worker-1", "a").strikes(DeleteStream()).deletes_the_stream()
    assert not kinds(story.makes_group("worker-1", "0-0").marks("worker-1", "0-0"))


def test_what_a_power_loss_made_unsettled_again_must_not_be_passed() -> None:
    story = settled("a", "b").acks("worker-1", "a", "b").strikes(LosePower()).destroys(acknowledgements=["a"])
    assert kinds(story.marks("worker-1", "b")) == ["passed", "at the end"]


def test_after_a_power_loss_the_watermark_may_be_an_older_one() -> None:
    story = settled("a", "b").acks("worker-1", "a", "b").marks("worker-1", "b").strikes(LosePower())
    assert not kinds(story.marks("worker-1", "a"))


def test_entries_whose_bodies_are_gone_are_passed() -> None:
    story = settled("a", "b").strikes(DeleteEntries(1)).trims(1).acks("worker-1", "b").marks("worker-1", "b")
    assert not kinds(story)


def test_a_group_made_again_at_the_end_passes_what_it_owes() -> None:
    story = Story().publishes("a").strikes(DestroyGroup())
    story._applied("", b"XGROUP", b"DESTROY", b"orders", b"billing")
    story.makes_group("worker-1", "$").skips("a")
    assert kinds(story.marks("worker-1", "a")) == ["passed"]


def test_what_a_group_made_again_at_its_checkpoint_gets_once_more_is_owed_again() -> None:
    story = settled("a", "b").acks("worker-1", "a", "b").marks("worker-1", "a")
    story._applied("", b"XGROUP", b"DESTROY", b"orders", b"billing")
    story.makes_group("worker-1", story.ids["a"].decode()).reads("worker-1", "b")
    assert kinds(story.marks("worker-1", "b")) == ["passed", "at the end"]


def test_a_power_loss_may_undo_that_a_group_was_destroyed() -> None:
    """Then what was acknowledged before is settled again; until it is handed out, nobody can say."""
    story = settled("a", "b").acks("worker-1", "b").marks("worker-1", "0-1")
    story._applied("", b"XGROUP", b"DESTROY", b"orders", b"billing")
    story.makes_group("worker-1", "0-1")
    story.strikes(LosePower()).acks("worker-1", "a")
    assert kinds(story.marks("worker-1", "b")) == []
    story = settled("a", "b").acks("worker-1", "a", "b")
    story._applied("", b"XGROUP", b"DESTROY", b"orders", b"billing")
    story.makes_group("worker-1", "0-0").strikes(LosePower()).reads("worker-1", "a")
    assert kinds(story.marks("worker-1", "b")) == ["passed", "at the end"]


def test_a_power_loss_may_undo_a_delivery_and_then_a_seek_passes_the_entry() -> None:
    def sought(story: Story) -> list[str]:
        return kinds(story.seeks(story.ids["b"].decode()).marks("worker-1", "b"))

    assert "passed" in sought(settled("a", "b"))
    assert "passed" not in sought(settled("a", "b").strikes(LosePower()))
    assert "passed" in sought(settled("a", "b").strikes(LosePower()).reads("worker-1", "a"))


def test_a_watermark_that_stays_behind_what_is_settled_is_told() -> None:
    story = settled("a", "b").acks("worker-1", "a").marks("worker-1", "a").acks("worker-1", "b")
    [verdict] = checkpoint_true(story.history())
    assert verdict.kind == "behind"
    assert not list(checkpoint_true(story.history(live=False)))


def test_while_something_waits_it_may_be_behind() -> None:
    story = settled("a", "b").acks("worker-1", "a").marks("worker-1", "a")
    assert not kinds(story)


def test_behind_a_letter_or_an_acknowledgement_by_hand_it_may_stay() -> None:
    assert not kinds(settled("a", "b").acks("worker-1", "a").marks("worker-1", "a").buries("worker-1", "b"))
    assert not kinds(settled("a", "b").acks("worker-1", "a").marks("worker-1", "a").acks_plainly("worker-1", "b"))


def test_so_it_may_after_a_fault_of_the_server_or_a_deletion() -> None:
    story = settled("a", "b").acks("worker-1", "a").marks("worker-1", "a").strikes(LosePower())
    assert not kinds(story.acks("worker-1", "b"))
    story = settled("a", "b").acks("worker-1", "a").marks("worker-1", "a").trims(1)
    assert not kinds(story.acks("worker-1", "b"))
