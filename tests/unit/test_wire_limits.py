"""Time limits and backoff."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis_streams.wire import Retry, Timeouts


@given(st.integers(min_value=0, max_value=10_000), st.integers())
def test_a_delay_is_below_the_doubled_bound_and_the_greatest(tries: int, seed: int) -> None:
    """Full jitter: anything between nothing and the bound, also after more tries than a float can double."""
    delay = Retry(base_delay_seconds=0.5, max_delay_seconds=20).delay(tries, Random(seed))
    assert 0 <= delay <= min(20, 0.5 * 2 ** min(tries, 10))


def test_the_same_seed_gives_the_same_delays() -> None:
    """A simulation replays from its seed alone."""
    retry = Retry()
    one, other = Random(5), Random(5)
    assert [retry.delay(n, one) for n in range(9)] == [retry.delay(n, other) for n in range(9)]


def test_jitter_spreads_over_the_whole_range() -> None:
    """Clients that were cut off together do not come back together."""
    rng = Random(1)
    delays = [Retry(base_delay_seconds=1).delay(0, rng) for _ in range(200)]
    assert min(delays) < 0.1
    assert max(delays) > 0.9


@pytest.mark.parametrize("name", ["connect_seconds", "reply_seconds", "block_margin_seconds"])
def test_a_time_limit_is_above_zero(name: str) -> None:
    """The bad value is shown."""
    with pytest.raises(ValueError, match="-1"):
        Timeouts(**{name: -1})
    with pytest.raises(ValueError, match="0"):
        Timeouts(**{name: 0})


def test_retries_are_counted_or_endless() -> None:
    """None means no end; less than none makes no sense."""
    assert Retry(max_retries=None).max_retries is None
    with pytest.raises(ValueError, match="-1"):
        Retry(max_retries=-1)
    with pytest.raises(ValueError, match="0"):
        Retry(base_delay_seconds=0)
