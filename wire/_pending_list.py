"""The pending list of one consumer group: who owns which entry is what it says, and nothing else.

Everything here is decided by Redis in one step. What is done in a consumer's name happens only to entries that are
pending under that name at that moment: that is the fence.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Literal, cast

from attrs import frozen

from . import _replies as replies
from ._client import Client
from ._ids import MAX_ID, EntryId
from ._redis_py import Arg, Reply
from ._replies import Entry, Pending
from ._scripts import load
from ._seek import sought_since

SCRIPT_WORDS_MAX: Final = 7000
"""Lua's unpack, with which a script makes a command of many words, ends at 8000 of them (LUAI_MAXCSTACK)."""


@frozen
class SettleResult:
    """What became of a batch: how many were acknowledged, which were not the consumer's, and how far the group is.

    `watermark` is the greatest id up to which every entry of the group is settled.
    """

    acknowledged: int
    lost: frozenset[bytes]
    watermark: EntryId


@frozen
class Claimed:
    """Entries taken over, and those whose bodies are gone.

    Attributes:
        entries: those that are there, each with how often it was delivered before.
        destroyed: raw ids of those that were deleted, and are pending under our name now.
        dropped: raw ids of those that were deleted, and that Redis dropped from the pending list (7.0 and later).
    """

    entries: list[tuple[Entry, int]]
    destroyed: list[bytes]
    dropped: list[bytes]


@frozen
class Taken:
    """Entries taken with how often each was delivered before, and the raw ids of those whose bodies are gone."""

    entries: Sequence[tuple[Entry, int]]
    destroyed: Sequence[bytes]


@frozen
class NotHeld:
    """What a consumer named and does not hold.

    Attributes:
        lost: raw ids of what is not pending under its name.
        destroyed: raw ids of those that were deleted, and that Redis dropped from the pending list now (7.0 and later).
    """

    lost: Sequence[bytes]
    destroyed: Sequence[bytes]


@frozen
class Returned:
    """How many entries were handed back, and the raw ids of those that were deleted (see `NotHeld`)."""

    count: int
    destroyed: Sequence[bytes]


@frozen
class Page:
    """Some rows of the pending list, and the id at which to go on; None after the last ones."""

    rows: Sequence[Pending]
    next: EntryId | None


@frozen
class Due:
    """Entries that failed and are due again: id and deliveries so far; and when the next one is, None: none waits."""

    entries: Sequence[tuple[bytes, int]]
    next_ms: int | None


OnGroupLost = Literal["resume_at_checkpoint", "replay", "fail"]
"""What to do where a group was lost."""

Found = Literal["existed", "created", "recreated", "restarted", "replayed", "lost"]


@frozen
class EnsuredGroup:
    """What `ensure_group` found or did.

    Attributes:
        what: "existed"; "created" where there had never been one; "recreated" at its checkpoint; "restarted" at 0-0,
            because the stream had been lost too and its ids went backwards; "replayed" at 0-0, and "lost" and not made
            again, because that was asked for.
        position: where the group begins; of one that existed or is lost, its checkpoint.
    """

    what: Found
    position: EntryId


