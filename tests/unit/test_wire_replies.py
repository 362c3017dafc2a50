"""Replies as types, in all the shapes that the versions of Redis give them."""

import pytest
from redis_streams.wire import ConsumerInfo, Entry, EntryId, GroupInfo, Pending, PendingSummary
from redis_streams.wire import _replies as replies


def test_an_entry_parses_its_id_when_asked() -> None:
    """And gives its fields by name; of a name that is there twice, the last."""
    entry = Entry(b"5-1", [b"a", b"1", b"b", b"2", b"a", b"3"])
    assert entry.id == EntryId(5, 1)
    assert entry.mapping() == {b"a": b"3", b"b": b"2"}


def test_a_deleted_entry_has_an_id_and_no_fields() -> None:
    """As a history read answers it."""
    [entry] = replies.entries([[b"5-1", None]])
    assert (entry.fields, entry.mapping()) == (None, {})


def test_entries_without_even_an_id_are_left_out() -> None:
    """As XCLAIM answers deleted entries before Redis 7.0."""
    assert [entry.raw_id for entry in replies.entries([None, [b"1-0", [b"f", b"v"]], None])] == [b"1-0"]


@pytest.mark.parametrize("nothing", [None, [], [[b"s", []]]])
def test_a_read_of_nothing_is_an_empty_list(nothing: replies.Reply) -> None:
    """A null array when the time is up; the stream without entries from a history read, or a wake-up in vain."""
    assert replies.entries_of_read(nothing) == []


def test_a_summary_counts_per_consumer() -> None:
    """The counts come as text."""
    assert replies.pending_summary([2, b"1-0", b"3-0", [[b"c", b"2"]]]) == PendingSummary(
        2, EntryId(1, 0), EntryId(3, 0), {"c": 2}
    )
    assert replies.pending_summary([0, None, None, None]) == PendingSummary(0, None, None, {})


def test_a_name_that_is_no_utf8_survives() -> None:
    """A stranger's consumer does not stop anybody from listing the others."""
    [row] = replies.pending([[b"1-0", b"\xff", 5, 2]])
    assert row == Pending(b"1-0", "\udcff", 5, 2)
    assert row.id == EntryId(1, 0)


def test_a_group_of_redis_5_has_no_lag() -> None:
    """What the version does not say is None, and so is a lag that deletions blur."""
    old = [b"name", b"g", b"consumers", 1, b"pending", 2, b"last-delivered-id", b"3-0"]
    assert replies.group_infos([old]) == [GroupInfo("g", 1, 2, EntryId(3, 0), None, None)]
    new = [*old, b"entries-read", 3, b"lag", None]
    assert replies.group_infos([new]) == [GroupInfo("g", 1, 2, EntryId(3, 0), 3, None)]


def test_a_consumer_that_never_got_anything_is_not_inactive_since_then() -> None:
    """Redis 7.2 says -1; before, nothing."""
    old = [b"name", b"c", b"pending", 0, b"idle", 5]
    assert replies.consumer_infos([old]) == [ConsumerInfo("c", 0, 5, None)]
    assert replies.consumer_infos([[*old, b"inactive", -1]]) == [ConsumerInfo("c", 0, 5, None)]
    assert replies.consumer_infos([[*old, b"inactive", 7]]) == [ConsumerInfo("c", 0, 5, 7)]


def test_a_stream_is_known_by_the_names_of_its_fields() -> None:
    """Which versions add to, in the middle too."""
    info = replies.stream_info(
        [b"length", 1, b"idmp-duration", 100, b"last-generated-id", b"2-0", b"groups", 0]
        + [b"first-entry", [b"2-0", [b"f", b"v"]], b"last-entry", None]
    )
    assert (info.length, info.last_generated_id, info.groups) == (1, EntryId(2, 0), 0)
    assert info.first_entry == Entry(b"2-0", [b"f", b"v"])
    assert (info.last_entry, info.entries_added, info.max_deleted_entry_id) == (None, None, None)
