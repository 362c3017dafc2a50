"""The simulated server on real sockets: order, waiting, going away; and the command that runs it."""

import contextlib
import socket
from collections.abc import AsyncIterator, Callable
from random import Random

import trio
from redis_streams.simulations.server import Engine, Profile
from redis_streams.simulations.server._tcp import TcpServer, listen
from support.simulated import request

Dial = Callable[[], "contextlib.AbstractAsyncContextManager[trio.SocketStream]"]


@contextlib.asynccontextmanager
async def serving(version: str = "7.0", **configuration: str) -> AsyncIterator[tuple[Engine, Dial]]:
    """A server at a free port, and what connects to it."""
    listeners = listen("127.0.0.1", 0)
    port = listeners[0].getsockname()[1]
    engine = Engine(Profile.of(version), rng=Random(1), configuration=configuration)

    @contextlib.asynccontextmanager
    async def dial() -> AsyncIterator[trio.SocketStream]:
        async with await trio.open_tcp_stream("127.0.0.1", port) as stream:
            yield stream

    async with trio.open_nursery() as nursery:
        nursery.start_soon(TcpServer(engine, listeners).serve)
        with trio.fail_after(20):
            yield engine, dial
        nursery.cancel_scope.cancel()


async def receive(stream: trio.SocketStream, size: int) -> bytes:
    data = b""
    while len(data) < size:
        piece = await stream.receive_some(size - len(data))
        if not piece:
            return data + b"<closed>"
        data += piece
    return data


async def test_a_pipeline_is_answered_in_its_order() -> None:
    """Sent in one piece, received while it is still being sent: no side waits for the other."""
    count = 20_000
    expected = b"".join(b"$%d\r\n%d\r\n" % (len(str(n)), n) for n in range(count))
    async with serving() as (_, dial), dial() as stream, trio.open_nursery() as nursery:
        nursery.start_soon(stream.send_all, b"".join(request("ECHO", n) for n in range(count)))
        assert await receive(stream, len(expected)) == expected


async def test_more_than_a_socket_takes_is_sent_all_the_same() -> None:
    """A client that sends much and reads late gets all of it."""
    text = b"x" * 1_000_000
    async with serving() as (_, dial), dial() as stream:
        for _ in range(20):
            await stream.send_all(request("ECHO", text))
        for _ in range(20):
            assert await receive(stream, len(text) + 12) == b"$1000000\r\n" + text + b"\r\n"


async def test_commands_behind_a_wait_come_after_it() -> None:
    async with serving() as (_, dial), dial() as reader, dial() as writer:
        await reader.send_all(request("XREAD", "BLOCK", 0, "STREAMS", "s", "$") + request("PING"))
        await writer.send_all(request("CLIENT", "LIST"))
        await receive(writer, 10)
        await trio.sleep(0.05)
        await writer.send_all(request("XADD", "s", "1-1", "a", "b"))
        entry = b"*1\r\n*2\r\n$1\r\ns\r\n*1\r\n*2\r\n$3\r\n1-1\r\n*2\r\n$1\r\na\r\n$1\r\nb\r\n"
        assert await receive(reader, len(entry) + 7) == entry + b"+PONG\r\n"


async def test_who_sent_first_is_served_first() -> None:
    """Over two connections: both commands are there before the server looks, and the earlier one is the earlier one.

    Trio's own order of tasks is random: with it the reader found the string about every second time.
    """
    async with serving() as (_, dial), dial() as reader, dial() as writer:
        for connection in (reader, writer):
            await connection.send_all(request("PING"))
            await receive(connection, 7)
        for turn in range(40):
            key = f"s{turn}"
            # Without a checkpoint between the two, so that the server cannot run.
            reader.socket._sock.send(request("XREAD", "BLOCK", 1, "STREAMS", key, "$"))
            writer.socket._sock.send(request("SET", key, "text"))
            assert await receive(writer, 5) == b"+OK\r\n"
            assert await receive(reader, 5) == b"*-1\r\n"


