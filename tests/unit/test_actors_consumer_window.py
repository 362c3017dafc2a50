"""How many entries are worth holding: what handlers do in a second, between two limits."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from redis_streams.actors._consumer_window import Window


def test_it_begins_small_and_grows_at_once_with_fast_handlers() -> None:
    """A first few entries show how fast they are."""
    window = Window(2, 300)
    assert window.places == 2
    assert window.look(0, 100.0) == 2
    assert window.look(2, 100.001) == 300


def test_slow_handlers_hold_about_a_second_of_work() -> None:
    """And never less than keeps every worker busy."""
    window = Window(2, 300)
    window.look(0, 0.0)
    assert window.look(50, 1.0) == 50
    assert window.look(51, 11.0) == 2


def test_a_time_in_which_nothing_was_handled_says_nothing() -> None:
    """Handlers that run for long are measured when they end, over all of that time."""
    window = Window(2, 300)
    window.look(0, 0.0)
    assert window.look(100, 1.0) == 100
    assert window.look(100, 2.0) == 100
    assert window.look(100, 3.0) == 100
    assert window.look(130, 4.0) == 10


def test_a_limit_below_what_workers_need_holds() -> None:
    """The user's word counts."""
    assert Window(20, 5).look(0, 0.0) == 5


@given(
    least=st.integers(1, 50),
    most=st.integers(1, 500),
    steps=st.lists(st.tuples(st.integers(0, 10_000), st.floats(0, 1e4)), max_size=20),
)
def test_it_stays_between_its_limits(least: int, most: int, steps: list[tuple[int, float]]) -> None:
    """Whatever comes, also two looks at the same moment."""
    window, handled, now = Window(least, most), 0, 0.0
    for done, seconds in steps:
        handled, now = handled + done, now + seconds
        assert min(least, most) <= window.look(handled, now) <= most
