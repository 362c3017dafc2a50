"""A simulated server follows another: everything first, then what it does; who waits for replicas; who takes over."""

from contextlib import AsyncExitStack
from random import Random

import trio
from redis_streams.simulations.server import Engine, Profile
from redis_streams.simulations.server._tcp import TcpServer, listen
from support.simulated import Client, SimulatedServer, request


class Served:
    """A server on TCP."""

    def __init__(self, nursery: trio.Nursery, version: str) -> None:
        listeners = listen("127.0.0.1", 0)
        self.port = listeners[0].getsockname()[1]
        given = {"port": str(self.port)}
        self.engine = Engine(Profile.of(version), rng=Random(1), configuration=given)
        nursery.start_soon(TcpServer(self.engine, listeners).serve)

    async def call(self, *words: str | int) -> bytes:
        """One command on a connection of its own."""
        async with await trio.open_tcp_stream("127.0.0.1", self.port) as stream:
            await stream.send_all(request(*words))
            return bytes(await stream.receive_some())

    async def until(self, wanted: bytes, *words: str | int) -> None:
        """Ask until the answer has this in it."""
        with trio.fail_after(20):
            while wanted not in await self.call(*words):
                await trio.sleep(0.02)


async def test_a_replica_gets_everything_and_takes_over() -> None:
    async with AsyncExitStack() as stack:
        nursery = await stack.enter_async_context(trio.open_nursery())
        first, second = Served(nursery, "7.0"), Served(nursery, "7.0")
        await first.call("XADD", "s", "1-1", "a", "b")
        assert await second.call("REPLICAOF", "127.0.0.1", first.port) == b"+OK\r\n"
        await second.until(b"connected", "ROLE")
        assert await second.call("XLEN", "s") == b":1\r\n"
        assert await second.call("XADD", "s", "*", "a", "b") == (
            b"-READONLY You can't write against a read only replica.\r\n"
        )
        async with await trio.open_tcp_stream("127.0.0.1", first.port) as stream:
            await stream.send_all(request("XADD", "s", "2-1", "a", "b") + request("WAIT", 1, 10_000))
            received = b""
            while not received.endswith(b":1\r\n"):
                received += await stream.receive_some()
        assert await second.call("XLEN", "s") == b":2\r\n"
        assert f"slave0:ip=127.0.0.1,port={second.port},state=online".encode() in await first.call("INFO")
        assert await first.call("WAIT", 2, 50) == b":1\r\n"
        assert await first.call("FAILOVER") == b"+OK\r\n"
        await second.until(b"master", "ROLE")
        await first.until(b"connected", "ROLE")
        assert await second.call("XADD", "s", "3-1", "a", "b") == b"$3\r\n3-1\r\n"
        await first.until(b":3\r\n", "XLEN", "s")
        assert await first.call("REPLICAOF", "NO", "ONE") == b"+OK\r\n"
        assert (await first.call("ROLE")).startswith(b"*3\r\n$6\r\nmaster\r\n")
        nursery.cancel_scope.cancel()


def follow(server: SimulatedServer) -> Client:
    """A connection that says what a replica says."""
    client = server.connect()
    assert client.call("REPLCONF", "listening-port", 7000) == b"+OK\r\n"
    greeting = client.call("PSYNC", "?", -1)
    assert greeting.startswith(b"+FULLRESYNC ")
    return client


def test_what_a_replica_is_sent() -> None:
    server = SimulatedServer()
    writer = server.connect()
    replica = follow(server)
    writer.call("XADD", "s", "*", "a", "b")
    data = replica.receive()
    assert data == request("SELECT", 0) + request("XADD", "s", "1700000000000-0", "a", "b")
    assert writer.call("WAIT", 1, 1000) == b""
    replica.call("REPLCONF", "ACK", len(data))
    assert writer.receive() == b":1\r\n"
    assert writer.call("ROLE") == (
        b"*3\r\n$6\r\nmaster\r\n:%d\r\n*1\r\n*3\r\n$9\r\n127.0.0.1\r\n$4\r\n7000\r\n$2\r\n%d\r\n"
        % (len(data) + len(request("REPLCONF", "GETACK", "*")), len(data))
    )


def test_a_wait_that_ends_tells_how_many_there_are() -> None:
    server = SimulatedServer()
    writer = server.connect()
    one, _other = follow(server), follow(server)
    writer.call("SET", "k", "v")
    assert writer.call("WAIT", 2, 100) == b""
    one.call("REPLCONF", "ACK", 10_000)
    server.pass_time(100)
    assert writer.receive() == b":1\r\n"


def test_writes_are_refused_without_enough_replicas() -> None:
    server = SimulatedServer(min_replicas_to_write="1")
    writer = server.connect()
    assert writer.call("SET", "k", "v") == b"-NOREPLICAS Not enough good replicas to write.\r\n"
    follow(server)
    assert writer.call("SET", "k", "v") == b"+OK\r\n"


def test_a_failover_needs_a_replica() -> None:
    client = SimulatedServer().connect()
    assert client.call("FAILOVER") == b"-ERR FAILOVER requires connected replicas.\r\n"
    assert client.call("FAILOVER", "ABORT") == b"-ERR No failover in progress.\r\n"


async def test_messages_reach_the_clients_of_a_replica() -> None:
    async with AsyncExitStack() as stack:
        nursery = await stack.enter_async_context(trio.open_nursery())
        first, second = Served(nursery, "7.0"), Served(nursery, "7.0")
        await second.call("REPLICAOF", "127.0.0.1", first.port)
        await second.until(b"connected", "ROLE")
        async with await trio.open_tcp_stream("127.0.0.1", second.port) as listener:
            await listener.send_all(request("SUBSCRIBE", "news"))
            await listener.receive_some()
            assert await first.call("PUBLISH", "news", "x") == b":0\r\n"
            with trio.fail_after(20):
                assert await listener.receive_some() == b"*3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$1\r\nx\r\n"
        nursery.cancel_scope.cancel()


def test_replicas_are_told_that_the_primary_is_there() -> None:
    """A PING every ten seconds, which counts in the offset; and a question how far they are, where somebody waits."""
    server = SimulatedServer()
    replica, writer = follow(server), server.connect()
    server.pass_time(1)
    assert replica.receive() == b""
    server.pass_time(11_000)
    assert replica.receive() == request("PING")
    writer.call("SET", "a", "b")
    assert replica.receive() == request("SELECT", 0) + request("SET", "a", "b")
    assert writer.call("WAIT", 1, 1000) == b""
    assert replica.receive() == request("REPLCONF", "GETACK", "*")


def test_some_commands_are_not_allowed_in_a_transaction() -> None:
    client = SimulatedServer("7.0").connect()
    client.call("MULTI")
    assert client.call("SAVE") == b"-ERR Command not allowed inside a transaction\r\n"
    assert client.call("EXEC").startswith(b"-EXECABORT")
