"""What servers say when they can't just now, on every version at hand: it is weather, and afterwards all goes on."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from random import Random

import pytest
import redis
import trio
from redis_streams.simulations.real import RedisServer
from redis_streams.wire import (
    Client,
    Connection,
    ConnectionLost,
    PendingList,
    RedisError,
    Reply,
    ResponseError,
    Retry,
    ServerAddress,
    is_weather,
)
from support.connected import create_group
from support.servers import ServerFactory

pytestmark = [pytest.mark.also_on_memory, pytest.mark.real_time]

PATIENT = Retry(max_retries=None, base_delay_seconds=0.01, max_delay_seconds=0.05)
FOR_EVER = "redis.replicate_commands() while true do end"


@asynccontextmanager
async def connected(server: RedisServer) -> AsyncIterator[Client]:
    client = Client(server.url, rng=Random(1), retry=PATIENT)
    async with trio.open_nursery() as nursery:
        await nursery.start(client.run)
        yield client
        nursery.cancel_scope.cancel()


async def refusal_of(client: Client, *command: str | int) -> RedisError:
    """The error that a command meets."""
    with pytest.raises(RedisError) as caught:
        await client.call(*command)
    return caught.value


async def served(client: Client, *command: str) -> tuple[Reply, list[RedisError]]:
    """Ask until the answer is no error; and the errors before that."""
    errors: list[RedisError] = []
    with trio.fail_after(20):
        while True:
            try:
                return await client.call(*command), errors
            except RedisError as error:
                errors.append(error)
                await trio.sleep(0.02)


async def test_too_few_replicas_are_weather_for_writes(any_redis_server: RedisServer) -> None:
    """Appends, acknowledgements and scripts; reading goes on."""
    async with connected(any_redis_server) as client:
        await client.xadd("s", {"f": "v"}, id="1-0")
        await create_group(client)
        await client.call("XREADGROUP", "GROUP", "g", "c", "STREAMS", "s", ">")
        any_redis_server.cli("CONFIG", "SET", "min-slaves-to-write", "1")
        pending = PendingList(client, "s", "g")
        refused: list[Callable[[], Awaitable[object]]] = [
            lambda: client.xadd("s", {"f": "v"}),
            lambda: client.xack("s", "g", ["1-0"]),
            lambda: pending.move_to("{s}:dead:g", "c", b"1-0", [b"f", b"v"] * 4000),
        ]
        if any_redis_server.version >= (6, 2, 0):  # Before, scripts may write all the same.
            refused += [
                lambda: pending.settle("c", [b"1-0"], checkpoint_key="{s}:checkpoint:g"),
                lambda: pending.renew("c", [b"1-0"]),
                lambda: pending.hand_back("c", {b"1-0": 1}, idle_ms=5),
                lambda: pending.take_own("c", [b"1-0"]),
                lambda: pending.move_to("{s}:dead:g", "c", b"1-0", [b"f", b"v"]),
            ]
        for ask in refused:
            with pytest.raises(ResponseError, match="NOREPLICAS") as caught:
                await ask()
            assert is_weather(caught.value)
        assert (await client.xpending("s", "g")).consumers == {"c": 1}
        any_redis_server.cli("CONFIG", "SET", "min-slaves-to-write", "0")
        assert (await pending.settle("c", [b"1-0"], checkpoint_key=None)).acknowledged == 1
        assert await client.xlen("{s}:dead:g") == 0


async def test_a_replica_without_its_master_is_weather(any_redis_server: RedisServer) -> None:
    """READONLY for writes, MASTERDOWN for reads where stale data are not to be served."""
    async with connected(any_redis_server) as client:
        await client.xadd("s", {"f": "v"})
        any_redis_server.cli("REPLICAOF", "127.0.0.1", "1")
        written = await refusal_of(client, "XADD", "s", "*", "f", "v")
        assert isinstance(written, redis.exceptions.ReadOnlyError)
        assert await client.xlen("s") == 1
        any_redis_server.cli("CONFIG", "SET", "slave-serve-stale-data", "no")
        read = await refusal_of(client, "XLEN", "s")
        assert "MASTER is down" in str(read)
        assert is_weather(written)
        assert is_weather(read)
        any_redis_server.cli("REPLICAOF", "NO", "ONE")
        assert await client.xadd("s", {"f": "v"}) is not None


async def test_a_read_that_blocks_while_its_server_is_demoted_is_weather(any_redis_server: RedisServer) -> None:
    """It ends at once. Redis hangs up after that: the link has another connection for the next read."""
    async with connected(any_redis_server) as client, client.link() as link:
        await client.xgroup_create("s", "g", "0")
        connection = await link.connection()

        async def demote() -> None:
            while "cmd=xreadgroup" not in str(any_redis_server.cli("CLIENT", "LIST")):
                await trio.sleep(0.005)
            any_redis_server.cli("REPLICAOF", "127.0.0.1", "1")

        async with trio.open_nursery() as nursery:
            nursery.start_soon(demote)
            with trio.fail_after(10), pytest.raises(ResponseError) as caught:
                await connection.read_group("s", "g", "c", count=1, block_ms=60_000)
        assert is_weather(caught.value)
        with pytest.raises(ConnectionLost):
            await connection.call("PING")
        assert await (await link.connection()).call("PING") == b"PONG"


@pytest.mark.real_server_only("a script that never ends holds the thread of a server in this process")
async def test_a_server_that_runs_a_long_script_is_weather(any_redis_server: RedisServer) -> None:
    """BUSY, for those who are connected and for those who want to be."""
    any_redis_server.cli("CONFIG", "SET", "lua-time-limit", "1")

    def run_for_ever() -> None:
        with pytest.raises(redis.exceptions.RedisError):
            any_redis_server.cli("EVAL", FOR_EVER, "0")

    async with connected(any_redis_server) as client:
        thread = threading.Thread(target=run_for_ever)
        thread.start()
        try:
            with trio.fail_after(10):
                busy: RedisError | None = None
                while busy is None:
                    try:
                        await client.call("XLEN", "s")
                    except RedisError as error:
                        busy = error
            assert is_weather(busy)
            with pytest.raises(RedisError) as late:
                await Connection.open(ServerAddress.parse(f"{any_redis_server.url}?client_name=late"))
            assert is_weather(late.value)
        finally:
            await client.call("SCRIPT", "KILL")
            thread.join()
        size, errors = await served(client, "XLEN", "s")
        assert size == 0
        assert all(map(is_weather, errors))


@pytest.mark.real_server_only("its loading is slowed down with parameters of the real one")
async def test_a_server_that_is_loading_is_waited_for(redis_server_factory: ServerFactory) -> None:
    """LOADING is said to commands, not to the log-in."""
    server = redis_server_factory(
        config={"key-load-delay": "2000", "loading-process-events-interval-bytes": "1024", "rdbcompression": "no"}
    )
    async with connected(server) as client:
        await client.pipeline([("SET", f"k{number}", b"x" * 1000) for number in range(200)])
        await client.call("SAVE")
        server.kill()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.to_thread.run_sync, server.restart)
            size, errors = await served(client, "DBSIZE")
        assert size == 200
        assert redis.exceptions.BusyLoadingError in map(type, errors)
        assert all(map(is_weather, errors))
        assert await client.xadd("s", {"f": "v"}) is not None


async def test_no_room_for_one_more_client_is_weather(any_redis_server: RedisServer) -> None:
    """The server says so and hangs up, before it has heard anything."""
    async with connected(any_redis_server) as client:
        await client.call("CONFIG", "SET", "maxclients", 1)
        with pytest.raises(RedisError, match="max number of clients") as caught:
            await client.open()
        assert is_weather(caught.value)
        await client.call("CONFIG", "SET", "maxclients", 100)
        await (await client.open()).aclose()
