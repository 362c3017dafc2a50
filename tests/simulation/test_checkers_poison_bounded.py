"""`poison-bounded`: what always fails is dead-lettered after N deliveries, and nothing healthy is."""

from redis_streams import DependencyAway, DependencyBack
from redis_streams.simulations.checkers import poison_bounded, poison_bounded_by
from redis_streams.simulations.plan import DestroyGroup
from support.stories import GROUP, STREAM, Story


def kinds(story: Story, *, live: bool = True) -> list[str]:
    return [verdict.kind for verdict in poison_bounded_by(2)(story.history(live=live))]


def read() -> Story:
    return Story().publishes("a").reads("worker-1", "a")


def test_a_dead_letter_after_so_many_failures_is_right() -> None:
    assert not kinds(read().fails("worker-1", "a").fails("worker-1", "a").buries("worker-1", "a"))


def test_one_failure_more_is_told() -> None:
    story = read().fails("worker-1", "a").fails("worker-1", "a").fails("worker-1", "a")
    assert kinds(story, live=False) == ["unbounded"]


def test_what_failed_so_often_must_not_stay_pending() -> None:
    assert kinds(read().fails("worker-1", "a").fails("worker-1", "a")) == ["not buried"]


def test_a_group_that_was_lost_counts_anew() -> None:
    story = read().fails("worker-1", "a").fails("worker-1", "a").strikes(DestroyGroup()).fails("worker-1", "a")
    assert not kinds(story, live=False)


def test_a_healthy_event_is_not_dead_lettered() -> None:
    assert kinds(read().buries("worker-1", "a")) == ["healthy"]
    assert kinds(read().fails("worker-1", "a").buries("worker-1", "a")) == ["too soon"]


def test_an_event_on_which_processes_die_is_not_healthy() -> None:
    story = read().starts("worker-1", "a").dies("worker-1").starts("worker-2", "a").dies("worker-2")
    assert not kinds(story.buries("worker-3", "a"))


def test_what_no_codec_reads_is_dead_lettered_at_once() -> None:
    story = Story().publishing("a", undecodable=True).adds("a").published("a").reads("worker-1", "a")
    assert not kinds(story.buries("worker-1", "a"))


def test_a_delivery_beyond_the_limit_is_not_to_begin() -> None:
    """As of an event that kills its process each time: it never failed."""
    story = read()
    for number in (1, 2, 3):
        story = story.starts(f"worker-{number}", "a", delivery=number).dies(f"worker-{number}")
    assert kinds(story, live=False) == ["begun"]


def test_a_group_without_a_limit_promises_nothing() -> None:
    """Each group has its own, which its runs say."""
    story = read().fails("worker-1", "a").fails("worker-1", "a").fails("worker-1", "a")
    assert not list(poison_bounded(story.history(live=False)))


def cut() -> Story:
    """By a stop, in its first run."""
    return read().starts("worker-1", "a").ends("worker-1", "a", "cancelled").hands_back("worker-1", "a", count=1)


def test_a_first_run_that_was_cut_short_counts() -> None:
    failed = cut().starts("worker-1", "a", delivery=2).ends("worker-1", "a", "failed")
    assert not kinds(failed.buries("worker-1", "a"))


def test_a_later_one_that_was_cut_short_and_handed_back_does_not() -> None:
    story = read().fails("worker-1", "a").starts("worker-1", "a", delivery=2).ends("worker-1", "a", "cancelled")
    assert kinds(story.hands_back("worker-1", "a", count=1).buries("worker-1", "a")) == ["too soon"]


def test_a_hand_back_that_leaves_its_delivery_takes_no_cut_run_off() -> None:
    """A crash cut it, and its dead letter was refused until the process was stopped."""
    story = read().fails("worker-1", "a").starts("worker-1", "a", delivery=2).ends("worker-1", "a", "cancelled")
    assert not kinds(story.hands_back("worker-1", "a", count=2).buries("worker-1", "a"))


def in_an_outage() -> Story:
    return read().fails_by_an_outage("worker-1", "a").fails_by_an_outage("worker-1", "a")


def outages(story: Story) -> list[str]:
    return [verdict.kind for verdict in poison_bounded(story.history(live=False))]


def test_failures_by_an_outage_are_not_counted() -> None:
    assert not kinds(in_an_outage().fails_by_an_outage("worker-1", "a"))


