"""The benchmarks' own arithmetic, and what their workers refuse to call a result."""

import runpy
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"

figures = SimpleNamespace(**runpy.run_path(str(BENCHMARKS / "figures.py")))
shared = SimpleNamespace(**runpy.run_path(str(BENCHMARKS / "workers" / "shared.py")))


def test_the_ratio_is_the_median_of_the_pairs() -> None:
    """A machine that becomes slow halfway spoils the medians of both sides, but not the ratio of any pair."""
    found = figures.Comparison.of(ours=[100, 100, 10, 10, 10], peer=[200, 200, 20, 20, 40])
    assert found.ratio == 0.5
    assert found.ratios == [0.5, 0.5, 0.5, 0.5, 0.25]
    assert found.ratio_of_medians == 10 / 40
    assert found.ours == figures.Spread(median=10, low=10, high=100)


@pytest.mark.parametrize(
    ("ratio", "target", "judged", "verdict"),
    [
        (0.8, 0.8, True, "met"),
        (0.79, 0.8, True, "missed"),
        (0.79, 0.8, False, "not judged"),
        (0.01, None, True, "no target"),
    ],
)
def test_a_target_is_met_from_its_own_value_on(ratio: float, target: float, *, judged: bool, verdict: str) -> None:
    found = figures.Comparison.of([ratio * 100], [100])
    assert figures.verdict(found, target, judged=judged) == verdict


@pytest.mark.parametrize(("rate", "verdict"), [(60_000, "met"), (59_999, "missed")])
def test_a_row_may_have_a_least_rate_besides(rate: float, verdict: str) -> None:
    found = figures.Comparison.of([rate], [rate / 10])
    assert figures.verdict(found, 1.0, 60_000, judged=True) == verdict


class _Redis:
    """Says how many entries are pending, one answer after the other; the last one for good."""

    def __init__(self, *pending: int) -> None:
        self._pending = list(pending)

    def ping(self) -> None:
        pass

    def xpending(self, *_: str) -> dict[str, int]:
        return {"pending": self._pending.pop(0) if len(self._pending) > 1 else self._pending[0]}


def tally_of(client: _Redis, numbers: list[int], on_last: Callable[[], object] = lambda: None) -> object:
    tally = shared.Tally(client, 3, on_last)
    for number in numbers:
        tally.note(number)
    return tally


def test_the_clock_runs_until_nothing_is_pending() -> None:
    """Also what comes after the last handler counts: the acknowledgement."""
    lasts: list[int] = []
    tally = tally_of(_Redis(2, 0), [0, 1, 2], lambda: lasts.append(1))
    assert lasts == [1]
    assert not tally.look()
    assert tally.look()
    answer = tally.answer()
    assert (answer["events"], answer["pending"]) == (3, 0)
    assert answer["seconds"] > 0


@pytest.mark.parametrize(
    ("numbers", "pending", "message"),
    [
        ([0, 2], 0, "1 events not handled"),
        ([0, 1, 1, 2], 0, "1 handled twice"),
        ([0, 1, 2], 5, "5 pending"),
    ],
)
def test_wrong_work_has_no_time(numbers: list[int], pending: int, message: str) -> None:
    tally = tally_of(_Redis(pending), numbers)
    tally.look()
    with pytest.raises(shared.WrongResultError, match=message):
        tally.answer()


def test_a_publisher_has_to_have_published() -> None:
    client = SimpleNamespace(xlen=lambda _stream: 109)
    assert shared.published(client, 9, 1.5) == {"events": 9, "seconds": 1.5}
    with pytest.raises(shared.WrongResultError, match="109 in the stream"):
        shared.published(client, 10, 1.5)
