"""Whether a stream is still the one that a reader read, and what it missed: decisions, without Redis."""

from __future__ import annotations

import pytest
from attrs import evolve
from redis_streams.actors._reader_place import Place, Seen, agreed, lost_entries, missed, print_of, what_is_wrong
from redis_streams.wire import ZERO_ID, Entry, EntryId, Mark, StreamInfo


def at(number: int) -> EntryId:
    return EntryId(number, 0)


def entry(number: int, value: bytes = b"") -> Entry:
    return Entry(b"%d-0" % number, [b"value", value or b"%d" % number])


def stream(
    *numbers: int, last: int | None = None, added: int | None = None, deleted: int = 0, counts: bool = True
) -> StreamInfo:
    """A stream with these entries; `added` more than they are where some were removed."""
    entries = [entry(number) for number in numbers]
    ends = (entries[0], entries[-1]) if entries else (None, None)
    added = (len(numbers) if added is None else added) if counts else None
    return StreamInfo(
        len(numbers), at(last or (numbers[-1] if numbers else 0)), 0, *ends, added, at(deleted) if counts else None
    )


def standing_at(number: int, read: int | None, *, last: int | None = None, added: int | None = None) -> Place:
    place = Place()
    place.begin(Mark(0, at(number), read))
    place.seen = Seen(at(number if last is None else last), read if added is None else added)
    return place


@pytest.mark.parametrize(
    ("info", "brought"),
    [
        (stream(1, 2, 3), 0),
        (stream(1, 2, 3, 4, 5), 2),
        (stream(4, 5, added=5), 2),  # trimmed up to the place
        (stream(5, added=5), 1),  # beyond it
        (stream(last=3, added=3), 0),  # all of it
        (stream(1, 3, 5, added=5, deleted=4), 1),  # deleted here and there
        (stream(1, 2, 3, 4, counts=False), 1),
    ],
)
def test_the_same_stream_is_taken_for_the_same(info: StreamInfo, brought: int) -> None:
    """Whatever was added to it, or removed from it."""
    assert not what_is_wrong(at(3), 3, Seen(at(3), info.entries_added and 3), brought, info)


@pytest.mark.parametrize(
    ("info", "brought", "why"),
    [
        (None, 0, "no stream"),
        (stream(1, 2), 0, "went backwards"),
        (stream(1, 2, counts=False), 0, "went backwards"),
        (stream(3, 4), 1, "fewer"),
        (stream(4, 5, 6), 3, "another one"),  # at most none of these was added since
        (stream(7, 8, 9, 10), 4, "another one"),  # three are gone that were never removed
        (stream(2, 4, 5), 2, "another one"),
    ],
)
def test_another_stream_is_noticed(info: StreamInfo | None, brought: int, why: str) -> None:
    """By its last id, or because the numbers don't fit; before 7.0 by the last id alone."""
    assert why in what_is_wrong(at(3), 3, Seen(at(3), 3), brought, info)


def test_a_stream_that_went_back_is_noticed_by_who_lags_too() -> None:
    """Though nothing is wrong at its own place."""
    assert "went backwards" in what_is_wrong(at(3), 3, Seen(at(8), 8), 2, stream(1, 2, 3, 4, 5))


def test_who_does_not_know_its_number_looks_at_the_ids_alone() -> None:
    """As one that began in the middle."""
    assert not what_is_wrong(at(3), None, Seen(at(3), None), 3, stream(4, 5, 6))
    assert what_is_wrong(at(7), None, Seen(at(7), None), 0, stream(4, 5, 6))


def test_what_was_trimmed_unread_is_counted() -> None:
    """From the place to what comes next."""
    found = missed(at(3), 3, Seen(at(9), 9), [entry(8), entry(9)], stream(8, 9, added=9))
    assert found is not None
    assert (found.after, found.before, found.count, found.read) == (at(3), at(8), 4, 7)
    everything = missed(at(3), 3, Seen(at(3), 3), [], stream(last=9, added=9))
    assert everything is not None
    assert (everything.before, everything.count) == (None, 6)


def test_what_was_trimmed_behind_the_place_is_not_missed() -> None:
    """Nor what was brought before it was trimmed."""
    assert missed(at(3), 3, Seen(at(3), 3), [entry(4)], stream(4, added=4)) is None
    assert missed(at(3), 3, Seen(at(5), 5), [entry(4), entry(5)], stream(5, added=5)) is None
    assert missed(at(3), 3, Seen(at(3), 3), [], stream(2, 3, added=3)) is None


def test_where_nobody_counts_it_may_be_told_in_vain_but_not_missed() -> None:
    """To one that lags: something may have been between."""
    found = missed(at(3), 3, Seen(at(9), None), [entry(8)], stream(8, 9, counts=False))
    assert found is not None
    assert found.count is None
    assert missed(at(3), 3, Seen(at(3), None), [entry(8)], stream(8, counts=False)) is None