def test_nothing_is_given_up_by_an_outage_alone() -> None:
    assert outages(in_an_outage().buries("worker-1", "a")) == ["outage"]


def test_what_could_not_be_told_before_another_took_over_counts() -> None:
    """Redis was away, or the process was killed."""
    taken = in_an_outage().claims("worker-2", "a")
    assert not outages(taken.buries("worker-2", "a"))


def test_what_was_told_and_counts_all_the_same_is_found() -> None:
    told = in_an_outage().hands_back("worker-1", "a", count=1).claims("worker-2", "a")
    assert outages(told.buries("worker-2", "a")) == ["outage"]


def test_what_fails_while_another_one_succeeds_may_be_given_up() -> None:
    story = Story().publishes("a", "b").reads("worker-1", "a", "b").fails_by_an_outage("worker-1", "a")
    story.handles("worker-1", "b").fails_by_an_outage("worker-1", "a")
    assert not outages(story.buries("worker-1", "a"))


def paused() -> Story:
    """Two events are in hand, and something is away."""
    story = Story().publishes("a", "b").reads("worker-1", "a", "b")
    return story.tells("worker-1", DependencyAway("root", STREAM, GROUP, "db", OSError(), 1.0))


def test_while_consumption_is_paused_one_event_is_tried_after_the_other() -> None:
    assert not outages(paused().fails_by_an_outage("worker-1", "a").starts("worker-1", "b"))


def test_but_not_one_beside_the_other() -> None:
    assert outages(paused().starts("worker-1", "a").starts("worker-1", "b")) == ["not paused"]


def test_when_it_has_resumed_they_may_run_side_by_side() -> None:
    resumed = DependencyBack("root", STREAM, GROUP, "db", 1.0, 1)
    assert not outages(paused().tells("worker-1", resumed).starts("worker-1", "a", "b"))


def test_another_process_pauses_for_itself() -> None:
    assert not outages(paused().starts("worker-1", "a").starts("worker-2", "b"))


def test_what_is_handed_back_unbegun_has_used_up_nothing() -> None:
    assert not outages(read().hands_back("worker-1", "a"))
    assert outages(read().hands_back("worker-1", "a", count=1)) == ["used up"]


def test_a_first_delivery_that_had_begun_stays_counted() -> None:
    assert not outages(read().starts("worker-1", "a").ends("worker-1", "a", "cancelled").hands_back("worker-1", "a"))


def test_nor_is_it_known_of_what_was_delivered_before() -> None:
    assert not outages(read().claims("worker-2", "a").hands_back("worker-2", "a", count=1))


def with_a_letter_refused(error: bytes = b"WRONGTYPE") -> Story:
    story = Story().publishes("a", "b").reads("worker-1", "a", "b").fails_to_bury("worker-1", error)
    return story.handles("worker-1", "b")


def test_what_is_handled_waits_for_no_letter_that_is_refused() -> None:
    assert outages(with_a_letter_refused().later(6000.0).acks("worker-1", "b")) == ["held up"]
    assert not outages(with_a_letter_refused().acks("worker-1", "b").later(6000.0))


def test_who_died_acknowledges_nothing() -> None:
    assert not outages(with_a_letter_refused().dies("worker-1").later(6000.0))


def test_what_keeps_a_letter_away_for_a_while_may_keep_the_rest_too() -> None:
    assert not outages(with_a_letter_refused(b"READONLY").later(6000.0))


def waiting() -> Story:
    """It failed, and is to come again in a second."""
    return read().fails("worker-1", "a").delays("worker-1", "a", 1000)


def test_what_waits_for_its_retry_is_delivered_at_its_time() -> None:
    assert not outages(waiting().later(1000).claims("worker-2", "a"))
    assert outages(waiting().later(500).claims("worker-2", "a")) == ["early"]


def test_the_last_delay_counts() -> None:
    assert outages(waiting().later(900).delays("worker-1", "a", 1000).later(500).claims("worker-2", "a")) == ["early"]


def test_what_a_seek_or_a_group_made_again_delivers_anew_does_not_wait() -> None:
    assert not outages(waiting().seeks("0-0", "a").reads("worker-2", "a"))
    assert not outages(waiting().makes_group("worker-2", "0-0").reads("worker-2", "a"))


def test_a_fault_may_forget_for_how_long_it_waits() -> None:
    assert not outages(waiting().strikes(DestroyGroup()).claims("worker-2", "a"))
