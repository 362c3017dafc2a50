"""When a group pauses for something that is away, when it goes on, and what may be given up meanwhile."""

from __future__ import annotations

import sys
from random import Random

import pytest
from redis_streams import Dependency, Reject, RetryLater
from redis_streams.actors._dependency import JITTER, Breaker

if sys.version_info < (3, 11):
    from exceptiongroup import ExceptionGroup

DB = Dependency("db", (ConnectionError, TimeoutError), after=3, delay_seconds=1.0, max_delay_seconds=8.0)
MAIL = Dependency("mail", OSError, after=2)


def breaker(*dependencies: Dependency) -> Breaker:
    return Breaker(dependencies or (DB,), Random(1), lambda: None)


def opened() -> Breaker:
    """Three events have failed at second 100."""
    found = breaker()
    for raw_id in (b"1-0", b"2-0", b"3-0"):
        found.failed(raw_id, 1, "me", DB, 100.0)
    return found


def trying() -> Breaker:
    """The first pause is over."""
    found = opened()
    found.look(found.until)
    return found


# What says that something is away


@pytest.mark.parametrize("error", [ConnectionResetError("gone"), TimeoutError(), ExceptionGroup("", [TimeoutError()])])
def test_errors_of_the_classes_and_groups_of_them_say_so(error: Exception) -> None:
    assert DB.explains(error)


@pytest.mark.parametrize(
    "error", [None, ValueError("no"), ExceptionGroup("", [TimeoutError(), ValueError()]), Reject("no"), RetryLater(1)]
)
def test_others_do_not(error: Exception | None) -> None:
    assert not DB.explains(error)
    assert not Dependency("all", Exception).explains(error) or isinstance(error, ValueError | ExceptionGroup)


def test_the_first_dependency_that_an_error_fits_is_meant() -> None:
    found = breaker(DB, MAIL)
    assert found.dependency(ConnectionError()) is DB
    assert found.dependency(PermissionError()) is MAIL
    assert found.dependency(ValueError()) is None


@pytest.mark.parametrize("errors", [(), "ConnectionError", (ValueError("an instance"),), (KeyboardInterrupt,)])
def test_classes_of_errors_are_asked_for(errors: tuple[type[Exception], ...]) -> None:
    with pytest.raises((TypeError, ValueError), match="class"):
        Dependency("db", errors)


def test_one_event_alone_can_not_say_that_all_fail() -> None:
    with pytest.raises(ValueError, match="after"):
        Dependency("db", ConnectionError, after=1)


# Opening


def test_different_events_that_fail_in_a_row_open_it() -> None:
    found = breaker()
    assert not found.failed(b"1-0", 1, "me", DB, 0.0)
    assert not found.failed(b"2-0", 1, "me", DB, 0.0)
    assert found.failed(b"3-0", 1, "me", DB, 0.0)
    assert (found.state, found.by, found.places(300)) == ("open", DB, 0)


def test_one_that_fails_again_and_again_does_not() -> None:
    found = breaker()
    assert not any(found.failed(b"1-0", delivery, "me", DB, 0.0) for delivery in range(1, 20))


def test_a_success_begins_the_row_anew() -> None:
    found = breaker()
    for raw_id in (b"1-0", b"2-0"):
        found.failed(raw_id, 1, "me", DB, 0.0)
    found.succeeded(b"9-0")
    assert not found.failed(b"3-0", 1, "me", DB, 0.0)


def test_the_failures_that_opened_it_are_not_to_count() -> None:
    found = breaker()
    found.failed(b"1-0", 4, "me", DB, 0.0)
    found.failed(b"1-0", 5, "me", DB, 0.0)
    found.failed(b"2-0", 1, "another", DB, 0.0)
    found.failed(b"3-0", 2, "me", DB, 0.0)
    counted = {raw_id: failures.counted for raw_id, failures in found.take_forgiven("me").items()}
    assert counted == {b"1-0": 3, b"3-0": 1}
    assert [failures.counted for failures in found.take_forgiven("another").values()] == [1]
    assert not found.take_forgiven("me")


