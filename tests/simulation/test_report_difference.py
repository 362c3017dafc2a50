"""Where two runs part, and what came of it."""

from redis_streams.simulations.report._difference import difference_of
from support.histories import duplicate_run, well


def test_runs_part_at_the_first_record_that_differs() -> None:
    """Here the fault, of which the other run knows nothing."""
    difference = difference_of(duplicate_run(), well())
    assert difference is not None
    assert difference.here[0].kind == "fault"
    assert difference.there[0].words.startswith("XACK")
    assert difference.before[-1].words == "handler of order-1 returns (run 1)"


def test_only_events_that_fared_differently_are_named() -> None:
    """With what became of them here and there."""
    difference = difference_of(duplicate_run(), well())
    assert difference is not None
    assert [(fate.name, fate.here, fate.there) for fate in difference.fates] == [
        ("order-3", "3 runs, acknowledged", "1 run, acknowledged")
    ]
    assert ("fault", 2, 0) in difference.counts


def test_equal_histories_do_not_differ() -> None:
    """There is nothing to be shown then."""
    assert difference_of(well(), well()) is None


def test_a_history_that_ends_early_parts_at_its_end() -> None:
    """Nothing follows there."""
    short = well()
    short.records = short.records[:10]
    difference = difference_of(short, well())
    assert difference is not None
    assert (difference.same, difference.here) == (10, [])
    assert difference.there
