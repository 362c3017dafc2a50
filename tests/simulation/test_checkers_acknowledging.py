"""Who may acknowledge what: `ack-implies-done`, `cancelled-never-acks`, `fenced`, `id-reuse`."""

import pytest
from attrs import evolve
from redis_streams import LeaseLost
from redis_streams.simulations.checkers import (
    Checker,
    ack_implies_done,
    cancelled_never_acks,
    fenced,
    id_reuse,
)
from redis_streams.simulations.history import HandlerStarted, History
from redis_streams.simulations.plan import DeleteEntries, FailOver, PauseProcess
from support.stories import GROUP, STREAM, Story

ID = "1700000000500-0"


def kinds(check: Checker, history: History) -> list[str]:
    return [verdict.kind for verdict in check(history)]


def read() -> Story:
    """An event is in a worker's hands."""
    return Story().publishes("a").reads("worker-1", "a")


@pytest.mark.parametrize("check", [ack_implies_done, cancelled_never_acks, fenced, id_reuse])
def test_handled_then_acknowledged_is_right(check: Checker) -> None:
    assert not kinds(check, read().handles("worker-1", "a").acks("worker-1", "a").history())


# ack-implies-done


def test_an_acknowledgement_before_the_handler_is_told() -> None:
    assert kinds(ack_implies_done, read().acks("worker-1", "a").handles("worker-1", "a").history()) == ["not begun"]


def test_an_acknowledgement_while_the_handler_runs_is_told() -> None:
    story = read().starts("worker-1", "a").acks("worker-1", "a").ends("worker-1", "a")
    assert kinds(ack_implies_done, story.history()) == ["running"]


def test_an_acknowledgement_after_a_failure_is_told() -> None:
    story = read().fails("worker-1", "a").acks("worker-1", "a")
    [verdict] = ack_implies_done(story.history())
    assert verdict.kind == "failed"
    assert verdict.event_ids == ("a",)
    assert "worker-1 acknowledged a " in verdict.words


def test_what_another_host_handled_may_be_acknowledged() -> None:
    story = read().handles("worker-1", "a").dies("worker-1").claims("worker-2", "a").acks("worker-2", "a")
    assert not kinds(ack_implies_done, story.history())


def test_dead_letters_are_acknowledged_unhandled() -> None:
    assert not kinds(ack_implies_done, read().buries("worker-1", "a").history())


def test_an_event_that_nobody_can_read_is_not_acknowledged_without_a_dead_letter() -> None:
    story = Story().publishing("a", undecodable=True).adds("a").published("a").reads("worker-1", "a")
    assert kinds(ack_implies_done, story.acks("worker-1", "a").history()) == ["not begun"]


def test_entries_whose_bodies_are_gone_are_acknowledged_unhandled() -> None:
    story = read().strikes(DeleteEntries()).trims(0).acks("worker-1", "a")
    assert not kinds(ack_implies_done, story.history())


def test_events_that_the_group_does_not_want_are_acknowledged_unhandled() -> None:
    assert not kinds(ack_implies_done, read().acks("worker-1", "a").history(event_types=["refund"]))


def test_what_somebody_acknowledges_by_hand_is_their_business() -> None:
    assert not kinds(ack_implies_done, read().acks_plainly("", "a").history())


def test_a_run_of_another_event_with_the_same_id_is_no_reason() -> None:
    story = Story().publishing("a").adds("a", ID).published("a").reads("worker-1", "a").handles("worker-1", "a")
    story.strikes(FailOver()).destroys("a")
    story.server = 1
    story.publishing("b").adds("b", ID).published("b").reads("worker-1", "b").acks("worker-1", "b")
    assert kinds(ack_implies_done, story.history()) == ["another"]
    assert kinds(id_reuse, story.history()) == ["taken for another"]
    [verdict] = id_reuse(story.history())
    assert verdict.event_ids == ("a", "b")


# id-reuse


def test_an_id_that_is_handed_out_again_does_no_harm_where_both_events_are_handled() -> None:
    story = Story().publishing("a").adds("a", ID).published("a").reads("worker-1", "a").handles("worker-1", "a")
    story.strikes(FailOver()).destroys("a")
    story.server = 1
    story.publishing("b").adds("b", ID).published("b").reads("worker-1", "b")
    assert not kinds(id_reuse, story.handles("worker-1", "b").acks("worker-1", "b").history())


# cancelled-never-acks


def test_an_acknowledgement_of_what_was_cancelled_is_told() -> None:
    story = read().starts("worker-1", "a").ends("worker-1", "a", "cancelled").acks("worker-1", "a")
    assert kinds(cancelled_never_acks, story.history()) == ["acknowledged"]


def test_that_somebody_else_handled_it_is_no_excuse_for_who_was_cancelled() -> None:
    story = read().starts("worker-1", "a").ends("worker-1", "a", "cancelled")
    story.handles("worker-2", "a").acks("worker-1", "a")
    assert kinds(cancelled_never_acks, story.history()) == ["acknowledged"]


def test_who_was_cancelled_and_handles_it_again_may_acknowledge() -> None:
    story = read().starts("worker-1", "a").ends("worker-1", "a", "cancelled")
    assert not kinds(cancelled_never_acks, story.handles("worker-1", "a").acks("worker-1", "a").history())


