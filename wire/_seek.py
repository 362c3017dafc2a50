"""Having a consumer group go on at another place of its stream."""

from __future__ import annotations

from typing import Final, Literal, cast

from attrs import frozen

from . import _replies as replies
from ._client import Client
from ._ids import ZERO_ID, EntryId
from ._scripts import load

NOTED: Final = 10
"""So many of the last seeks are noted beside the checkpoint."""


@frozen
class Sought:
    """What a seek did, or would do.

    Attributes:
        former: the id that was delivered last before.
        position: the group goes on with what comes after this id.
        pending: entries that were pending behind it; they are delivered anew.
    """

    former: EntryId
    position: EntryId
    pending: int


async def seek_group(
    client: Client,
    stream: str,
    group: str,
    position: EntryId | Literal["$"],
    *,
    checkpoint_key: str,
    retries_key: str,
    dry_run: bool = False,
) -> Sought:
    """Have a group go on after an id, ``$`` for the end of the stream, in one step. Safe to repeat.

    Args:
        client: the link to use.
        stream: the stream of the group.
        group: its name.
        position: a later one than the end of the stream is the end.
        checkpoint_key: the hash with the checkpoint and the name of the history.
        retries_key: the sorted set that says when failed entries are due again.
        dry_run: only tell what would be.

    Raises:
        NoGroup: there is no such group, or no such stream.
    """
    keys = [stream, checkpoint_key, retries_key]
    reply = await client.eval(load("seek"), keys, [group, str(position), "1" if dry_run else "0", NOTED])
    former, to, pending = cast("tuple[bytes, bytes, int]", tuple(replies.rows(reply)))
    return Sought(EntryId.parse(former), EntryId.parse(to), pending)


def sought_since(former: str, present: str, seeks: str) -> EntryId | None:
    """The earliest place to which a group was moved since a history of it; None if it was not, as far as we know.

    Args:
        former: the name of that history.
        present: that of the present one. A seek puts its number at the end of it, in place of the one before it.
        seeks: the last few of them in their order, each as ``number@id``.
    """
    (name, known), (present_name, latest) = _parts(former), _parts(present)
    if not latest or former == present:
        return None
    noted = {number: EntryId.parse(to) for number, _, to in (note.partition("@") for note in seeks.split())}
    numbers = list(noted)
    if name == present_name and known in noted:
        return min((noted[number] for number in numbers[numbers.index(known) + 1 :]), default=None)
    # All of these came later, if the group was made anew or a failover has undone the one that is known: and more of
    # them than these, maybe.
    return min(noted.values()) if 0 < len(noted) < NOTED else ZERO_ID


def _parts(history: str) -> tuple[str, str]:
    name, dot, number = history.rpartition(".")
    return (name, number) if dot and number.isdecimal() else (history, "")
