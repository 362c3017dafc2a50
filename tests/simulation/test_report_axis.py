"""Where moments are on the page: long waits short, the order kept, nothing touching."""

from itertools import pairwise

from hypothesis import example, given
from hypothesis import strategies as st
from redis_streams.simulations.report._axis import MARGIN, WIDEST, axis_of


def test_equal_steps_are_equally_wide() -> None:
    """Where something happens the axis is to scale."""
    axis = axis_of([0, 1, 2, 3, 5], [1] * 5)
    steps = [after - before for before, after in pairwise(axis.places)]
    assert steps == [steps[0], steps[0], steps[0], 2 * steps[0]]
    assert axis.gaps == []


def test_a_long_wait_is_drawn_short_and_says_its_length() -> None:
    """An hour takes no more room than it must."""
    axis = axis_of([0, 1, 2, 3, 3_600_003], [1] * 5)
    assert [gap.ms for gap in axis.gaps] == [3_600_000]
    assert WIDEST < axis.gaps[0].width < 3 * WIDEST


def test_what_happens_in_one_moment_stands_side_by_side() -> None:
    """Each record gets the room that it needs."""
    assert axis_of([4, 4, 4], [5, 7, 9]).places == [MARGIN, MARGIN + 5, MARGIN + 12]


@example([0.0, 5e-324, 1e6])
@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=30).map(sorted))
def test_the_order_of_time_is_that_of_the_page(times: list[float]) -> None:
    """However the times lie, a later record is never further left, and a moment lies between its neighbours."""
    axis = axis_of(times, [1.0] * len(times))
    assert list(axis.places) == sorted(axis.places)
    assert axis.places[-1] <= axis.width
    for before, after in pairwise(times):
        assert axis.x_at(before) <= axis.x_at((before + after) / 2) <= axis.x_at(after)


def test_ticks_keep_their_distance() -> None:
    """Their names would be unreadable otherwise."""
    places = [x for x, _ in axis_of(range(500), [1] * 500).ticks()]
    assert min(after - before for before, after in pairwise(places)) >= 100


def test_nothing_at_all_has_an_axis() -> None:
    """A run that crashed at once has no record."""
    assert axis_of([], []).ticks
    assert list(axis_of([], []).ticks()) == []
