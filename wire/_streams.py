"""The stream commands with types: what goes in, and what comes out. Names and semantics are Redis' own.

See https://redis.io/docs/latest/commands/?group=stream for each of them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence

from . import _replies as replies
from ._capabilities import Capabilities
from ._ids import EntryId
from ._redis_py import Arg, BusyGroup, Reply
from ._replies import ConsumerInfo, Entry, GroupInfo, Pending, PendingSummary, StreamInfo

Id = EntryId | str | bytes
"""An entry's id, or one of Redis' marks for a place in a stream: ``-``, ``+``, ``$``, ``*``."""


def word(entry_id: Id) -> Arg:
    """An id as a word of a command."""
    return str(entry_id) if isinstance(entry_id, EntryId) else entry_id


class StreamCommands(ABC):
    """Stream commands over whatever sends commands."""

    @abstractmethod
    async def call(self, *args: Arg) -> Reply:
        """Send a command and wait for its reply."""

    @abstractmethod
    async def capabilities(self) -> Capabilities:
        """What the server can do."""

    async def xadd(
        self,
        stream: str,
        fields: Mapping[str, Arg] | Sequence[Arg],
        *,
        id: Id = "*",  # noqa: A002 - Redis' word for it
        max_length: int | None = None,
        min_id: Id | None = None,
        approximate: bool = True,
        make_stream: bool = True,
    ) -> EntryId | None:
        """Append an entry; None where there is no stream and none was to be made.

        Args:
            stream: where to.
            fields: by name, or as a flat list of name, value, …
            id: the entry's id; by default the server gives one.
            max_length: how many entries are to be kept (MAXLEN).
            min_id: the oldest entry that is to be kept (MINID, Redis 6.2).
            approximate: the server may keep some more, which costs it much less.
            make_stream: whether to make the stream if there is none (False: NOMKSTREAM, Redis 6.2).

        Raises:
            ConnectionLost: with `sent`, the entry may have been added; it is never sent twice.
            ValueError: both limits are given.
        """
        words: list[Arg] = [b"XADD", stream]
        if not make_stream:
            words.append(b"NOMKSTREAM")
        words += _limit(max_length, min_id, approximate=approximate)
        words.append(word(id))
        if isinstance(fields, Mapping):
            for pair in fields.items():
                words += pair
        else:
            words += fields
        return replies.optional_id(await self.call(*words))

    async def xlen(self, stream: str) -> int:
        """Number of entries."""
        return replies.number(await self.call(b"XLEN", stream))

    async def xdel(self, stream: str, ids: Sequence[Id]) -> int:
        """Delete entries; returns how many there were."""
        if not ids:
            return 0
        return replies.number(await self.call(b"XDEL", stream, *map(word, ids)))

    async def xtrim(
        self, stream: str, max_length: int | None = None, *, min_id: Id | None = None, approximate: bool = True
    ) -> int:
        """Delete the oldest entries, beyond a length or below an id (Redis 6.2); returns how many were deleted.

        Raises:
            ValueError: not exactly one of the limits is given.
        """
        limit = _limit(max_length, min_id, approximate=approximate)
        if not limit:
            raise ValueError("xtrim needs max_length or min_id")
        return replies.number(await self.call(b"XTRIM", stream, *limit))

    async def xrange(
        self, stream: str, start: Id = "-", end: Id = "+", *, count: int | None = None, backwards: bool = False
    ) -> list[Entry]:
        """Entries from `start` to `end`, both included; `backwards` from the end on (XREVRANGE)."""
        command, bounds = (b"XREVRANGE", (end, start)) if backwards else (b"XRANGE", (start, end))
        limit: tuple[Arg, ...] = () if count is None else (b"COUNT", count)
        return replies.entries(await self.call(command, stream, *map(word, bounds), *limit))

    async def xack(self, stream: str, group: str, ids: Sequence[Id]) -> int:
        """Acknowledge entries, whoever owns them; returns how many were pending."""
        if not ids:
            return 0
        return replies.number(await self.call(b"XACK", stream, group, *map(word, ids)))

    async def xgroup_create(self, stream: str, group: str, start: Id, *, make_stream: bool = True) -> bool:
        """Create a consumer group that begins after an id (``$``: with what is added from now on).

        Returns:
            Whether it was created; False: it existed, and nothing changed.

        Raises:
            redis.exceptions.ResponseError: there is no stream, and none was to be made.
        """
        option = (b"MKSTREAM",) if make_stream else ()
        try:
            await self.call(b"XGROUP", b"CREATE", stream, group, word(start), *option)
        except BusyGroup:
            return False
        return True

    async def xgroup_destroy(self, stream: str, group: str) -> bool:
        """Destroy a group with its pending list; returns whether there was one."""
        return replies.number(await self.call(b"XGROUP", b"DESTROY", stream, group)) == 1

    async def xgroup_setid(self, stream: str, group: str, start: Id) -> None:
        """Have a group go on after an id; what is pending stays pending."""
        await self.call(b"XGROUP", b"SETID", stream, group, word(start))

    async def xgroup_createconsumer(self, stream: str, group: str, consumer: str) -> bool:
        """Create a consumer that has read nothing yet (Redis 6.2); returns whether it is a new one."""
        return replies.number(await self.call(b"XGROUP", b"CREATECONSUMER", stream, group, consumer)) == 1

    async def xgroup_delconsumer(self, stream: str, group: str, consumer: str) -> int:
        """Delete a consumer. Its pending entries are dropped, never delivered again: returns how many."""
        return replies.number(await self.call(b"XGROUP", b"DELCONSUMER", stream, group, consumer))

    async def xinfo_stream(self, stream: str) -> StreamInfo:
        """About a stream."""
        return replies.stream_info(await self.call(b"XINFO", b"STREAM", stream))

    async def xinfo_groups(self, stream: str) -> list[GroupInfo]:
        """About the groups of a stream."""
        return replies.group_infos(await self.call(b"XINFO", b"GROUPS", stream))

    async def xinfo_consumers(self, stream: str, group: str) -> list[ConsumerInfo]:
        """About the consumers of a group."""
        return replies.consumer_infos(await self.call(b"XINFO", b"CONSUMERS", stream, group))

    async def xpending(self, stream: str, group: str) -> PendingSummary:
        """A group's pending list at a glance."""
        return replies.pending_summary(await self.call(b"XPENDING", stream, group))

    async def xpending_range(
        self,
        stream: str,
        group: str,
        start: Id = "-",
        end: Id = "+",
        *,
        count: int,
        consumer: str | None = None,
        idle_ms: int | None = None,
    ) -> list[Pending]:
        """Rows of a group's pending list, in the order of ids, `count` at most.

        Args:
            stream: the group's stream.
            group: whose pending list it is.
            start: the first id looked at.
            end: the last one.
            count: rows at most.
            consumer: only what is pending under this name.
            idle_ms: only what has been idle for so long. A server before 6.2 can't pick it: there it is picked here,
                among the first `count` rows.
        """
        pick_here = idle_ms is not None and not (await self.capabilities()).pending_idle
        idle: tuple[Arg, ...] = () if idle_ms is None or pick_here else (b"IDLE", idle_ms)
        whose: tuple[Arg, ...] = () if consumer is None else (consumer,)
        found = replies.pending(
            await self.call(b"XPENDING", stream, group, *idle, word(start), word(end), count, *whose)
        )
        return [row for row in found if idle_ms is None or row.idle_ms >= idle_ms]

    async def xclaim(self, stream: str, group: str, consumer: str, min_idle_ms: int, ids: Sequence[Id]) -> list[Entry]:
        """Take over entries that have been idle for so long; each taken is one more delivery.

        Entries that were deleted come back without fields before Redis 7.0, if at all; from then on Redis drops them
        from the pending list and says nothing.
        """
        if not ids:
            return []
        return replies.entries(await self.call(b"XCLAIM", stream, group, consumer, min_idle_ms, *map(word, ids)))


def _limit(max_length: int | None, min_id: Id | None, *, approximate: bool) -> tuple[Arg, ...]:
    if max_length is not None and min_id is not None:
        raise ValueError(f"either max_length or min_id, not both: {max_length!r} and {word(min_id)!r}")
    operator = b"~" if approximate else b"="
    if max_length is not None:
        return (b"MAXLEN", operator, max_length)
    return () if min_id is None else (b"MINID", operator, word(min_id))
