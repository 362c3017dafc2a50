"""What is scheduled, and what is there: `scheduled-once`."""

from __future__ import annotations

from redis_streams.simulations.checkers import scheduled_once
from redis_streams.simulations.checkers._scheduled_once import LATE_MS, START_MS
from redis_streams.simulations.history import Cancelled, Scheduling, SchedulingEnded
from redis_streams.simulations.plan import LosePower
from support.stories import PRODUCER, STREAM, Story


def story(*outcomes: str, every_ms: float = 0.0, until_ms: float | None = None) -> Story:
    """Event "a" is scheduled for 1000 ms, by one call for each outcome."""
    told = Story()
    for outcome in outcomes:
        told.told.records += [
            Scheduling(told.now_ms, PRODUCER, STREAM, "a", "a", 1000.0, every_ms, until_ms),
            SchedulingEnded(told.now_ms, PRODUCER, STREAM, "a", outcome),
        ]
    return told


def cancel(told: Story, *, is_told: bool) -> Story:
    """It is cancelled now."""
    told.told.records.append(Cancelled(told.now_ms, PRODUCER, STREAM, "a", is_told))
    return told


def kinds(told: Story) -> list[str]:
    return [verdict.kind for verdict in scheduled_once(told.history())]


def test_once_after_its_time_is_right() -> None:
    assert not kinds(story("acknowledged").later(1000).adds("a"))


def test_before_its_time_twice_and_never_are_told() -> None:
    assert kinds(story("acknowledged").later(500).adds("a")) == ["early"]
    assert kinds(story("acknowledged").later(1000).adds("a").adds("a")) == ["twice"]
    assert kinds(story("acknowledged")) == ["forgotten"]


def test_long_after_its_time_is_told_but_not_during_the_faults() -> None:
    assert kinds(story("acknowledged").later(LATE_MS + 1100).adds("a")) == ["late"]
    assert not kinds(story("acknowledged").later(3000).enters("healing").later(LATE_MS - 10).adds("a"))


def test_what_nobody_was_told_of_may_be_there_or_not() -> None:
    assert not kinds(story("unknown"))
    assert not kinds(story("unknown").later(1000).adds("a"))
    assert not kinds(story("unknown", "acknowledged").later(1000).adds("a").adds("a"))


def test_what_was_refused_is_not_there() -> None:
    assert kinds(story("refused").later(1000).adds("a")) == ["twice"]


def test_what_was_cancelled_does_not_come_afterwards() -> None:
    assert not kinds(cancel(story("acknowledged"), is_told=False))
    assert not kinds(cancel(story("acknowledged").later(1000).adds("a").later(1), is_told=False))
    assert kinds(cancel(story("acknowledged"), is_told=True).later(1000).adds("a")) == ["cancelled"]


def test_what_recurs_is_there_once_for_each_time() -> None:
    every = {"every_ms": 1000.0, "until_ms": 3000.0}
    one, two, three = (f"a-{START_MS + ms}" for ms in (1000, 2000, 3000))
    assert not kinds(story("acknowledged", **every).later(1000).adds(one).later(2000).adds(two).adds(three))
    assert kinds(story("acknowledged", **every).later(1000).adds(one).later(2000).adds(three)) == ["forgotten"]
    assert kinds(story("acknowledged", **every).later(3000).adds(one).adds(two).adds(two).adds(three)) == ["twice"]
    assert kinds(story("acknowledged", **every).later(1000).adds(one)) == ["forgotten"]
    assert kinds(story("acknowledged", **every)) == ["forgotten"]


def test_what_was_appended_can_not_be_cancelled_as_still_to_come() -> None:
    appended = story("acknowledged").later(1000).adds("a")
    assert kinds(cancel(appended, is_told=True)) == ["over"]
    assert not kinds(cancel(story("acknowledged").later(1000).adds("a").strikes(LosePower()), is_told=True))
    assert not kinds(cancel(story("acknowledged", "acknowledged").later(1000).adds("a"), is_told=True))
