"""When an event that recurs is due: at which times, and what becomes of those that nobody saw."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest
from redis_streams.actors import Recurrence

SECOND, MINUTE, HOUR = 1000, 60_000, 3_600_000


def ms(text: str) -> int:
    """A time in UTC, in milliseconds."""
    return int(datetime.fromisoformat(text).replace(tzinfo=timezone.utc).timestamp() * 1000)


def test_it_comes_every_so_often_counted_from_its_first_time() -> None:
    """A look that is late shifts nothing."""
    recurrence = Recurrence(every=10)
    assert recurrence.first(3) == 10_003
    assert recurrence.plan(10_003, 10_003) == ([10_003], 20_003)
    assert recurrence.plan(10_003, 15_000) == ([10_003], 20_003)


@pytest.mark.parametrize(
    ("missed", "made", "again"),
    [("once", [0], 40_000), ("all", [0, 10_000, 20_000, 30_000], 40_000), ("skip", [0], 40_000)],
)
def test_what_was_missed_is_made_up_for_as_asked(missed: str, made: list[int], again: int) -> None:
    """By one event, or by one for each time; what is less than a minute late is not missed."""
    assert Recurrence(every=10, missed=missed).plan(0, 35_000) == (made, again)


def test_what_is_more_than_a_minute_late_can_be_left_out() -> None:
    """It comes again at the next time that there is."""
    assert Recurrence(every=10, missed="skip").plan(0, 65_000) == ([], 70_000)


def test_a_long_outage_is_made_up_for_in_parts() -> None:
    """What is left is due at once."""
    made, again = Recurrence(every=1, missed="all").plan(0, HOUR)
    assert (len(made), again) == (100, 100 * SECOND)


def test_cron_is_told_by_the_clock_of_a_place() -> None:
    """Also where that changes to summer time; once a day is once a day."""
    recurrence = Recurrence(cron="30 2 * * *", zone="Europe/Berlin")
    assert recurrence.first(ms("2026-03-27T12:00")) == ms("2026-03-28T01:30")
    assert recurrence.plan(ms("2026-03-28T01:30"), ms("2026-03-28T01:31")) == (
        [ms("2026-03-28T01:30")],
        ms("2026-03-29T01:00"),  # 2:30 is not there on that day
    )


def test_after_its_end_it_does_not_come() -> None:
    """Nor if there never was a time before it."""
    recurrence = Recurrence(every=10, until_ms=25_000)
    assert recurrence.plan(10_000, 10_000) == ([10_000], 20_000)
    assert recurrence.plan(20_000, 20_000) == ([20_000], None)
    assert recurrence.first(20_000) is None


@pytest.mark.parametrize(
    "recurrence",
    [Recurrence(every=1.5, missed="all", until_ms=7), Recurrence(cron="*/5 9-17 * * 1-5", zone="Asia/Tokyo")],
)
def test_it_can_be_read_as_it_was_written(recurrence: Recurrence) -> None:
    """It is kept in Redis as a line of text."""
    assert Recurrence.parse(recurrence.rule) == recurrence


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"every": 0.1}, "every must be 1 or more seconds, not 0.1"),
        ({"cron": "tomorrow"}, "'tomorrow' is no cron expression like '0 3"),
        ({"every": 1, "cron": "* * * * *"}, "give one of the two"),
        ({"cron": "* * * * *", "zone": "Berlin"}, "'Berlin' is no time zone like 'Europe/Berlin'"),
        ({"every": 1, "missed": "twice"}, "missed"),
    ],
)
def test_mistakes_are_told_where_it_is_made(wrong: dict[str, object], words: str) -> None:
    """With the value, and what may stand there."""
    with pytest.raises(ValueError, match=words):
        Recurrence(**wrong)


def test_a_rule_that_cannot_be_read_is_a_mistake_of_its_kind() -> None:
    """It may be one of a later version."""
    with pytest.raises(ValueError, match="'monthly' says not how an event recurs"):
        Recurrence.parse("monthly")