def test_a_failure_of_another_kind_in_between_counts() -> None:
    """It is not taken back with those that opened it."""
    found = breaker()
    found.failed(b"1-0", 3, "me", DB, 0.0)
    found.failed_otherwise(b"1-0", 4, "me")
    found.failed_otherwise(b"9-0", 4, "me")
    found.failed(b"2-0", 1, "me", DB, 0.0)
    found.failed(b"3-0", 1, "me", DB, 0.0)
    assert {raw_id: failures.counted for raw_id, failures in found.take_forgiven("me").items()}[b"1-0"] == 3


# Open, and trying


def test_while_it_is_open_nothing_begins_and_after_the_pause_one_event_does() -> None:
    found = opened()
    found.look(100.9)
    assert not found.may_begin(b"4-0")
    assert found.until <= 101 + JITTER
    found.look(found.until)
    assert found.places(300) == 1
    assert found.may_begin(b"4-0")
    assert not found.may_begin(b"5-0")


def test_its_success_closes_it() -> None:
    found = trying()
    found.may_begin(b"4-0")
    assert found.succeeded(b"4-0") == 100.0
    assert (found.state, found.by, found.places(300)) == ("closed", None, 300)


def test_what_began_before_and_succeeds_does_not() -> None:
    found = opened()
    assert found.succeeded(b"0-1") is None
    assert found.state == "open"


def test_its_failure_opens_it_for_twice_as_long_up_to_the_longest() -> None:
    found, pauses = trying(), list[float]()
    for number in range(4, 10):
        raw_id = b"%d-0" % number
        assert found.may_begin(raw_id)
        now = 1000.0 * number
        assert found.failed(raw_id, 1, "me", DB, now)
        pauses.append(found.until - now)
        found.look(found.until)
    assert all(least <= pause <= least * (1 + JITTER) for least, pause in zip((2, 4, 8, 8, 8, 8), pauses, strict=True))


def test_where_it_ends_without_saying_anything_another_one_is_tried() -> None:
    found = trying()
    found.may_begin(b"4-0")
    found.ended(b"4-0")
    assert found.may_begin(b"5-0")


def test_what_was_tried_is_passed_over_in_every_other_round() -> None:
    """Else one that always fails might be the one that is tried each time, or stand before all that is new."""
    found = trying()
    found.may_begin(b"4-0")
    found.failed(b"4-0", 2, "me", DB, 200.0)
    rounds = list[list[bytes]]()
    for _ in range(4):
        found.look(found.until)
        rounds.append(list(found.eligible([b"4-0", b"5-0"])))
    assert sorted(map(len, rounds)) == [1, 1, 2, 2]
    assert [b"5-0"] in rounds


# Giving up


def failing_at_its_limit(found: Breaker, raw_id: bytes) -> bool:
    proven = found.is_proven(raw_id)
    found.failed(raw_id, 16, "me", DB, 0.0)
    return proven


def test_what_fails_between_two_successes_and_once_more_may_be_given_up() -> None:
    found = breaker()
    found.succeeded(b"8-0")
    assert not failing_at_its_limit(found, b"1-0")
    found.succeeded(b"9-0")
    assert failing_at_its_limit(found, b"1-0")


def test_what_fails_while_nothing_succeeds_may_not() -> None:
    found = breaker()
    assert not any(failing_at_its_limit(found, b"1-0") for _ in range(50))
    assert found.doubts(b"1-0") == 50


def test_nor_what_fails_in_one_outage_and_in_the_next() -> None:
    found = breaker()
    found.succeeded(b"8-0")
    assert not failing_at_its_limit(found, b"1-0")
    found.failed(b"2-0", 1, "me", DB, 0.0)
    found.succeeded(b"9-0")
    assert not failing_at_its_limit(found, b"1-0")


def test_a_success_of_its_own_clears_it() -> None:
    found = breaker()
    found.succeeded(b"8-0")
    failing_at_its_limit(found, b"1-0")
    found.succeeded(b"1-0")
    assert not failing_at_its_limit(found, b"1-0")