def test_an_earlier_acknowledgement_may_arrive_after_the_next_process_was_cancelled() -> None:
    story = read().handles("worker-1", "a").dies("worker-1")
    story.starts("worker-1", "a").ends("worker-1", "a", "cancelled").acks("worker-1", "a")
    assert not kinds(cancelled_never_acks, story.history())


# fenced


def taken_over() -> Story:
    """Another worker has the event now."""
    return read().starts("worker-1", "a").claims("worker-2", "a").ends("worker-1", "a")


def test_who_lost_an_entry_may_not_acknowledge_it() -> None:
    [verdict] = fenced(taken_over().acks("worker-1", "a").history())
    assert verdict.kind == "lost"
    assert "had lost to worker-2" in verdict.words


def test_nor_by_a_plain_xack_that_asks_nobody() -> None:
    assert kinds(fenced, taken_over().acks_plainly("worker-1", "a").history()) == ["lost"]


def test_who_took_it_over_may() -> None:
    assert not kinds(fenced, taken_over().handles("worker-2", "a").acks("worker-2", "a").history())


def test_consumers_of_one_process_are_told_apart() -> None:
    story = Story().publishes("a").reads("worker-1", "a", name="worker-1-0").claims("worker-1", "a", name="worker-1-1")
    story.handles("worker-1", "a")
    assert kinds(fenced, story.acks("worker-1", "a", name="worker-1-0").history()) == ["lost"]


def test_a_twin_of_the_same_name_is_the_same_owner() -> None:
    story = read().claims("worker-1's twin", "a", name="worker-1").handles("worker-1", "a").acks("worker-1", "a")
    assert not kinds(fenced, story.history())


def test_after_a_failover_nobody_knows_whose_an_entry_is() -> None:
    story = taken_over().strikes(FailOver())
    story.server = 1
    assert not kinds(fenced, story.acks("worker-1", "a").history())


def test_until_it_is_claimed_again() -> None:
    story = taken_over().strikes(FailOver())
    story.server = 1
    assert kinds(fenced, story.claims("worker-2", "a").acks("worker-1", "a").history()) == ["lost"]


def test_to_acknowledge_what_is_not_pending_does_nothing() -> None:
    story = taken_over().handles("worker-2", "a").acks("worker-2", "a").acks_plainly("worker-1", "a")
    assert not kinds(fenced, story.history())


def test_who_lost_an_entry_may_not_begin_it() -> None:
    [verdict] = fenced(read().claims("worker-2", "a").starts("worker-1", "a").history())
    assert verdict.kind == "begun"
    assert "worker-1 began a " in verdict.words
    assert "had lost to worker-2" in verdict.words


def test_after_a_failover_whoever_has_it_may_begin() -> None:
    story = read().claims("worker-2", "a").strikes(FailOver())
    assert not kinds(fenced, story.starts("worker-1", "a").history())


def test_a_renewal_may_not_take_it_back() -> None:
    [verdict] = fenced(taken_over().renews("worker-1", "a").history())
    assert verdict.kind == "renewed"
    assert "worker-1 renewed a " in verdict.words


def test_nor_may_a_delay_or_a_hand_back() -> None:
    assert kinds(fenced, taken_over().delays("worker-1", "a", 500).history()) == ["delayed"]
    assert kinds(fenced, taken_over().hands_back("worker-1", "a").history()) == ["handed back"]


LOST = LeaseLost("root", STREAM, GROUP, ())


def told() -> Story:
    """The event was taken over, and its former owner has learnt of it while its handler runs."""
    story = read().starts("worker-1", "a").claims("worker-2", "a")
    return story.tells("worker-1", evolve(LOST, raw_ids=(story.ids["a"],)))


def test_who_goes_on_with_what_is_lost_was_not_told() -> None:
    [verdict] = fenced(told().later(2000).ends("worker-1", "a").history())
    assert verdict.kind == "not told"
    assert "worker-1 told that a " in verdict.words


def test_a_handler_that_is_cancelled_when_its_event_is_lost_is_right() -> None:
    assert not kinds(fenced, told().ends("worker-1", "a", "cancelled").later(2000).handles("worker-2", "a").history())


def test_a_handler_that_is_to_finish_may() -> None:
    story = told().later(2000).ends("worker-1", "a")
    begun = next(record for record in story.told.records if isinstance(record, HandlerStarted))
    story.told.records[story.told.records.index(begun)] = evolve(begun, finishes=True)
    assert not kinds(fenced, story.history())


def test_who_stands_still_goes_on_with_nothing() -> None:
    story = told().strikes(PauseProcess(5000), host="worker-1").later(5000).ends("worker-1", "a", "cancelled")
    assert not kinds(fenced, story.history())


def test_who_is_dead_goes_on_with_nothing() -> None:
    assert not kinds(fenced, told().dies("worker-1").later(5000).handles("worker-2", "a").history())


def test_a_renewal_of_what_is_held_is_right() -> None:
    assert not kinds(fenced, read().renews("worker-1", "a").handles("worker-1", "a").history())
