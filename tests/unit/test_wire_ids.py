"""Entry ids: read, ordered, and one step up or down over the edges of 64 bits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis_streams.wire import MAX_ID, ZERO_ID, EntryId

HALF = st.integers(min_value=0, max_value=2**64 - 1)
IDS = st.builds(EntryId, HALF, HALF)


@given(IDS)
def test_what_is_written_reads_back(entry_id: EntryId) -> None:
    """`str` and `parse` are inverse, for text and for bytes; so is `of_reply`."""
    text = str(entry_id)
    assert EntryId.parse(text) == EntryId.parse(text.encode()) == EntryId.of_reply(text.encode()) == entry_id


@given(IDS, IDS)
def test_ids_are_ordered_by_milliseconds_then_sequence(one: EntryId, other: EntryId) -> None:
    """The order of ids is the order of entries in a stream, not that of their text."""
    assert (one < other) == ((one.ms, one.seq) < (other.ms, other.seq))
    assert EntryId(9, 0) < EntryId(10, 0)


@given(IDS)
def test_next_and_previous_are_inverse(entry_id: EntryId) -> None:
    """One up and one down is where one was; nothing lies between."""
    if entry_id != MAX_ID:
        assert entry_id.next() > entry_id
        assert entry_id.next().previous() == entry_id
    if entry_id != ZERO_ID:
        assert entry_id.previous() < entry_id
        assert entry_id.previous().next() == entry_id


def test_a_step_crosses_the_edge_of_a_millisecond() -> None:
    """The sequence number carries into the milliseconds, exactly, where a float would round."""
    assert EntryId(5, 2**64 - 1).next() == EntryId(6, 0)
    assert EntryId(2**63, 0).previous() == EntryId(2**63 - 1, 2**64 - 1)


def test_there_is_nothing_beyond_the_ends() -> None:
    """The last id has no next one, the first no previous one; the error says which."""
    with pytest.raises(OverflowError, match="18446744073709551615-18446744073709551615"):
        MAX_ID.next()
    with pytest.raises(OverflowError, match="0-0"):
        ZERO_ID.previous()


def test_a_missing_sequence_number_is_zero() -> None:
    """As Redis reads it where an entry is named."""
    assert EntryId.parse("1700000000000") == EntryId(1700000000000, 0)


@pytest.mark.parametrize(
    "wrong",
    ["", "-", "1-", "-1", "1-2-3", "x-1", "1-x", " 1-1", "+1-1", "1_0-1", "٣-1", "²-1", "1-18446744073709551616"],
)
def test_what_is_no_id_is_refused_and_shown(wrong: str) -> None:
    """The message shows the value, so that it can be found where it came from."""
    for value in (wrong, wrong.encode()):
        with pytest.raises(ValueError, match="not an entry id"):
            EntryId.parse(value)
    with pytest.raises(ValueError, match="'1-x'"):
        EntryId.parse("1-x")
