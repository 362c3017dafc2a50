"""Removing what a stream need not keep, in one step with looking what its groups still need."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from attrs import frozen

from . import _replies as replies
from ._client import Client
from ._ids import EntryId
from ._redis_py import Arg
from ._scripts import load


@frozen
class GroupNeeds:
    """What a group still needs.

    Attributes:
        group: its name.
        first: the first id; None: nothing.
        entries: how many; None: the server can't tell (before 7.0, or after deletions).
    """

    group: str
    first: EntryId | None
    entries: int | None


@frozen
class Retained:
    """A stream after `retain`.

    Attributes:
        removed: how many entries were removed.
        length: how many are left.
        first: the id of the first one; None: there is none.
        now_ms: what time it is, by the clock of Redis.
        groups: what each of them needs, but those that do not count.
        missing: groups that were there and are gone: nothing is removed then.
    """

    removed: int
    length: int
    first: EntryId | None
    now_ms: int
    groups: Sequence[GroupNeeds]
    missing: Sequence[str]


async def retain(
    client: Client,
    stream: str,
    groups_key: str,
    *,
    max_length: int | None,
    max_age_ms: int | None,
    settled: bool,
    lossy: bool,
    ignored: Sequence[str] = (),
) -> Retained:
    """Remove what is beyond the limits, up to some ten thousand entries. Safe to repeat.

    Args:
        client: the link to use.
        stream: the stream.
        groups_key: a hash in its slot, in which it is kept which groups there are.
        max_length: about how many entries it keeps; None: any number.
        max_age_ms: for how long; None: for ever.
        settled: whether what all groups have settled goes at once.
        lossy: whether the limits hold whatever groups need.
        ignored: groups whose needs do not count.
    """
    limits: list[Arg] = [b"" if limit is None else limit for limit in (max_length, max_age_ms)]
    args = [*limits, int(settled), int(lossy), *ignored]
    reply = await client.eval(load("retain"), [stream, groups_key], args)
    removed, length, first, now_ms, groups, missing = cast("list[object]", reply)
    needs = [
        GroupNeeds(replies.text(name), _id(needed), None if many < 0 else many)
        for name, needed, many in cast("list[tuple[bytes, bytes, int]]", groups)
    ]
    numbers = cast("tuple[int, int, int]", (removed, length, now_ms))
    gone = [replies.text(name) for name in cast("list[bytes]", missing)]
    return Retained(numbers[0], numbers[1], _id(cast("bytes", first)), numbers[2], needs, gone)


def _id(raw_id: bytes) -> EntryId | None:
    return EntryId.parse(raw_id) if raw_id else None
