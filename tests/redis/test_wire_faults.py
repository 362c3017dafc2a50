"""A real server that is killed, hangs, forgets its scripts, or drops its clients."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random

import pytest
import trio
from redis_streams.simulations.real import RedisServer
from redis_streams.wire import (
    Client,
    ConnectionLost,
    LinkDown,
    LinkEvent,
    LinkUp,
    PendingList,
    ReplyTimeout,
    Retry,
    Timeouts,
)
from support.servers import ServerFactory

RETRY = Retry(max_retries=100, base_delay_seconds=0.01, max_delay_seconds=0.1)


@asynccontextmanager
async def connected(
    server: RedisServer, events: list[LinkEvent] | None = None, timeouts: Timeouts | None = None
) -> AsyncIterator[Client]:
    heard: list[LinkEvent] = [] if events is None else events
    client = Client(server.url, rng=Random(1), retry=RETRY, timeouts=timeouts, on_event=heard.append)
    async with trio.open_nursery() as nursery:
        await nursery.start(client.run)
        yield client
        nursery.cancel_scope.cancel()


async def test_client_kill_of_everything_costs_two_events(any_redis_server: RedisServer) -> None:
    """Both kinds of connection come back; reads go on as if nothing had been."""
    events: list[LinkEvent] = []
    async with connected(any_redis_server, events) as client, client.link() as link:
        await client.xadd("s", {"f": "v"})
        await (await link.connection()).call("PING")
        any_redis_server.cli("CLIENT", "KILL", "TYPE", "normal")
        assert await client.xlen("s") == 1
        with pytest.raises(ConnectionLost):
            await (await link.connection()).call("PING")
        assert await (await link.connection()).call("PING") == b"PONG"
    assert [type(event) for event in events] == [LinkUp, LinkDown, LinkUp]


async def test_a_killed_server_that_comes_back_is_found_again(redis_server_factory: ServerFactory) -> None:
    """SIGKILL under load: each append has an id or an error, and what has an id is there."""
    server = redis_server_factory(appendonly="always")
    events: list[LinkEvent] = []
    added, unsure = list[str](), 0

    async def append(number: int) -> None:
        nonlocal unsure
        for n in range(20):
            try:
                added.append(str(await client.xadd("s", {"n": f"{number}-{n}"})))
            except ConnectionLost as error:
                unsure += error.sent

    async with connected(server, events) as client:
        await client.xgroup_create("s", "g", "0")
        async with trio.open_nursery() as nursery:
            for number in range(20):
                nursery.start_soon(append, number)
            await trio.sleep(0.005)
            server.kill()
            await trio.to_thread.run_sync(server.restart)
        there = {str(entry.id) for entry in await client.xrange("s")}
    assert set(added) <= there
    assert len(added) == len(set(added))
    assert len(there) <= len(added) + unsure
    assert [type(event) for event in events] == [LinkUp, LinkDown, LinkUp]


async def test_a_server_that_hangs_is_a_failure_not_a_wait(redis_server: RedisServer) -> None:
    """SIGSTOP leaves the sockets open. Callers hear of it in time; when it goes on, so do they."""
    async with connected(redis_server, timeouts=Timeouts(connect_seconds=0.2, reply_seconds=0.3)) as client:
        connection = await client.open()
        redis_server.pause()
        with trio.fail_after(5), pytest.raises(ConnectionLost):
            await client.xadd("s", {"f": "v"})
        with trio.fail_after(5), pytest.raises(ReplyTimeout):
            await connection.call("PING")
        redis_server.resume()
        assert await client.call("PING") == b"PONG"


async def test_scripts_come_back_after_the_server_forgot_them(any_redis_server: RedisServer) -> None:
    """SCRIPT FLUSH, or a restart."""
    async with connected(any_redis_server) as client:
        await client.xgroup_create("s", "g", "0")
        pending = PendingList(client, "s", "g")
        assert await pending.renew("c", [b"1-1"]) == [b"1-1"]
        any_redis_server.cli("SCRIPT", "FLUSH")
        assert await pending.renew("c", [b"1-1"]) == [b"1-1"]


async def test_what_a_broken_read_delivered_is_pending(redis_server: RedisServer) -> None:
    """A read that was cancelled while it blocked, and whose connection was then killed, delivers nothing later."""
    async with connected(redis_server) as client, client.link() as link:
        await client.xgroup_create("s", "g", "0")
        connection = await link.connection()
        with trio.move_on_after(0.05):
            await connection.read_group("s", "g", "c", count=1, block_ms=60_000)
        assert connection.closed
        await link.connection()
        await link.kill_former()
        await client.xadd("s", {"f": "v"})
        assert (await client.xpending("s", "g")).count == 0


async def test_ten_thousand_tasks_share_one_connection(redis_server: RedisServer) -> None:
    """Each gets its own reply."""
    async with connected(redis_server) as client:
        wrong = list[int]()

        async def ask(number: int) -> None:
            if await client.call("ECHO", number) != b"%d" % number:
                wrong.append(number)

        async with trio.open_nursery() as nursery:
            for number in range(10_000):
                nursery.start_soon(ask, number)
        assert wrong == []
        assert str(redis_server.cli("CLIENT", "LIST")).count(" addr=") == 2


async def test_large_values_pass_both_ways(redis_server: RedisServer) -> None:
    """Twenty megabytes, over the shared link and over one's own."""
    value = bytes(range(256)) * 80_000
    async with connected(redis_server) as client:
        await client.call("SET", "k", value)
        assert await client.call("GET", "k") == value
        connection = await client.open()
        assert await connection.pipeline([("SET", "l", value), ("GET", "l")]) == [b"OK", value]
        await connection.aclose()
