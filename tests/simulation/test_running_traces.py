"""Where two traces part: the line, who was running, and what each of them has there."""

from redis_streams.simulations.plan import Plan
from redis_streams.simulations.running._tasks import RunReport, RunTask
from redis_streams.simulations.running._traces import first_difference


def report(hash_seed: str, *lines: str) -> RunReport:
    return RunReport(RunTask(Plan(1, "x"), "trace"), "held", hash_seed=hash_seed, trace_lines=lines)


def test_the_first_line_that_differs_is_shown_with_who_ran() -> None:
    """Turns are told by age and name; a draw and a record are not turns."""
    same = ("3 root/reader", "5 handler", "network/a draws 0.5", "1.5 Sent a XADD")
    words = first_difference(report("1", *same, "2.5 Sent a XADD", "z"), report("2", *same, "2.7 Sent a XADD", "z"))
    assert words.splitlines() == [
        "two runs of this plan differ from line 5 of their traces on, in or after the turn of '5 handler'",
        "    both: 5 handler",
        "    both: network/a draws 0.5",
        "    both: 1.5 Sent a XADD",
        "    PYTHONHASHSEED=1: 2.5 Sent a XADD",
        "    PYTHONHASHSEED=2: 2.7 Sent a XADD",
    ]


def test_one_that_ends_earlier_differs_at_its_end() -> None:
    words = first_difference(report("1", "1 a"), report("2", "1 a", "2 b"))
    assert words.splitlines()[-2:] == ["    PYTHONHASHSEED=1: (the end)", "    PYTHONHASHSEED=2: 2 b"]


def test_of_long_lines_that_part_is_shown_in_which_they_differ() -> None:
    words = first_difference(report("1", "9.5 Applied" + "x" * 500 + "lemon"), report("2", "9.5 Applied" + "x" * 501))
    assert words.splitlines()[-2:] == [
        f"    PYTHONHASHSEED=1: 9.5 Applied{'x' * 39}…{'x' * 10}lemon",
        f"    PYTHONHASHSEED=2: 9.5 Applied{'x' * 39}…{'x' * 11}",
    ]


def test_traces_without_a_difference_point_at_what_outlasts_a_run() -> None:
    assert "outlasts a run" in first_difference(report("1", "1 a"), report("2", "1 a"))
