"""Looking after streams and consumer groups without Trio."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal

from ..actors import (
    checkpoint_key,
    groups_key,
    mark_key,
    readers_key,
    retries_key,
    schedule_keys,
    settings_key,
    token_keys,
)
from ..wire import Client, ConsumerInfo, EntryId, GroupInfo, PendingSummary, ResponseError, StreamInfo, load
from ._blocking_connection import Connected, RedisConnection
from ._consumer_group import ConsumerGroup
from ._dead_letter import DeadLetter, DeadLetterFilter
from ._dead_letters import EVERYTHING, DeadLetters, Redriven
from ._options import parse_start
from ._seeking import Seek


class StreamManager(Connected):
    """Creates, inspects and deletes streams. A context manager, too.

    Args:
        redis_url: the server; see `Runtime`.
        connection: one to share, instead of `redis_url`.
    """

    def __init__(self, redis_url: str | None = None, *, connection: RedisConnection | None = None) -> None:
        super().__init__(redis_url, connection)

    def create_stream(self, name: str, max_length: int | None = None) -> bool:
        """Make an empty stream, and note how long it may become.

        Args:
            name: the stream.
            max_length: about how many entries it keeps; producers that say nothing else keep to it, if it was noted
                before the first event of their connection. None: all, also where another length was noted before.

        Returns:
            Whether it was made; False: it existed. The length is noted in both cases.
        """
        if not name:
            raise ValueError("a stream needs a name, not an empty string")
        if max_length is not None and max_length < 1:
            raise ValueError(f"max_length must be 1 or more, or None to keep all entries, not {max_length!r}")
        return self.connection.call(lambda client: _create_stream(client, name, max_length))

    def stream_exists(self, name: str) -> bool:
        """Whether there is such a stream."""
        return self.connection.execute("EXISTS", name) == 1

    def stream_info(self, name: str) -> StreamInfo:
        """Length, first and last entry and more.

        Raises:
            redis.exceptions.ResponseError: there is no such stream.
        """
        return self.connection.call(lambda client: client.xinfo_stream(name))

    def stream_length(self, name: str) -> int:
        """Number of entries; 0 where there is no such stream."""
        return self.connection.call(lambda client: client.xlen(name))

    def trim_stream(self, name: str, max_length: int) -> int:
        """Delete the oldest entries beyond a length, read or not; returns how many."""
        return self.connection.call(lambda client: client.xtrim(name, max_length, approximate=False))

    def delete_stream(self, name: str) -> bool:
        """Delete a stream with its groups, checkpoints and schedules, but no dead letters; whether there was one."""
        return self.connection.call(lambda client: _delete_stream(client, name))


class ConsumerGroupManager(Connected):
    """Creates, inspects and deletes consumer groups. A context manager, too.

    Args:
        redis_url: the server; see `Runtime`.
        connection: one to share, instead of `redis_url`.
    """

    def __init__(self, redis_url: str | None = None, *, connection: RedisConnection | None = None) -> None:
        super().__init__(redis_url, connection)

    def create_group(
        self, stream: str, group: str, start_id: str | EntryId | datetime = "0", *, mkstream: bool = True
    ) -> bool:
        """Create a consumer group.

        Args:
            stream: which stream.
            group: the group's name.
            start_id: where it begins: "0" (everything), "$" (what comes from now on), an id (after it), a time.
            mkstream: make the stream too where there is none, and take a group that exists as it is.

        Returns:
            Whether it was created; False: it existed.

        Raises:
            BusyGroup: it exists, and `mkstream` is False.
            redis.exceptions.ResponseError: there is no such stream, and `mkstream` is False.
        """
        start = parse_start(start_id)
        return self.connection.call(lambda client: _create_group(client, stream, group, start, mkstream=mkstream))

    def group_exists(self, stream: str, group: str) -> bool:
        """Whether there is such a group."""
        return any(info.name == group for info in self.list_groups(stream))

    def list_groups(self, stream: str) -> Sequence[GroupInfo]:
        """All groups of a stream, with what is pending and how far behind they are; none where there is no stream."""
        return self.connection.call(lambda client: _groups(client, stream))

    def list_consumers(self, stream: str, group: str) -> Sequence[ConsumerInfo]:
        """All consumers of a group.

        Raises:
            NoGroup: there is no such group.
        """
        return self.connection.call(lambda client: client.xinfo_consumers(stream, group))

    def pending(self, stream: str, group: str) -> PendingSummary:
        """What was delivered and is not acknowledged.

        Raises:
            NoGroup: there is no such group.
        """
        return self.connection.call(lambda client: client.xpending(stream, group))

    def checkpoint(self, stream: str, group: str) -> EntryId | None:
        """The id up to which everything is settled; None where nothing has been noted."""
        stored = self.connection.execute("HGET", checkpoint_key(stream, group), "id")
        return EntryId.parse(stored) if isinstance(stored, bytes) else None

    def pause_group(self, stream: str, group: str) -> None:
        """Have no process of a group begin anything more, until `resume_group`; see `ConsumerGroup.pause_everywhere`.

        Each process looks every five seconds; what runs is finished.
        """
        self.connection.call(lambda client: ConsumerGroup(lambda: client, stream, group).pause_everywhere())

    def resume_group(self, stream: str, group: str) -> None:
        """Have a group go on that was paused; within five seconds all its processes do."""
        self.connection.call(lambda client: ConsumerGroup(lambda: client, stream, group).resume_everywhere())

    def is_paused(self, stream: str, group: str) -> bool:
        """Whether a group is paused as a whole."""
        return self.connection.call(lambda client: ConsumerGroup(lambda: client, stream, group).is_paused_everywhere())

    def seek(self, stream: str, group: str, to: str | EntryId | datetime, *, dry_run: bool = False) -> Seek:
        """Have a group go on at another place of its stream, or only say what that would do; see `ConsumerGroup.seek`.

        Raises:
            NoGroup: there is no such group.
            ValueError: `to` is no place.
        """
        return self.connection.call(
            lambda client: ConsumerGroup(lambda: client, stream, group).seek(to, dry_run=dry_run)
        )

    def delete_group(self, stream: str, group: str) -> bool:
        """Delete a group with its checkpoint, but not its dead letters; returns whether there was one."""
        return self.connection.call(lambda client: _delete_group(client, stream, group))


class DeadLetterManager(Connected):
    """Looks after the dead letters of consumer groups. A context manager, too.

    Args:
        redis_url: the server; see `Runtime`.
        connection: one to share, instead of `redis_url`.
    """

    def __init__(self, redis_url: str | None = None, *, connection: RedisConnection | None = None) -> None:
        super().__init__(redis_url, connection)

    def count(self, stream: str, group: str) -> int:
        """How many there are."""
        return self.connection.call(lambda client: DeadLetters(client, stream, group).count())

    def find(
        self, stream: str, group: str, where: DeadLetterFilter = EVERYTHING, *, limit: int | None = None
    ) -> Sequence[DeadLetter]:
        """Those that are meant, the oldest first; see `DeadLetters.find`."""
        return self.connection.call(lambda client: DeadLetters(client, stream, group).find(where, limit=limit))

    def edit(self, stream: str, group: str, letter_id: EntryId | str, fields: Mapping[str, str | bytes]) -> EntryId:
        """Change fields of the entry itself; returns the letter's new id. See `DeadLetters.edit`.

        Raises:
            DeadLetterGone: there is no such letter (any more).
        """
        return self.connection.call(lambda client: DeadLetters(client, stream, group).edit(letter_id, fields))

    def redrive(
        self,
        stream: str,
        group: str,
        where: DeadLetterFilter = EVERYTHING,
        *,
        limit: int | None = None,
        dry_run: bool = False,
    ) -> Sequence[Redriven]:
        """Give letters back to the stream, each once; see `DeadLetters.redrive`."""
        return self.connection.call(
            lambda client: DeadLetters(client, stream, group).redrive(where, limit=limit, dry_run=dry_run)
        )

    def purge(
        self,
        stream: str,
        group: str,
        where: DeadLetterFilter = EVERYTHING,
        *,
        limit: int | None = None,
        dry_run: bool = False,
    ) -> Sequence[DeadLetter]:
        """Throw letters away; returns which. See `DeadLetters.purge`."""
        return self.connection.call(
            lambda client: DeadLetters(client, stream, group).purge(where, limit=limit, dry_run=dry_run)
        )


async def _create_stream(client: Client, name: str, max_length: int | None) -> bool:
    made = await client.eval(load("create_stream"), [name], [])
    if max_length is None:
        await client.call(b"HDEL", settings_key(name), b"max_length")
    else:
        await client.call(b"HSET", settings_key(name), b"max_length", max_length)
        await client.xtrim(name, max_length)
    return made == 1


async def _create_group(
    client: Client, stream: str, group: str, start: EntryId | Literal["$"], *, mkstream: bool
) -> bool:
    made = True
    if mkstream:
        made = await client.xgroup_create(stream, group, start)
    else:
        await client.call(b"XGROUP", b"CREATE", stream, group, str(start))
    if made:
        # What waited for a retry in a former group of this name must not wait in this one.
        await client.call(b"DEL", retries_key(stream, group))
    await client.call(b"HSETNX", groups_key(stream), group, b"")
    return made


async def _delete_stream(client: Client, name: str) -> bool:
    for info in await _groups(client, name):
        await client.call(b"DEL", checkpoint_key(name, info.name), retries_key(name, info.name))
    await client.call(
        b"DEL",
        settings_key(name),
        mark_key(name),
        groups_key(name),
        readers_key(name),
        *token_keys(name),
        *schedule_keys(name),
    )
    return await client.call(b"DEL", name) == 1


async def _groups(client: Client, stream: str) -> Sequence[GroupInfo]:
    try:
        return await client.xinfo_groups(stream)
    except ResponseError as error:
        if "no such key" in str(error):
            return ()
        raise


async def _delete_group(client: Client, stream: str, group: str) -> bool:
    try:
        existed = await client.xgroup_destroy(stream, group)
    except ResponseError as error:
        if "requires the key to exist" not in str(error):
            raise
        existed = False
    await client.call(b"HDEL", groups_key(stream), group)
    await client.call(b"DEL", checkpoint_key(stream, group), retries_key(stream, group))
    return existed
