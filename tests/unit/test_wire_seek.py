"""Where a group was moved to since a history, as its names and the last few seeks tell."""

from __future__ import annotations

import pytest
from redis_streams.wire import EntryId
from redis_streams.wire._seek import sought_since

MANY = " ".join(f"{number}@{number}-0" for number in range(10, 20))
"""As many seeks as are noted."""


@pytest.mark.parametrize(
    ("former", "present", "seeks", "to"),
    [
        ("ab", "ab", "", None),
        ("ab", "ab.1", "1@5-0", EntryId(5, 0)),
        ("ab.1", "ab.2", "1@5-0 2@9-1", EntryId(9, 1)),
        ("ab", "ab.3", "1@5-0 2@2-0 3@9-1", EntryId(2, 0)),
        ("ab.2", "ab.2", "1@5-0 2@2-0", None),
        ("ab.7", "cd", "7@1-0", None),
        ("ab.7", "cd.9", "9@3-0", EntryId(3, 0)),
        ("ab.7", "ab", "", None),
        ("ab.7", "ab.9", "9@3-0", EntryId(3, 0)),
        ("ab.7", "ab.9", "5@2-0 8@4-0 9@3-0", EntryId(2, 0)),
        ("ab.9", "ab.5", "5@2-0", EntryId(2, 0)),
        ("ab", "ab.19", MANY, EntryId(0, 0)),
        ("ab.12", "ab.19", MANY, EntryId(13, 0)),
        ("", ".1", "1@5-0", EntryId(5, 0)),
    ],
    ids=[
        "no seek",
        "one",
        "only what came later",
        "the earliest of several",
        "known already",
        "made anew",
        "made anew, then moved",
        "undone by a failover",
        "undone, then moved",
        "undone, then moved, and before it maybe",
        "undone, by a clock that goes after",
        "more than are noted, maybe",
        "many, of which one is known",
        "without a name",
    ],
)
def test_the_earliest_place_since_a_history(former: str, present: str, seeks: str, to: EntryId | None) -> None:
    """Where it is not known, the start of the stream: too much is handled again, never too little."""
    assert sought_since(former, present, seeks) == to
