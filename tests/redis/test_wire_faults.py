"""A real server that is killed, hangs, forgets its scripts, or drops its clients."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random

import pytest
import trio
from redis.exceptions import BusyLoadingError, ReadOnlyError
from redis_streams.simulations.real import RedisServer, TlsFiles
from redis_streams.wire import (
    Client,
    ConnectionLost,
    Dial,
    LinkDown,
    LinkEvent,
    LinkUp,
    PendingList,
    ReplyTimeout,
    Retry,
    ServerAddress,
    Timeouts,
    dial,
)
from support.held import HoldingDial
from support.servers import ServerFactory, restart

pytestmark = [pytest.mark.also_on_memory, pytest.mark.real_time]

RETRY = Retry(max_retries=100, base_delay_seconds=0.01, max_delay_seconds=0.1)


@asynccontextmanager
async def connected(
    server: RedisServer,
    events: list[LinkEvent] | None = None,
    timeouts: Timeouts | None = None,
    url: str | None = None,
    dialled: Dial = dial,
) -> AsyncIterator[Client]:
    heard: list[LinkEvent] = [] if events is None else events
    client = Client(
        url or server.url, rng=Random(1), dial=dialled, retry=RETRY, timeouts=timeouts, on_event=heard.append
    )
    async with trio.open_nursery() as nursery:
        await nursery.start(client.run)
        yield client
        nursery.cancel_scope.cancel()


async def test_the_shared_link_follows_a_connection_that_leads_to_another_server(
    redis_server_factory: ServerFactory,
) -> None:
    """The former primary lives on, and answers whatever only reads."""
    former, newer = redis_server_factory(), redis_server_factory()
    newer.cli("XADD", "s", "*", "f", "v")
    leads_to = [former]

    async def follow(_address: ServerAddress) -> trio.abc.Stream:
        return await dial(ServerAddress.parse(leads_to[-1].url))

    events: list[LinkEvent] = []
    async with connected(former, events, dialled=follow) as client, client.link() as link:
        await link.connection()
        assert await client.xlen("s") == 0
        leads_to.append(newer)
        await link.leave()
        await link.connection()
        assert await client.xlen("s") == 1
    assert [type(event) for event in events] == [LinkUp, LinkDown, LinkUp]


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
            except BusyLoadingError:
                pass  # It is back, and reads its file still: an append is refused.

    async with connected(server, events) as client:
        await client.xgroup_create("s", "g", "0")
        async with trio.open_nursery() as nursery:
            for number in range(20):
                nursery.start_soon(append, number)
            await trio.sleep(0.005)
            server.kill()
            await restart(server)
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
        assert (await pending.renew("c", [b"1-1"])).lost == [b"1-1"]
        any_redis_server.cli("SCRIPT", "FLUSH")
        assert (await pending.renew("c", [b"1-1"])).lost == [b"1-1"]


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


async def test_a_blocking_read_that_is_killed_is_lost_at_once(any_redis_server: RedisServer) -> None:
    """Not after its block; and what it had not read, the next connection reads."""
    async with connected(any_redis_server) as client, client.link() as link:
        await client.xgroup_create("s", "g", "0")
        connection = await link.connection()

        async def kill() -> None:
            while "cmd=xreadgroup" not in str(any_redis_server.cli("CLIENT", "LIST")):
                await trio.sleep(0.001)
            any_redis_server.cli("CLIENT", "KILL", "ID", connection.client_id)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(kill)
            with trio.fail_after(10), pytest.raises(ConnectionLost) as caught:
                await connection.read_group("s", "g", "c", count=1, block_ms=60_000)
        assert caught.value.sent
        await client.xadd("s", {"f": "v"}, id="1-0")
        again = await link.connection()
        await link.kill_former()
        [entry] = await again.read_group("s", "g", "c", count=1, block_ms=1000)
        assert entry.raw_id == b"1-0"


async def test_a_blocking_read_ends_with_its_server(redis_server_factory: ServerFactory) -> None:
    """Killed or shut down; the link opens another one when it is back."""
    server = redis_server_factory(appendonly="always")
    async with connected(server) as client, client.link() as link:
        await client.xgroup_create("s", "g", "0")
        for killed in (True, False):
            connection = await link.connection()
            async with trio.open_nursery() as nursery:
                nursery.start_soon(_end_later, server, killed)
                with trio.fail_after(20), pytest.raises(ConnectionLost):
                    await connection.read_group("s", "g", "c", count=1, block_ms=60_000)
            if killed:
                await restart(server)
        await client.xadd("s", {"f": "v"})
        await link.kill_former()
        assert len(await (await link.connection()).read_group("s", "g", "c", count=1, block_ms=1000)) == 1


async def _end_later(server: RedisServer, killed: bool) -> None:  # noqa: FBT001 - called in one place
    await trio.sleep(0.05)
    if killed:
        server.kill()
    else:
        await restart(server)


async def test_a_server_that_was_demoted_is_left(redis_server_factory: ServerFactory) -> None:
    """It keeps its connections, and refuses what writes on them for ever, while its name leads to the new primary."""
    old, new = redis_server_factory(), redis_server_factory()
    primary = [old]

    async def by_name(_address: ServerAddress) -> trio.abc.Stream:
        return await dial(ServerAddress.parse(primary[-1].url))

    async with connected(old, dialled=by_name) as client, client.link() as link:
        await client.xgroup_create("s", "g", "0")
        await (await link.connection()).call("PING")
        primary.append(new)
        old.cli("REPLICAOF", "127.0.0.1", "1")
        with pytest.raises(ReadOnlyError):
            await (await link.connection()).call("XACK", "s", "g", "1-1")
        with pytest.raises(ReadOnlyError):
            await client.call("SET", "k", "old")
        assert await client.call("SET", "k", "new") == b"OK"
        assert await (await link.connection()).call("GET", "k") == b"new"
        assert new.cli("GET", "k") == "new"


async def test_a_command_that_is_killed_in_flight_may_have_been_applied(any_redis_server: RedisServer) -> None:
    """So an append is told of, with `sent`, and an acknowledgement is sent again."""
    if any_redis_server.version < (6, 2, 0):
        pytest.skip("CLIENT PAUSE … WRITE, which holds a command back, came with Redis 6.2")
    told: list[ConnectionLost] = []

    async def append() -> None:
        with pytest.raises(ConnectionLost) as caught:
            await client.xadd("s", {"f": "v"})
        told.append(caught.value)

    async with connected(any_redis_server) as client:
        await client.xgroup_create("s", "g", "0")
        await client.xadd("s", {"f": "v"}, id="1-0")
        await client.call("XREADGROUP", "GROUP", "g", "c", "STREAMS", "s", ">")
        any_redis_server.cli("CLIENT", "PAUSE", 60_000, "WRITE")
        async with trio.open_nursery() as nursery:
            nursery.start_soon(append)
            nursery.start_soon(client.xack, "s", "g", ["1-0"])
            await trio.sleep(0.05)
            any_redis_server.cli("CLIENT", "KILL", "TYPE", "normal")
            any_redis_server.cli("CLIENT", "UNPAUSE")
        assert [error.sent for error in told] == [True]
        assert await client.xlen("s") == 1
        assert (await client.xpending("s", "g")).count == 0


async def test_an_append_to_a_server_that_hangs_is_there_once_or_not_at_all(any_redis_server: RedisServer) -> None:
    """Each caller hears within the time limit whether it may have been sent; what was not, is not there."""
    limits = Timeouts(connect_seconds=0.2, reply_seconds=0.2)
    told: dict[int, bool] = {}

    async def append(number: int) -> None:
        began = trio.current_time()
        with pytest.raises(ConnectionLost) as caught:
            await client.xadd("s", {"n": number})
        assert trio.current_time() - began < 2
        told[number] = caught.value.sent

    async with connected(any_redis_server, timeouts=limits) as client:
        await client.xadd("s", {"n": -1})
        any_redis_server.pause()
        async with trio.open_nursery() as nursery:
            for number in range(40):
                nursery.start_soon(append, number)
                await trio.sleep(0.02)
        any_redis_server.resume()
        entries = await client.xrange("s")
    there = [int(entry.mapping()[b"n"]) for entry in entries][1:]
    assert len(there) == len(set(there))
    assert set(there) <= {number for number, sent in told.items() if sent}
    assert {True, False} == set(told.values())


async def test_what_the_network_held_back_does_not_come_after_it_was_said_again(any_redis_server: RedisServer) -> None:
    """The shared link has given that connection up, and had the server close it."""
    dialled = HoldingDial(b"INCR")
    async with connected(any_redis_server, timeouts=Timeouts(reply_seconds=0.2), dialled=dialled) as client:
        with pytest.raises(ReplyTimeout):
            await client.call("INCR", "n")
        assert await client.call("INCR", "n") == 1
        assert await dialled.let_go() == b""
        assert await client.call("GET", "n") == b"1"


async def test_a_blocking_read_from_a_server_that_hangs_ends_with_its_margin(redis_server: RedisServer) -> None:
    """And is closed: its reply, should it still come, is nobody's."""
    limits = Timeouts(block_margin_seconds=0.2)
    async with connected(redis_server, timeouts=limits) as client, client.link() as link:
        await client.xgroup_create("s", "g", "0")
        connection = await link.connection()
        redis_server.pause()
        began = trio.current_time()
        with pytest.raises(ReplyTimeout):
            await connection.read_group("s", "g", "c", count=1, block_ms=100)
        assert 0.3 <= trio.current_time() - began < 2
        redis_server.resume()
        await client.xadd("s", {"f": "v"})
        await link.kill_former()
        again = await (await link.connection()).read_group("s", "g", "c", count=1, block_ms=100)
        assert len(again) + (await client.xpending("s", "g")).count >= 1


