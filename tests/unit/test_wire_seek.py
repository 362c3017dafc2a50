"""Where a group was moved to since a history, as its names and the last few seeks tell."""

from __future__ import annotations

import pytest
from redis_streams.wire import EntryId
from redis_streams.wire._seek import sought_since


@pytest.mark.parametrize(
    ("former", "present", "seeks", "to"),
    [
        ("ab", "ab", "", None),
        ("ab", "ab.1", "1@5-0", EntryId(5, 0)),
        ("ab.1", "ab.2", "1@5-0 2@9-1", EntryId(9, 1)),
        ("ab", "ab.3", "1@5-0 2@2-0 3@9-1", EntryId(2, 0)),
        ("ab.2", "ab.2", "1@5-0 2@2-0", None),
        ("ab.7", "cd", "", None),
        ("ab.7", "cd.1", "1@3-0", EntryId(3, 0)),
        ("ab", "ab.3", "2@5-0 3@9-1", EntryId(0, 0)),
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
        "more than are noted",
        "without a name",
    ],
)
def test_the_earliest_place_since_a_history(former: str, present: str, seeks: str, to: EntryId | None) -> None:
    """Where it is not known, the start of the stream: too much is handled again, never too little."""
    assert sought_since(former, present, seeks) == to