class PendingList:
    """The pending list of a group.

    Args:
        client: the link to use.
        stream: the group's stream.
        group: its name.
        retries: the key of the sorted set that says when failed entries are due again; None: there is none.
    """

    def __init__(self, client: Client, stream: str, group: str, *, retries: str | None = None) -> None:
        self._client = client
        self._stream = stream
        self._group = group
        self._retries: Sequence[str] = () if retries is None else (retries,)

    async def of(self, consumer: str, *, start: EntryId, count: int) -> Page:
        """What is pending under a name, from an id on. Neither delivery counts nor idle times change."""
        rows = await self._client.xpending_range(self._stream, self._group, start, count=count, consumer=consumer)
        return _page(rows, rows, count)

    async def idle(self, *, start: EntryId, count: int, idle_ms: int) -> Page:
        """What has been idle for so long, from an id on, whoever owns it.

        Servers before 6.2 can't pick it: there a page holds what is idle among the next `count` rows.
        """
        if (await self._client.capabilities()).pending_idle:
            rows = await self._client.xpending_range(self._stream, self._group, start, count=count, idle_ms=idle_ms)
            return _page(rows, rows, count)
        # Not with idle_ms, although the client would pick: the page must know where the server stopped looking.
        rows = await self._client.xpending_range(self._stream, self._group, start, count=count)
        return _page([row for row in rows if row.idle_ms >= idle_ms], rows, count)

    async def claim(self, consumer: str, raw_ids: Sequence[bytes], *, min_idle_ms: int) -> Claimed:
        """Take over those of these entries that have been idle for so long: a compare-and-swap on the server.

        Entries that were deleted are told apart.
        """
        found = replies.rows(await self._eval("claim", self._retries, [self._group, consumer, min_idle_ms, *raw_ids]))
        claimed = Claimed([], [], [])
        for raw_id, fields, ours, before in cast("list[tuple[bytes, list[bytes] | None, int, int]]", found):
            if fields is not None:
                claimed.entries.append((Entry(raw_id, fields), before))
            elif ours:
                claimed.destroyed.append(raw_id)
            else:
                claimed.dropped.append(raw_id)
        return claimed

    async def take_own(self, consumer: str, raw_ids: Sequence[bytes]) -> Taken:
        """Take entries that are pending under our own name but that we never saw."""
        found = replies.rows(await self._eval("take_own", self._retries, [self._group, consumer, *raw_ids]))
        taken: list[tuple[Entry, int]] = []
        destroyed: list[bytes] = []
        for raw_id, deliveries, fields in cast("list[tuple[bytes, int, list[bytes] | None]]", found):
            if fields is None:
                destroyed.append(raw_id)
            else:
                taken.append((Entry(raw_id, fields), deliveries))
        return Taken(taken, destroyed)

    async def renew(self, consumer: str, raw_ids: Sequence[bytes]) -> NotHeld:
        """Reset the idle time of what a consumer holds; returns what it does not hold any more."""
        return _not_held(await self._eval("renew", [], [self._group, consumer, *raw_ids]))

    async def begin(self, consumer: str, numbers: Mapping[bytes, int]) -> NotHeld:
        """Count deliveries, whose handlers begin now; returns what the consumer does not hold any more.

        The first delivery is counted by the read. What comes again is counted here and not where it is taken over: what
        a process held and never began must not use up deliveries. Safe to repeat.

        Args:
            consumer: who begins.
            numbers: for each entry, the number of this delivery.
        """
        words = [word for pair in numbers.items() for word in pair]
        return _not_held(await self._eval("begin", [], [self._group, consumer, *words]))

    async def hand_back(self, consumer: str, deliveries: Mapping[bytes, int], *, idle_ms: int) -> Returned:
        """Make what a consumer holds look idle for so long; returns how many entries it still held.

        Args:
            consumer: who holds them.
            deliveries: for each entry, how many of its deliveries are to count; never more than did.
            idle_ms: how idle they are to look.
        """
        words = [word for pair in deliveries.items() for word in pair]
        count, *destroyed = replies.rows(await self._eval("hand_back", [], [self._group, consumer, idle_ms, *words]))
        return Returned(cast("int", count), cast("list[bytes]", destroyed))

    async def reap(self, *, idle_ms: int) -> Sequence[str]:
        """Remove consumers that were not heard of for so long and have nothing pending; returns their names.

        A consumer is heard of with each read, whether it gets anything or not. One that is removed by mistake is there
        again with its next read.
        """
        return [replies.text(name) for name in replies.rows(await self._eval("reap", [], [self._group, idle_ms]))]

    async def delay(
        self,
        consumer: str,
        delays_ms: Mapping[bytes, int],
        *,
        idle_ms: int,
        checkpoint_key: str | None = None,
        history: str = "",
    ) -> NotHeld:
        """Let go of entries until they are due again; returns what the consumer does not hold any more.

        The time is that of Redis. A history is looked at as in `settle`. Safe to repeat.

        Args:
            consumer: who holds them.
            delays_ms: for each entry, from now until it is due.
            idle_ms: idle time after which others take entries over: when one is due, it looks idle for so long.
            checkpoint_key: the hash with the history's name.
            history: that of the group in which they were delivered; not looked at if empty.
        """
        words = [word for pair in delays_ms.items() for word in pair]
        known = history if checkpoint_key is not None else ""
        keys = [*self._retries, checkpoint_key or self._stream]
        return _not_held(await self._eval("delay", keys, [self._group, consumer, idle_ms, known, *words]))

    async def due(self, count: int) -> Due:
        """Which entries are due again, the first so many, and when the next one is."""
        next_ms, *found = cast("list[object]", await self._eval("due", self._retries, [self._group, count]))
        entries = [(raw_id, deliveries) for raw_id, deliveries in cast("list[tuple[bytes, int]]", found)]
        return Due(entries, None if cast("int", next_ms) < 0 else cast("int", next_ms))

    async def waiting(self, raw_ids: Sequence[bytes]) -> frozenset[bytes]:
        """Those of these entries that are not due yet."""
        if not raw_ids or not self._retries:
            return frozenset()
        found = await self._client.eval(load("waiting"), self._retries, raw_ids)
        return frozenset(cast("list[bytes]", found))

    async def settle(
        self, consumer: str, raw_ids: Sequence[bytes], *, checkpoint_key: str | None, history: str = ""
    ) -> SettleResult:
        """Acknowledge what a consumer has done with and still owns; keep the watermark where a key is given.

        Safe to repeat, but the second answer calls lost what the first acknowledged.

        Args:
            consumer: whose entries they are.
            raw_ids: which ones.
            checkpoint_key: the hash with the checkpoint and the history's name; None: it is not in Redis.
            history: that of the group in which they were delivered; not looked at if empty.

        Raises:
            HistoryChanged: the group has begun another one; nothing was acknowledged.
        """
        in_order = sorted(raw_ids, key=_order)
        keep = "0" if checkpoint_key is None else "1"
        args: list[Arg] = [self._group, consumer, keep, history, *in_order]
        reply = await self._eval("settle", [checkpoint_key or self._stream], args)
        acknowledged, watermark, *lost = cast("list[bytes]", reply)
        return SettleResult(int(acknowledged), frozenset(lost), EntryId.parse(watermark))

    async def move_to(
        self,
        dead_letters: str,
        consumer: str,
        raw_id: bytes,
        fields: Sequence[bytes],
        *,
        checkpoint_key: str | None = None,
        history: str = "",
    ) -> EntryId | None:
        """Write a dead letter and acknowledge its entry in one step; None: the entry was not the consumer's.

        A history is looked at as in `settle`.

        An entry with thousands of fields does not fit through a script. Its two commands go as a transaction, after a
        look at who owns it: whoever takes it over in between makes a second dead letter of it, but loses nothing.
        """
        if len(fields) <= SCRIPT_WORDS_MAX:
            known = history if checkpoint_key is not None else ""
            args: list[Arg] = [self._group, consumer, raw_id, known, *fields]
            return replies.optional_id(
                await self._eval("dead_letter", [dead_letters, checkpoint_key or self._stream], args)
            )
        if history:
            # Settling nothing acknowledges nothing, but looks at it.
            await self.settle(consumer, [], checkpoint_key=checkpoint_key, history=history)
        where = (self._stream, self._group, raw_id, raw_id)
        if not await self._client.xpending_range(*where, count=1, consumer=consumer):
            return None
        add: tuple[Arg, ...] = (b"XADD", dead_letters, b"*", *fields)
        ack = (b"XACK", self._stream, self._group, raw_id)
        transaction = await self._client.pipeline([(b"MULTI",), add, ack, (b"EXEC",)])
        # EXEC only says that one of the others was refused; which, and why, stands before it.
        *_, done = replies.results(transaction)
        return replies.optional_id(replies.results(done)[0])

    async def history(self, checkpoint_key: str) -> str:
        """The name of the group's present history; empty where it was made by hand and nobody has looked yet."""
        name = await self._client.call(b"HGET", checkpoint_key, b"history")
        return "" if name is None else replies.text(name)

    async def sought_since(self, checkpoint_key: str, former: str, present: str) -> EntryId | None:
        """The earliest place to which the group was moved since a former history; None if it was not moved."""
        seeks = await self._client.call(b"HGET", checkpoint_key, b"seeks")
        return None if seeks is None else sought_since(former, present, replies.text(seeks))

    async def replaced(self, entries: Sequence[Entry]) -> Sequence[bytes]:
        """The ids of those that the stream does not have any more, or under whose id it has another one."""
        looks: list[tuple[Arg, ...]] = [(b"XRANGE", self._stream, entry.raw_id, entry.raw_id) for entry in entries]
        found = map(replies.entries, replies.results(await self._client.pipeline(looks)))
        return [
            entry.raw_id
            for entry, there in zip(entries, found, strict=True)
            if not there or there[0].fields != entry.fields
        ]

    async def _eval(self, name: str, more_keys: Sequence[str], args: Sequence[Arg]) -> Reply:
        return await self._client.eval(load(name), [self._stream, *more_keys], args)


