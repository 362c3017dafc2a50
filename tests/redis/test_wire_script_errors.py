"""What goes wrong inside a script is told by its own class, whatever words a server's version puts before it."""

from __future__ import annotations

import pytest
from redis.exceptions import OutOfMemoryError, ReadOnlyError, ResponseError
from redis_streams.simulations.real import RedisServer
from redis_streams.wire import EntryId, NoGroup, PendingList, begin_reading, is_weather
from support.connected import connected, create_group

pytestmark = pytest.mark.also_on_memory


async def test_a_group_that_is_gone_is_no_group(any_redis_server: RedisServer) -> None:
    """For every script that needs one: the reader of this error has it created again."""
    async with connected(any_redis_server) as client:
        pending = PendingList(client, "s", "g")
        for exists in (False, True):
            if exists:
                await client.xadd("s", {"a": "b"})
            with pytest.raises(NoGroup):
                await pending.settle("c", [b"1-0"], checkpoint_key="{s}:checkpoint:g", history="h1")
            with pytest.raises(NoGroup):
                await pending.settle("c", [], checkpoint_key="{s}:checkpoint:g", history="h1")
            with pytest.raises(NoGroup):
                await pending.reap(idle_ms=5)
            with pytest.raises(NoGroup):
                await pending.renew("c", [b"1-0"])
            with pytest.raises(NoGroup):
                await pending.hand_back("c", {b"1-0": 1}, idle_ms=5)
            with pytest.raises(NoGroup):
                await pending.take_own("c", [b"1-0"])
            with pytest.raises(NoGroup):
                await pending.move_to("{s}:dead:g", "c", b"1-0", [b"a", b"b"])


async def test_a_key_of_another_kind_is_said_to_be_one(any_redis_server: RedisServer) -> None:
    """It is no weather: it stays until somebody does something. The error names the script and its keys."""
    any_redis_server.cli("SET", "s", "text")
    async with connected(any_redis_server) as client:
        with pytest.raises(ResponseError, match=r"WRONGTYPE .* \(in settle\.lua, on s\)$") as caught:
            await PendingList(client, "s", "g").settle("c", [b"1-0"], checkpoint_key=None)
        assert not is_weather(caught.value)
        with pytest.raises(ResponseError, match="WRONGTYPE"):
            await create_group(client)


async def test_no_memory_and_no_writes_are_weather(any_redis_server: RedisServer) -> None:
    """Who writes waits, and tries again. A group is made also without memory: who frees it needs one."""
    async with connected(any_redis_server) as client:
        any_redis_server.cli("CONFIG", "SET", "maxmemory", "1")
        with pytest.raises(OutOfMemoryError) as no_memory:
            await begin_reading(client, "s", "{s}:readers", "cache", EntryId(0, 0))
        any_redis_server.cli("CONFIG", "SET", "maxmemory", "0")
        any_redis_server.cli("REPLICAOF", "127.0.0.1", "1")
        with pytest.raises(ReadOnlyError) as no_writes:
            await create_group(client)
        any_redis_server.cli("REPLICAOF", "NO", "ONE")
        assert is_weather(no_memory.value)
        assert is_weather(no_writes.value)
        await create_group(client)