async def test_who_says_something_and_goes_is_answered_and_gone() -> None:
    """Words and end arrive together, before the server looks."""
    async with serving() as (_, dial), dial() as other:
        async with dial() as client:
            await client.send_all(request("PING"))
            await receive(client, 7)
            client.socket._sock.send(request("SET", "k", "v"))
            client.socket.shutdown(socket.SHUT_WR)
            assert await receive(client, 5) == b"+OK\r\n"
            assert await client.receive_some(1) == b""
        await other.send_all(request("GET", "k"))
        assert await receive(other, 7) == b"$1\r\nv\r\n"


async def test_a_wait_ends_in_time() -> None:
    async with serving() as (_, dial), dial() as reader:
        started = trio.current_time()
        await reader.send_all(request("XREAD", "BLOCK", 50, "STREAMS", "s", "$"))
        assert await receive(reader, 5) == b"*-1\r\n"
        assert 0.045 <= trio.current_time() - started < 1


async def test_a_client_that_goes_while_it_waits_takes_nothing() -> None:
    """An entry that a reader of a group was waiting for goes to the next one."""
    async with serving() as (engine, dial), dial() as other:
        await other.send_all(request("XGROUP", "CREATE", "s", "g", "$", "MKSTREAM"))
        assert await receive(other, 5) == b"+OK\r\n"
        async with dial() as reader:
            await reader.send_all(request("XREADGROUP", "GROUP", "g", "gone", "BLOCK", 0, "STREAMS", "s", ">"))
            while not any(session.block for session in engine.sessions.values()):
                await trio.sleep(0.005)
        while len(engine.sessions) > 1:
            await trio.sleep(0.005)
        await other.send_all(request("XADD", "s", "1-1", "a", "b") + request("XPENDING", "s", "g"))
        assert await receive(other, 32) == b"$3\r\n1-1\r\n*4\r\n:0\r\n$-1\r\n$-1\r\n*-1\r\n"


async def test_a_protocol_error_is_told_and_ends_the_connection() -> None:
    async with serving() as (_, dial), dial() as stream:
        await stream.send_all(b"PING\r\n*1\r\nX\r\n")
        assert await receive(stream, 1000) == b"+PONG\r\n-ERR Protocol error: expected '$', got 'X'\r\n<closed>"


async def test_kill_closes_another_client_at_once() -> None:
    async with serving() as (_, dial), dial() as admin, dial() as victim:
        await victim.send_all(request("CLIENT", "ID"))
        assert await receive(victim, 4) == b":2\r\n"
        await admin.send_all(request("CLIENT", "KILL", "ID", 2))
        assert await receive(admin, 4) == b":1\r\n"
        assert await receive(victim, 1) == b"<closed>"


async def test_too_many_clients_are_turned_away() -> None:
    async with serving(maxclients="1") as (_, dial), dial() as first:
        await first.send_all(request("PING"))
        await receive(first, 7)
        async with dial() as second:
            assert await receive(second, 100) == b"-ERR max number of clients reached\r\n<closed>"


async def test_who_says_nothing_for_long_is_disconnected() -> None:
    """Not who waits in a blocking command."""
    async with serving(timeout="1") as (_, dial), dial() as idle, dial() as waiting:
        await waiting.send_all(request("XREAD", "BLOCK", 1500, "STREAMS", "s", "$"))
        assert await receive(idle, 1) == b"<closed>"
        assert await receive(waiting, 5) == b"*-1\r\n"


async def test_debug_sleep_keeps_everybody_waiting() -> None:
    async with serving() as (_, dial), dial() as sleeper, dial() as other:
        started = trio.current_time()
        await sleeper.send_all(request("DEBUG", "SLEEP", "0.2"))
        assert await receive(sleeper, 5) == b"+OK\r\n"
        await other.send_all(request("PING"))
        assert await receive(other, 7) == b"+PONG\r\n"
        assert trio.current_time() - started >= 0.2


async def test_shutdown_ends_the_server() -> None:
    listeners = listen("127.0.0.1", 0)
    server = TcpServer(Engine(Profile.of("7.0"), rng=Random(1)), listeners)
    port = listeners[0].getsockname()[1]
    with trio.fail_after(20):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(server.serve)
            stream = await trio.open_tcp_stream("127.0.0.1", port)
            await stream.send_all(request("SHUTDOWN", "NOSAVE"))
            assert await receive(stream, 1) == b"<closed>"
            await stream.aclose()
