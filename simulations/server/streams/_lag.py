"""How far a group has read: `entries-read` and `lag`, which are counted where possible, else derived, else unknown.

A group that read from the beginning counts what it gets. The count is worth nothing beyond an entry that XDEL removed,
as nobody knows whether the group had got it; then only the ends of the stream tell where the group stands. Versions
before 7.2 have other rules: there a tombstone counts only within the stream and behind the entry that is read. 7.2 is
what Valkey is, which has one half of the mended rules; since 7.4 an empty stream has no lag.
"""

from __future__ import annotations

from collections.abc import Sequence

from .._profile import Profile
from ._ids import MIN_ID, Id
from ._stream import Group, Stream


def lag_of(profile: Profile, stream: Stream, group: Group) -> int | None:
    """How many entries the group has still to get; None: unknown."""
    if not stream.entries_added:
        return 0
    newer = counts_anew(profile)
    if profile.since(7, 4):
        if not stream.length:
            return 0
        first = stream.first_id
        if group.last_id < first and stream.max_deleted_id < first:
            return stream.length
    if group.entries_read is not None and not _deleted_since(stream, group.last_id, newer=newer):
        return stream.entries_added - group.entries_read
    read = position_of(stream, group.last_id, newer=newer)
    return None if read is None else stream.entries_added - read


def counts_anew(profile: Profile) -> bool:
    """Whether this version has the newer rules."""
    return profile.since(7, 2)


def advance(profile: Profile, stream: Stream, group: Group, ids: Sequence[Id]) -> None:
    """The group gets the next entries, at least one: count them, and have the group stand there.

    Where the first of them can be counted, so can those behind it.
    """
    if group.entries_read is not None and stream.max_deleted_id == MIN_ID and group.last_id >= stream.first_id:
        # As the loop would have it in any version: this is what nearly every reading finds.
        group.entries_read += len(ids)
        group.last_id = ids[-1]
        return
    newer = counts_anew(profile)
    for done, entry_id in enumerate(ids):
        if (
            group.entries_read is not None
            and (not newer or group.last_id >= stream.first_id)
            and not _deleted_since(stream, group.last_id if newer else entry_id, newer=newer)
        ):
            group.entries_read += len(ids) - done
            break
        if stream.entries_added:
            group.entries_read = position_of(stream, entry_id, newer=newer)
        group.last_id = entry_id
    group.last_id = ids[-1]


def _deleted_since(stream: Stream, start: Id, *, newer: bool) -> bool:
    """Whether an entry from this id on was deleted, as far as the greatest deleted id tells."""
    deleted = stream.max_deleted_id
    if deleted == MIN_ID or not stream.length:
        return False
    if not newer and stream.first_id > deleted:
        return False
    return start <= deleted


def position_of(stream: Stream, entry_id: Id, *, newer: bool) -> int | None:
    """How many entries were ever added up to this one; None: unknown."""
    added = stream.entries_added
    if not added or (not stream.length and entry_id <= stream.last_id):
        return added
    if newer and entry_id != MIN_ID and entry_id < stream.max_deleted_id:
        return None
    if entry_id >= stream.last_id:
        return added if entry_id == stream.last_id else None
    first = stream.first_id
    if entry_id > first or (stream.max_deleted_id != MIN_ID and stream.max_deleted_id >= first):
        return None
    return added - stream.length + (entry_id == first)
