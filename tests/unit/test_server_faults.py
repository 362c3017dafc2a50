"""Faults of ``memory://``: it crashes, hangs, loads and comes back, and its clients see what those of a process see."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from random import Random

import pytest
import trio
from redis.exceptions import RedisError
from redis_streams.wire import Client, ConnectFailed, Connection, ConnectionLost, ServerAddress, is_weather
from support.on_memory import MemoryServer, run_in_virtual_time

virtual_time = pytest.mark.trio(run=run_in_virtual_time)


@pytest.fixture
def server() -> MemoryServer:
    """One whose file is synced each second, in virtual time."""
    return MemoryServer(virtual=True, appendonly="everysec")


async def connect(server: MemoryServer) -> Connection:
    """A connection of its own, without anybody who opens it again."""
    return await Connection.open(ServerAddress.parse(server.url))


@virtual_time
async def test_a_crash_ends_every_connection_and_every_wait(server: MemoryServer) -> None:
    """Also that of somebody who blocks; and nobody gets in until it runs again."""
    waiting, other = await connect(server), await connect(server)

    async def wait() -> None:
        with pytest.raises(ConnectionLost):
            await waiting.call("XREAD", "BLOCK", 0, "STREAMS", "s", "$")

    async with trio.open_nursery() as nursery:
        nursery.start_soon(wait)
        await trio.sleep(1)
        server.kill()
    with pytest.raises(ConnectionLost):
        await other.call("PING")
    with pytest.raises(ConnectFailed, match="connection refused"):
        await connect(server)
    with pytest.raises(RedisError, match="is down"):
        server.cli("PING")
    server.restart()
    assert await (await connect(server)).call("PING") == b"PONG"


@pytest.mark.parametrize(
    ("fault", "kept"), [(MemoryServer.kill, 2), (MemoryServer.cut_power, 1)], ids=["crash", "power cut"]
)
@virtual_time
async def test_what_was_synced_comes_back_and_the_rest_is_named(
    fault: Callable[[MemoryServer], object], kept: int, server: MemoryServer
) -> None:
    """A crash spares the page cache, a power cut does not; what is gone is told entry by entry."""
    server.cli("XADD", "s", "1-0", "f", "v")
    await trio.sleep(2)
    client = await connect(server)
    await client.call("PING")
    await client.call("XADD", "s", "2-0", "f", "v")
    destroyed = fault(server)
    assert [entry.id for entry in destroyed.entries] == [(2, 0)][: 2 - kept]
    server.restart()
    assert server.cli("XLEN", "s") == kept


@virtual_time
async def test_without_a_file_nothing_comes_back() -> None:
    """As with a redis-server that has neither save points nor appendonly."""
    server = MemoryServer(virtual=True)
    server.cli("SET", "k", "v")
    server.kill()
    server.restart()
    assert server.cli("DBSIZE") == 0


@virtual_time
async def test_a_restart_of_a_server_that_runs_ends_it_first(server: MemoryServer) -> None:
    """And loses nothing."""
    client = await connect(server)
    await client.call("SET", "k", "v")
    server.restart()
    with pytest.raises(ConnectionLost):
        await client.call("PING")
    assert server.cli("GET", "k") == "v"


@virtual_time
async def test_a_server_that_loads_is_waited_for(server: MemoryServer) -> None:
    """LOADING is weather."""
    server.cli("SET", "k", "v")
    server.restart(loading_ms=30_000)
    client = Client(server.url, rng=Random(1))
    async with trio.open_nursery() as nursery:
        await nursery.start(client.run)
        with pytest.raises(RedisError, match="is loading") as caught:
            await client.call("GET", "k")
        assert is_weather(caught.value)
        await trio.sleep(30)
        assert await client.call("GET", "k") == b"v"
        nursery.cancel_scope.cancel()


@pytest.mark.parametrize("answer", ["kill", "resume"])
@virtual_time
async def test_a_server_that_hangs_keeps_its_connections(answer: str, server: MemoryServer) -> None:
    """Until it goes on, or is killed."""
    client = await connect(server)
    server.pause()

    async def ask() -> object:
        return await client.call("PING")

    got: list[object] = []
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_note, ask, got)
        await trio.sleep(1)
        assert got == []
        getattr(server, answer)()
    assert got == ([b"PONG"] if answer == "resume" else ["lost"])


async def _note(ask: Callable[[], Awaitable[object]], got: list[object]) -> None:
    try:
        got.append(await ask())
    except ConnectionLost:
        got.append("lost")
