"""How the reclaimer paces itself; what it finds is in tests of real and simulated servers."""

from __future__ import annotations

import pytest
from redis_streams.actors._reclaimer import LOAD_MAX, REST_SECONDS_MAX, rest_seconds


def test_looks_in_vain_take_no_more_than_their_part_of_the_time() -> None:
    """The time of a look and of the rest after it."""
    rest = rest_seconds(0.001, 1.0)
    assert 0.001 / (0.001 + rest) == pytest.approx(LOAD_MAX)


def test_what_could_be_offered_needs_no_rest() -> None:
    """It was paced by who took it; and of what was found in part, that part."""
    assert rest_seconds(0.001, 0.0) == 0
    assert rest_seconds(0.001, 0.5) == pytest.approx(rest_seconds(0.001, 1.0) / 2)


def test_a_slow_network_makes_no_long_rests() -> None:
    """A look that takes a second is no work of a second for the server."""
    assert rest_seconds(1.0, 1.0) == REST_SECONDS_MAX