@pytest.mark.real_server_only("a large reply takes time on a network only")
async def test_what_is_cancelled_in_the_middle_of_a_reply_leaves_nobody_out_of_step(redis_server: RedisServer) -> None:
    """On the shared link the rest is thrown away; an exclusive connection is given up."""
    rng = Random(1)
    large = b"x" * 5_000_000

    async def ask(number: int) -> None:
        with trio.move_on_after(rng.uniform(0, 0.02)):
            assert await client.call("GET", "large") == large
        assert await client.call("ECHO", number) == b"%d" % number

    events: list[LinkEvent] = []
    async with connected(redis_server, events) as client:
        await client.call("SET", "large", large)
        async with trio.open_nursery() as nursery:
            for number in range(30):
                nursery.start_soon(ask, number)
        cut = 0
        for _ in range(20):
            connection = await client.open()
            with trio.move_on_after(rng.uniform(0.0005, 0.003)) as scope:
                await connection.call("GET", "large")
            cut += scope.cancelled_caught
            assert connection.closed is scope.cancelled_caught
            await connection.aclose()
        assert cut > 0
        assert [type(event) for event in events] == [LinkUp]


@pytest.mark.real_server_only("memory:// has no sockets")
@pytest.mark.parametrize("kind", ["tls", "unix"])
async def test_the_shared_link_over_tls_and_over_a_socket_file(
    kind: str, redis_server_factory: ServerFactory, tls_files: TlsFiles
) -> None:
    """Many tasks, large values, cancellations, and a reconnect: as over TCP."""
    server = redis_server_factory(tls=tls_files) if kind == "tls" else redis_server_factory(unixsocket=True)
    rng = Random(1)

    async def ask(number: int) -> None:
        word = b"%d:" % number + b"x" * rng.choice([0, 1000, 300_000])
        with trio.move_on_after(rng.choice([0.001, 0.01, 0.1]) if number % 2 else 1000):
            assert await client.call("ECHO", word) == word
            right.add(number)

    right: set[int] = set()
    events: list[LinkEvent] = []
    url = server.url if kind == "tls" else server.unix_url
    async with connected(server, events, url=url) as client:
        async with trio.open_nursery() as nursery:
            for number in range(200):
                nursery.start_soon(ask, number)
        assert right >= set(range(0, 200, 2))
        assert [type(event) for event in events] == [LinkUp]
        server.cli("CLIENT", "KILL", "TYPE", "normal")
        assert await client.call("ECHO", "x") == b"x"
        assert [type(event) for event in events] == [LinkUp, LinkDown, LinkUp]
