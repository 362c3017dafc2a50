"""What a stream keeps: who is near a limit, who holds it up, and what is no retention."""

from __future__ import annotations

import pytest
from redis_streams import Retention
from redis_streams.actors._retention import troubles
from redis_streams.wire import EntryId, GroupNeeds, Retained

NOW_MS = 1_000_000


def seen(entries: int | None, age_ms: int = 0, *, length: int = 0, missing: tuple[str, ...] = ()) -> Retained:
    """A look: the group needs so many entries, the first of this age."""
    first = None if entries == 0 else EntryId(NOW_MS - age_ms, 0)
    return Retained(0, length, first, NOW_MS, [GroupNeeds("g", first, entries)], missing)


def kinds(retained: Retained, retention: Retention) -> dict[str, str]:
    return {group: trouble for group, (trouble, _) in troubles(retained, retention).items()}


@pytest.mark.parametrize(("entries", "expected"), [(0, {}), (79, {}), (80, {"g": "near"}), (101, {"g": "holds"})])
def test_by_length_a_group_is_told_before_it_holds_up_and_then(entries: int, expected: dict[str, str]) -> None:
    """By how much it needs, whatever else is in the stream."""
    assert kinds(seen(entries, length=1000), Retention(max_length=100)) == expected


@pytest.mark.parametrize(("age_ms", "expected"), [(7999, {}), (8000, {"g": "near"}), (10_001, {"g": "holds"})])
def test_by_age_too(age_ms: int, expected: dict[str, str]) -> None:
    """By the first entry that it needs."""
    assert kinds(seen(1, age_ms), Retention(max_age_seconds=10)) == expected


def test_who_needs_nothing_is_in_nobodys_way() -> None:
    """However old its last entry is."""
    assert not kinds(seen(0, 10**6), Retention(max_length=1, max_age_seconds=1))


def test_where_limits_hold_in_any_case_it_loses_something() -> None:
    """And nobody waits for a group that is gone."""
    assert kinds(seen(101, missing=("x",)), Retention(max_length=100, lossy=True)) == {"g": "lost"}


def test_where_the_server_counts_nothing_all_that_is_left_is_needed() -> None:
    """But for what trimming leaves anyhow."""
    assert not kinds(seen(None, length=200), Retention(max_length=100))
    assert kinds(seen(None, length=201), Retention(max_length=100)) == {"g": "holds"}


def test_a_group_that_is_gone_is_told_and_what_is_worse_counts() -> None:
    """In words that say what to do."""
    retained = seen(90, 20_000, missing=("x",))
    found = troubles(retained, Retention(max_length=100, max_age_seconds=10))
    assert {group: trouble for group, (trouble, _) in found.items()} == {"g": "holds", "x": "gone"}
    assert found["g"][1] == "it needs an entry that is 20 s old, of 10 s"


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({}, "says what is to go"),
        ({"max_length": 0}, "max_length"),
        ({"max_age_seconds": 0}, "max_age_seconds must be more than 0 seconds, not 0"),
        ({"settled": True, "warn_at": 2}, "warn_at"),
    ],
)
def test_mistakes_are_told(wrong: dict[str, object], words: str) -> None:
    """Where it is made."""
    with pytest.raises(ValueError, match=words):
        Retention(**wrong)
