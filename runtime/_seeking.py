"""Having a consumer group handle again what it has handled, or pass over what it has not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final, Literal

from attrs import field, frozen

from ..actors import checkpoint_key, retries_key
from ..wire import MAX_ID, Client, EntryId, Sought, seek_group
from ._options import Start, parse_start

PAGE: Final = 1000
"""Entries in one read when they are counted: some milliseconds of the server's time."""

UNTYPED: Final = b""
"""The type of entries that say none."""


@frozen
class Seek:
    """What a seek did, or would do.

    Attributes:
        former: the id that was delivered last before.
        position: the group goes on with what comes after this id.
        pending: entries behind it that were delivered and not acknowledged; they are delivered anew.
        again: of a dry run: how many entries would be delivered again, by their types; "" for those without one.
        skipped: of a dry run: how many entries that nobody has read would be passed over, by their types.
    """

    former: EntryId
    position: EntryId
    pending: int
    again: Mapping[str, int] = field(factory=dict[str, int])
    skipped: Mapping[str, int] = field(factory=dict[str, int])


async def seek(client: Client, stream: str, group: str, to: Start, *, dry_run: bool) -> Seek:
    """Move a group, or say what that would do; see `ConsumerGroup.seek`."""
    names = (checkpoint_key(stream, group), retries_key(stream, group))
    sought = await seek_group(
        client, stream, group, _position(to), checkpoint_key=names[0], retries_key=names[1], dry_run=dry_run
    )
    found = await _count(client, stream, sought) if dry_run else Counter[str]()
    is_back = sought.position < sought.former
    return Seek(sought.former, sought.position, sought.pending, found if is_back else {}, found if not is_back else {})


def _position(to: Start) -> EntryId | Literal["$"]:
    """Words that people say for both ends of a stream are understood too."""
    try:
        return parse_start({"start": "0", "end": "$"}.get(to, to) if isinstance(to, str) else to)
    except ValueError:
        raise ValueError(
            "to must be 'start', 'end', an id like '1700000000000-0' (on with what comes after it) or a time like "
            f"'2026-01-31T12:00:00+00:00', not {to!r}"
        ) from None


async def _count(client: Client, stream: str, sought: Sought) -> Counter[str]:
    """The entries between both places, by their types, page after page."""
    found: Counter[str] = Counter()
    low, last = sorted((sought.former, sought.position))
    while low < last and low != MAX_ID:
        entries = await client.xrange(stream, low.next(), last, count=PAGE)
        found.update(_type_of(entry.fields or ()) for entry in entries)
        if len(entries) < PAGE:
            break
        low = entries[-1].id
    return found


def _type_of(flat: Sequence[bytes]) -> str:
    named = dict(zip(flat[::2], flat[1::2], strict=False))
    return named.get(b"event_type", UNTYPED).decode("utf-8", "backslashreplace")
