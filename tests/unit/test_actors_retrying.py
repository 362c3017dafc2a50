"""What comes next for an event whose handler failed, as a function of what happened."""

from __future__ import annotations

import pytest
from redis_streams.actors._retrying import Again, Bury, after_failure, before_beginning

MAX = 3


@pytest.mark.parametrize(("deliveries", "limit"), [(1, MAX), (2, MAX), (1, None), (1_000_000, None)])
def test_below_the_limit_it_comes_again(deliveries: int, limit: int | None) -> None:
    """Without a limit for ever."""
    assert after_failure(deliveries, ValueError("bad"), limit) == Again()
    assert before_beginning(deliveries + 1, limit) is None


@pytest.mark.parametrize("deliveries", [MAX, MAX + 1])
def test_after_the_last_delivery_it_is_buried(deliveries: int) -> None:
    """Also where the limit was higher once."""
    assert isinstance(after_failure(deliveries, None, MAX), Bury)


def test_the_reason_says_what_the_handler_did() -> None:
    """In one line, whatever the error says."""
    error = ValueError("no such\nsku " + "x" * 5000)
    reason = after_failure(3, error, MAX)
    assert isinstance(reason, Bury)
    assert reason.reason.startswith("its handler raised ValueError: no such sku xxx")
    assert reason.reason.endswith("… (delivery 3 of 3)")
    assert after_failure(3, None, MAX) == Bury("its handler declined (delivery 3 of 3)")


def test_what_never_returned_is_buried_before_it_begins_once_more() -> None:
    """It killed its process each time."""
    spent = before_beginning(MAX + 1, MAX)
    assert spent == Bury("it was delivered 3 times, of 3 at most, and the last of its handlers never returned")
    assert "delivered once" in (before_beginning(2, 1) or spent).reason
