"""The stream actor that may repeat, as far as it decides something."""

import pytest
from redis_streams.actors import Append, Reply
from redis_streams.actors._stream_once import parts_of


def append(entries: int) -> Append:
    return Append([[b"n", b"1"]] * entries, Reply(), [b"t"] * entries)


@pytest.mark.parametrize(
    ("sizes", "parts"),
    [([], []), ([1, 1], [[1, 1]]), ([1000, 1, 999, 1], [[1000], [1, 999], [1]]), ([600, 600], [[600], [600]])],
)
def test_a_part_holds_as_many_entries_as_one_script_takes(sizes: list[int], parts: list[list[int]]) -> None:
    """In their order, and no append is split."""
    assert [[len(each.entries) for each in part] for part in parts_of(list(map(append, sizes)))] == parts
