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
    assert kinds(story) == ["went back"]


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
