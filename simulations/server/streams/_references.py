"""What becomes of pending entries where an entry is deleted: KEEPREF, DELREF and ACKED (since 8.2).

An entry is referenced while a group has still to read it, or has read it and not acknowledged it.
"""

from __future__ import annotations

import enum

from .._profile import Profile
from ._ids import Id
from ._stream import Stream


class References(enum.Enum):
    """Pending lists keep what is gone; or it goes from them, too; or only what no group needs any more is deleted."""

    KEEP = b"KEEPREF"
    DELETE = b"DELREF"
    ACKNOWLEDGED = b"ACKED"


def references_named(profile: Profile, word: bytes) -> References | None:
    """What an option says; None: it is another one."""
    if not profile.since(8, 2):
        return None
    try:
        return References(word.upper())
    except ValueError:
        return None


def is_referenced(stream: Stream, entry_id: Id) -> bool:
    """Whether a group needs an entry of this id, or would if there was one."""
    return any(group.last_id < entry_id or entry_id in group.pending for group in stream.groups.values())


def release_everywhere(stream: Stream, entry_id: Id) -> None:
    """No group has an entry pending any more."""
    for group in stream.groups.values():
        group.release(entry_id)


def delete_entry(stream: Stream, entry_id: Id, references: References) -> bool:
    """Delete an entry, as far as that is wanted; returns whether it is not there any more.

    The caller sees to `max_deleted_id`.
    """
    if references is References.ACKNOWLEDGED and is_referenced(stream, entry_id):
        return False
    stream.remove(entry_id)
    if references is References.DELETE:
        release_everywhere(stream, entry_id)
    return True