def _not_held(reply: Reply) -> NotHeld:
    lost, destroyed = cast("tuple[list[bytes], list[bytes]]", reply)
    return NotHeld(lost, destroyed)


async def ensure_group(
    client: Client,
    stream: str,
    group: str,
    *,
    start: EntryId | Literal["$"],
    checkpoint_key: str | None,
    checkpoint: EntryId | None = None,
    history: str,
    on_group_lost: OnGroupLost = "resume_at_checkpoint",
    seen: bool = False,
    retries_key: str,
    groups_key: str | None = None,
    call: str = "",
) -> EnsuredGroup:
    """Have a consumer group exist: create it at `start`, or where it was lost at its checkpoint.

    What it did is answered again where it is repeated, if it has a name and there is a place to keep that.

    Args:
        client: the link to use.
        stream: the stream of the group.
        group: its name.
        start: the id after which a group begins that there has never been; ``$``: with what is added from now on.
        checkpoint_key: the hash with the checkpoint; None: it is not in Redis.
        checkpoint: then this is it, None if there is none yet.
        history: a name that no group has had, for the history that begins if it is made.
        on_group_lost: what to do where it was lost; ``fail``: nothing, and say so.
        seen: whether it is known to have been there, also where there is no checkpoint.
        retries_key: the sorted set that says when failed entries are due again: those of a former group are not.
        groups_key: a hash in which it is noted that there is such a group, and who made it; see `retain`.
        call: a name that no other call has, the same where this one is repeated since its answer was lost.
    """
    kept = "1" if checkpoint_key is not None else str(checkpoint or "")
    keys = [stream, checkpoint_key or stream, retries_key, *([] if groups_key is None else [groups_key])]
    args = [group, str(start), kept, history, on_group_lost, "1" if seen else "0", call]
    what, position = cast("list[bytes]", await client.eval(load("ensure_group"), keys, args))
    return EnsuredGroup(cast("Found", what.decode()), EntryId.parse(position))


def _page(picked: Sequence[Pending], looked_at: Sequence[Pending], count: int) -> Page:
    if len(looked_at) < count or looked_at[-1].id == MAX_ID:
        return Page(picked, None)
    return Page(picked, looked_at[-1].id.next())


def _order(raw_id: bytes) -> tuple[int, int]:
    ms, _, seq = raw_id.partition(b"-")
    return int(ms), int(seq)
