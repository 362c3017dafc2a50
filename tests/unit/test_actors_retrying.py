"""What comes next for an event whose handler failed, as a function of what happened."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis_streams.actors import Reject, RetryLater, RetryPolicy, Rules
from redis_streams.actors._retrying import Again, Bury, after_failure, before_beginning

MAX = 3
STEADY = RetryPolicy(immediate=2, delay_seconds=10, max_delay_seconds=100, jitter=0)


def what_next(deliveries: int, error: Exception | None = None, **rules: object) -> Again | Bury:
    return after_failure(deliveries, error, Rules(**rules), Random(1))  # type: ignore[arg-type]


@pytest.mark.parametrize(("deliveries", "limit"), [(1, MAX), (2, MAX), (1, None), (1_000_000, None)])
def test_below_the_limit_it_comes_again(deliveries: int, limit: int | None) -> None:
    """Without a limit for ever."""
    assert isinstance(what_next(deliveries, ValueError("bad"), max_deliveries=limit), Again)
    assert before_beginning(deliveries + 1, limit) is None


@pytest.mark.parametrize("deliveries", [MAX, MAX + 1])
@pytest.mark.parametrize("error", [None, ValueError(), RetryLater(), RetryLater(5)])
def test_after_the_last_delivery_it_is_buried(deliveries: int, error: Exception | None) -> None:
    """Also where the limit was higher once, and whatever the handler asks for."""
    assert isinstance(what_next(deliveries, error, max_deliveries=MAX), Bury)


def test_the_reason_says_what_the_handler_did() -> None:
    """In one line, whatever the error says."""
    reason = what_next(3, ValueError("no such\nsku " + "x" * 5000), max_deliveries=3)
    assert isinstance(reason, Bury)
    assert reason.reason.startswith("its handler raised ValueError: no such sku xxx")
    assert reason.reason.endswith("… (delivery 3 of 3)")
    assert what_next(3, max_deliveries=3) == Bury("its handler declined (delivery 3 of 3)")


def test_what_never_returned_is_buried_before_it_begins_once_more() -> None:
    """It killed its process each time."""
    spent = before_beginning(MAX + 1, MAX)
    assert spent == Bury("it was delivered 3 times, of 3 at most, and the last of its handlers never returned")
    assert "delivered once" in (before_beginning(2, 1) or spent).reason


def test_the_waits_grow_from_none_to_the_longest() -> None:
    """So many at once, then twice as long each time."""
    waits = [what_next(number, ValueError(), policy=STEADY) for number in range(1, 9)]
    assert waits == [Again(seconds) for seconds in (0, 0, 10, 20, 40, 80, 100, 100)]
    assert what_next(10_000, ValueError(), policy=STEADY) == Again(100)


def test_without_a_policy_the_first_wait_is_the_idle_limit() -> None:
    """After an exception; what was declined comes after it each time, as it always did."""
    first = what_next(1, ValueError(), idle_seconds=30)
    assert isinstance(first, Again)
    assert 30 <= (first.after_seconds or 0) <= 45
    assert what_next(7, None) == Again(None)
    assert what_next(3, None, policy=STEADY) == Again(10)


@given(st.integers(1, 100), st.integers(0, 2**32), st.floats(0, 10), st.floats(0.001, 1000))
def test_jitter_only_lengthens_and_never_beyond_the_longest(
    deliveries: int, seed: int, jitter: float, delay: float
) -> None:
    """Whatever the dice say."""
    policy = RetryPolicy(delay_seconds=delay, max_delay_seconds=500, jitter=jitter)
    steady = RetryPolicy(delay_seconds=delay, max_delay_seconds=500, jitter=0)
    wait = policy.delay(deliveries, 30, Random(seed))
    assert min(500, steady.delay(deliveries, 30, Random(0))) <= wait <= 500


def test_a_handler_may_say_when_or_that_never() -> None:
    """By what it raises or returns."""
    assert what_next(1, RetryLater(7.5)) == Again(7.5)
    assert what_next(1, RetryLater(0)) == Again(0)
    assert what_next(4, RetryLater(), policy=STEADY) == Again(20)
    assert what_next(1, Reject("no such customer")) == Bury("its handler rejected it: no such customer")
    assert what_next(1, Reject("x"), max_deliveries=None) == Bury("its handler rejected it: x")


class Wordless(Exception):
    """What it says can't be made."""

    def __str__(self) -> str:
        raise TypeError


class Rejected(Wordless, Reject):
    """As a handler's own class may be, that never called `Reject`'s."""

    def __init__(self) -> None:
        pass


class Later(Wordless, RetryLater):
    """The same."""

    def __init__(self) -> None:
        pass


def test_a_broken_class_of_a_handler_s_error_is_no_trouble() -> None:
    """It broke: the consumer crashed, and with the next restarts the runtime ended."""
    assert what_next(1, Rejected()) == Bury("its handler rejected it: (its text can't be made)")
    assert isinstance(what_next(MAX, Wordless(), max_deliveries=MAX), Bury)
    assert what_next(4, Later(), policy=STEADY) == Again(20)


@pytest.mark.parametrize("after", ["soon", float("nan"), -1])
def test_a_time_that_is_none_in_a_class_of_a_handler_s_is_left_to_the_policy(after: object) -> None:
    """It broke: the consumer crashed at it, each time."""
    error = Later()
    error.after = after  # type: ignore[assignment]
    assert what_next(4, error, policy=STEADY) == Again(20)


def test_errors_may_have_rules_of_their_own() -> None:
    """The nearest class counts."""
    patient = RetryPolicy(delay_seconds=60, jitter=0)
    policy = RetryPolicy(delay_seconds=1, jitter=0, errors={OSError: patient, ConnectionError: "reject"})
    assert what_next(1, KeyError("x"), policy=policy) == Again(1)
    assert what_next(1, FileNotFoundError(), policy=policy) == Again(60)
    buried = what_next(1, ConnectionResetError("gone"), policy=policy)
    assert buried == Bury("its handler raised ConnectionResetError: gone, which is not tried again")


def test_where_nobody_looks_for_what_is_due_nothing_waits_for_its_time() -> None:
    """It comes as if there were no policy; at once is still at once."""
    assert what_next(3, ValueError(), policy=STEADY, delays=False) == Again(None)
    assert what_next(1, ValueError(), policy=STEADY, delays=False) == Again(0)


@pytest.mark.parametrize(
    "wrong",
    [
        {"immediate": -1},
        {"delay_seconds": 0},
        {"max_delay_seconds": 0},
        {"jitter": -0.1},
        {"errors": {"ValueError": "reject"}},
        {"errors": {ValueError: "never"}},
    ],
)
def test_a_policy_that_makes_no_sense_is_refused(wrong: dict[str, object]) -> None:
    """Where it is said, and not when something fails."""
    with pytest.raises((ValueError, TypeError)):
        RetryPolicy(**wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("after", [-1, float("inf"), float("nan")])
def test_a_time_that_is_none_is_refused(after: float) -> None:
    """In the handler, where it can be seen."""
    with pytest.raises(ValueError, match="after must be"):
        RetryLater(after)
