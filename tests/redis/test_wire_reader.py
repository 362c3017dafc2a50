"""The checkpoint of a reader without a group, on every version at hand: where it begins, and what stands in the end."""

from __future__ import annotations

import pytest
from redis_streams.simulations.real import RedisServer
from redis_streams.wire import (
    ZERO_ID,
    EntryId,
    Mark,
    begin_reading,
    mark_reading,
    read_range,
    read_stream,
)
from support.connected import connected

pytestmark = pytest.mark.also_on_memory

READERS, DEAD = "{s}:readers", "{s}:dead:r"
KEYS = READERS, DEAD
COUNTS = (7, 0, 0)
"""From this version on Redis counts what was ever added to a stream."""


async def test_a_reader_begins_once_and_goes_on_where_it_was(any_redis_server: RedisServer) -> None:
    """Beyond the end is the end; without a name nothing is kept. The number is that of what was added up to there."""
    counts = any_redis_server.version >= COUNTS

    def mark(ms: int, read: int | None) -> Mark:
        return Mark(0, EntryId(ms, 0), read if counts or not ms else None)

    async with connected(any_redis_server) as client:
        assert await begin_reading(client, "s", READERS, "early", "$") == (Mark(0, ZERO_ID, 0), True)
        for number in range(1, 6):
            await client.xadd("s", {"n": number}, id=EntryId(number, 0))
        await client.call("XTRIM", "s", "MAXLEN", 3)
        assert await begin_reading(client, "s", READERS, "early", "$") == (Mark(0, ZERO_ID, 0), False)
        assert await begin_reading(client, "s", READERS, "end", "$") == (mark(5, 5), True)
        assert await begin_reading(client, "s", READERS, "end", EntryId(1, 0)) == (mark(5, 5), False)
        assert await begin_reading(client, "s", READERS, "beyond", EntryId(9, 0)) == (mark(5, 5), True)
        assert await begin_reading(client, "s", READERS, "", EntryId(2, 0)) == (mark(2, 2), True)
        assert await begin_reading(client, "s", READERS, "", EntryId(4, 0)) == (Mark(0, EntryId(4, 0), None), True)
        assert set(await client.call("HKEYS", READERS)) == {b"early", b"end", b"beyond"}


async def test_a_checkpoint_only_goes_forward_but_for_a_later_history(any_redis_server: RedisServer) -> None:
    """In which ids may be less; what is said in a former one is refused."""
    async with connected(any_redis_server) as client:
        for said, stands in [
            (Mark(0, EntryId(9, 0), 9, 4_294_967_295), Mark(0, EntryId(9, 0), 9, 4_294_967_295)),
            (Mark(0, EntryId(10, 1), None), Mark(0, EntryId(10, 1), None)),
            (Mark(0, EntryId(10, 0), 10), Mark(0, EntryId(10, 1), None)),
            (Mark(1, EntryId(2, 0), 2), Mark(1, EntryId(2, 0), 2)),
            (Mark(0, EntryId(11, 0), 11), Mark(1, EntryId(2, 0), 2)),
        ]:
            assert await mark_reading(client, KEYS, "r", said) == stands


async def test_a_dead_letter_is_written_once_with_the_checkpoint_that_passes_it(any_redis_server: RedisServer) -> None:
    """Also where nobody heard of the first time; not in a former history; and by each of two with one name."""
    letter = [b"dead_id", b"5-0", b"dead_consumer", b"one", b"dead_own", b"0"]
    mark = Mark(1, EntryId(5, 0), 5)

    async with connected(any_redis_server) as client:
        assert await mark_reading(client, KEYS, "r", mark, letter) == mark
        assert await mark_reading(client, KEYS, "r", mark, letter, again=True) == mark
        assert await client.xlen(DEAD) == 1
        await mark_reading(client, KEYS, "r", Mark(0, EntryId(5, 0), 5), letter)
        assert await client.xlen(DEAD) == 1
        other = [b"dead_id", b"5-0", b"dead_consumer", b"two", b"dead_own", b"0"]
        await mark_reading(client, KEYS, "r", mark, other, again=True)
        assert await client.xlen(DEAD) == 2


async def test_a_letter_that_does_not_fit_through_a_script_is_written_once_too(any_redis_server: RedisServer) -> None:
    """With its mark, and not in a former history."""
    long, mark = [b"field", b"value"] * 4000, Mark(1, EntryId(6, 0), 6)
    async with connected(any_redis_server) as client:
        assert await mark_reading(client, KEYS, "r", mark, long, again=True) == mark
        assert await mark_reading(client, KEYS, "r", mark, long, again=True) == mark
        assert await mark_reading(client, KEYS, "r", Mark(0, EntryId(6, 0), 6), long) == mark
        assert await client.xlen(DEAD) == 1


async def test_a_letter_on_the_same_id_of_another_stream_is_another_letter(any_redis_server: RedisServer) -> None:
    """Its first try never came, and a letter of that id and this reader is there already: the former stream's."""
    async with connected(any_redis_server) as client:
        for history, payload in enumerate((b"former", b"new", b"new and longer")):
            mark = Mark(history, EntryId(5, 0), 5)
            fields = [b"dead_id", b"5-0", b"dead_consumer", b"one", *[b"payload", payload] * (1 + history)]
            assert await mark_reading(client, KEYS, "r", mark, fields, again=True) == mark
        assert await client.xlen(DEAD) == 3


async def test_a_read_says_what_the_stream_is_like_behind_it(redis_server: RedisServer) -> None:
    """Where there is none, that; also a read that waits."""
    async with connected(redis_server) as client, client.link() as link:
        connection = await link.connection()
        assert await read_stream(connection, "s", ZERO_ID, count=2, block_ms=1) == ([], None)
        for number in (1, 2, 3):
            await client.xadd("s", {"n": number}, id=EntryId(number, 0))
        entries, info = await read_stream(connection, "s", EntryId(1, 0), count=2, block_ms=None)
        assert [entry.raw_id for entry in entries] == [b"2-0", b"3-0"]
        assert info is not None
        assert (info.last_generated_id, info.length) == (EntryId(3, 0), 3)
        found = await read_range(connection, "s", EntryId(2, 0), EntryId(3, 0), count=1)
        assert [entry.raw_id for entry in found] == [b"2-0"]