def test_what_was_handled_last_shows_where_a_stream_that_went_back_is_the_same() -> None:
    """Up to the last entry that is there unchanged; what stands behind it is strange."""
    place = standing_at(0, 0)
    for number in range(1, 6):
        place.pass_by(entry(number))
    known = list(place.recent)
    assert agreed(known, [entry(1), entry(2), entry(3)]) == (at(3), False)
    assert agreed(known, [entry(1), entry(2), entry(3), entry(4, b"another")]) == (at(3), True)
    assert agreed(known, [entry(2), entry(4), entry(5)]) == (at(5), False)  # some were deleted
    assert agreed(known, [entry(1, b"another")]) == (ZERO_ID, True)
    assert agreed(known, [entry(1), entry(2, b"another"), entry(3)]) == (at(1), True)  # the same again, further on
    assert agreed(known, []) == (ZERO_ID, False)


def test_an_id_that_stands_for_another_entry_shows_at_both_ends() -> None:
    """Though all numbers fit: a stream that was made anew within a millisecond. Also to a process that starts anew."""
    place = standing_at(0, 0)
    place.look([entry(1), entry(2)], stream(1, 2))
    place.pass_by(entry(1))
    place.pass_by(entry(2))
    again = Place()
    again.begin(place.mark)
    other = evolve(stream(1, 2), last_entry=entry(2, b"another"))
    for each in (place, again):
        assert not each.look([], stream(1, 2))
        assert "another entry" in each.look([], other)


@pytest.mark.parametrize(
    ("first", "why", "known"), [(entry(3, b"another"), "another entry", 0), (entry(2), "lower id", 1)]
)
def test_a_stream_that_begins_otherwise_is_another_one(first: Entry, why: str, known: int) -> None:
    """Though it has outgrown the former. Of one that begins with another entry all is new."""
    place = standing_at(0, 0)
    assert not place.look([entry(3), entry(4)], stream(3, 4, added=5))
    place.pass_by(entry(4))
    assert why in place.look([], evolve(stream(3, 4, 5, added=9), first_entry=first))
    assert len(place.recent) == known


def test_the_beginning_of_a_stream_goes_forward() -> None:
    """Also to nothing at all; what is lower after that was not in it."""
    place = standing_at(0, 0)
    for info in (stream(1, 2, 3), stream(2, 3, added=3), stream(last=6, added=6)):
        assert not place.look([], info)
    assert "lower id" in place.look([], stream(5, 7, 8, added=12))


def test_the_last_entry_of_the_look_before_is_known_too() -> None:
    """Also one that is not handled yet."""
    place = standing_at(3, 3)
    assert not place.look([entry(4)], stream(1, 2, 3, 4))
    assert "last id" in place.look([entry(4)], evolve(stream(1, 2, 3, 4), last_entry=entry(4, b"another")))


def test_the_number_of_what_was_read_is_exact_at_the_end_of_the_stream() -> None:
    """On the way there it counts what it passes, which is less where entries were deleted."""
    place = standing_at(1, 1, last=5, added=5)
    place.pass_by(entry(2))
    assert (place.read, place.passed) == (2, 1)
    assert place.after(entry(5)) == Mark(0, at(5), 5, print_of(entry(5)))
    place.pass_by(entry(5))
    assert place.mark == Mark(0, at(5), 5, print_of(entry(5)))


def test_another_stream_begins_a_history() -> None:
    """Which somebody of the same name may have begun already."""
    place = standing_at(5, 5)
    place.begin_history(ZERO_ID, stream(1, 2, added=4))
    assert place.mark == Mark(1, ZERO_ID, 2)
    place.doubted = 7
    place.begin_history(at(1), None)
    assert (place.mark, place.doubted) == (Mark(7, at(1), None), None)


def test_what_stood_before_the_place_is_known_again_too() -> None:
    """So that one that has just begun goes back no further than its stream. Its mark is written, if it says more."""
    place = standing_at(3, 3)
    place.remember([entry(1), entry(3)])
    assert place.mark == Mark(0, at(3), 3, print_of(entry(3)))
    assert place.passed - place.noted == 1
    assert agreed(list(place.recent), [entry(1)]) == (at(1), False)
    again = Place()
    again.begin(place.mark)
    again.remember([entry(1), entry(2)])
    assert [entry_id for entry_id, _ in again.recent] == [at(1), at(2), at(3)]
    assert again.passed == 0


def test_tries_of_an_event_are_counted_until_it_is_passed() -> None:
    """Across crashes of the actor, since the place outlives it."""
    place = standing_at(0, 0)
    assert [place.count_try(entry(1)), place.count_try(entry(1)), place.count_try(entry(2))] == [1, 2, 1]
    place.pass_by(entry(2))
    assert place.count_try(entry(2)) == 1


def test_how_much_is_lost_is_told_where_redis_counts() -> None:
    """At least one, also where as many were added again."""
    assert lost_entries(Seen(at(8), 8), stream(1, 2)) == 6
    assert lost_entries(Seen(at(8), 8), None) == 8
    assert lost_entries(Seen(at(8), 2), stream(1, 2)) == 1
    assert lost_entries(Seen(at(8), None), stream(1, 2, counts=False)) is None


def test_a_mark_is_read_as_it_is_written() -> None:
    """Without a number where it is not known."""
    assert Mark.parse(b"3 17-2 42 99") == Mark(3, EntryId(17, 2), 42, 99)
    assert Mark.parse(b"0 0-0 - -") == Mark(0, ZERO_ID, None)
