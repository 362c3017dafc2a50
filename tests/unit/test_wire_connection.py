"""One socket, used by one task: log-in, replies in pieces, and that whatever goes wrong ends it."""

import errno
import socket
import ssl

import pytest
import redis
import trio
import trio.testing
from redis_streams.wire import (
    ConnectFailed,
    Connection,
    ConnectionLost,
    NoGroup,
    ReplyTimeout,
    ServerAddress,
    Timeouts,
    is_weather,
)
from support.scripted import FakeSocket, Peer, answers, process, silent, words

ADDRESS = ServerAddress(host="h", username="me", password="SECRET", db=2, client_name="c-1")


async def opened(peer: Peer, address: ServerAddress | None = None) -> Connection:
    return await Connection.open(address or ServerAddress(), dial=peer.dial)


async def test_the_log_in_is_one_write(autojump_clock: trio.testing.MockClock) -> None:
    """User, database and name leave together, in this order; what the server says of both ends is kept."""
    peer = Peer(process("one"))
    connection = await opened(peer, ADDRESS)
    assert len(peer.socket.writes) == 1
    assert peer.socket.commands == [
        [b"AUTH", b"me", b"SECRET"],
        [b"SELECT", b"2"],
        [b"CLIENT", b"SETNAME", b"c-1"],
        [b"CLIENT", b"ID"],
        [b"INFO", b"server"],
    ]
    assert (connection.client_id, connection.version, connection.run_id) == (7, (7, 0, 15), "one")


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        (ServerAddress(), None),
        (ServerAddress(password="p"), [b"AUTH", b"p"]),
        (ServerAddress(password=""), [b"AUTH", b""]),
        (ServerAddress(username="me"), [b"AUTH", b"me", b""]),
    ],
)
async def test_auth_is_sent_when_there_is_something_to_say(
    address: ServerAddress, expected: list[bytes] | None
) -> None:
    """A password alone goes in the way that Redis 5 knows; a user alone is one of ACL's nopass users."""
    peer = Peer()
    await opened(peer, address)
    assert [command for command in peer.socket.commands if command[0] == b"AUTH"] == ([expected] if expected else [])


@pytest.mark.parametrize("size", [1, 2, 3, 5, 11])
async def test_a_reply_may_come_in_pieces_of_any_size(size: int) -> None:
    """A socket cuts where it likes: in a length, in a name, between CR and LF."""
    peer = Peer(silent)
    connection = await opened(peer)
    data = b"*2\r\n$5\r\na\r\nbc\r\n*2\r\n:12\r\n$-1\r\n"

    async def dribble() -> None:
        for start in range(0, len(data), size):
            await trio.testing.wait_all_tasks_blocked()
            peer.socket.feed(data[start : start + size])

    async with trio.open_nursery() as nursery:
        nursery.start_soon(dribble)
        assert await connection.call("X") == [b"a\r\nbc", [12, None]]


async def test_a_pipeline_is_one_write_and_returns_errors() -> None:
    """Replies in the order of the commands, errors among them as values; an empty pipeline sends nothing."""
    peer = Peer(answers(b":1\r\n", b"-NOGROUP none\r\n", b"+OK\r\n"))
    connection = await opened(peer)
    assert await connection.pipeline([]) == []
    one, error, three = await connection.pipeline([("A",), ("B", 2), (b"C", 0.5)])
    assert (one, type(error), three) == (1, NoGroup, b"OK")
    assert len(peer.socket.writes) == 2
    assert words(peer.socket) == [[b"A"], [b"B", b"2"], [b"C", b"0.5"]]


async def test_an_error_reply_is_raised_and_the_connection_lives_on() -> None:
    """Nothing is wrong with the connection."""
    connection = await opened(Peer(answers(b"-NOGROUP none\r\n", b"+OK\r\n")))
    with pytest.raises(NoGroup):
        await connection.call("X")
    assert await connection.call("X") == b"OK"


async def test_a_late_reply_ends_the_connection(autojump_clock: trio.testing.MockClock) -> None:
    """It would be taken for the reply to the next command. The error is a time-out in redis-py's words too."""
    peer = Peer(silent)
    connection = await Connection.open(ServerAddress(), dial=peer.dial, timeouts=Timeouts(reply_seconds=3))
    start = trio.current_time()
    with pytest.raises(ReplyTimeout, match="3 s") as caught:
        await connection.call("X")
    assert trio.current_time() - start == pytest.approx(3)
    assert caught.value.sent
    assert isinstance(caught.value, redis.exceptions.TimeoutError)
    assert connection.closed
    assert peer.socket.closed
    with pytest.raises(ConnectionLost) as again:
        await connection.call("X")
    assert not again.value.sent


async def test_what_still_comes_or_goes_is_not_late(autojump_clock: trio.testing.MockClock) -> None:
    """A reply in parts, replies one by one, and a command in parts, each for longer than the limit."""
    peer = Peer(silent)
    connection = await Connection.open(ServerAddress(), dial=peer.dial, timeouts=Timeouts(reply_seconds=3))

    async def feed(*parts: bytes) -> None:
        for part in parts:
            await trio.sleep(2)
            peer.socket.feed(part)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(feed, b"$4\r\n", b"ab", b"cd\r\n")
        assert await connection.call("X") == b"abcd"
    async with trio.open_nursery() as nursery:
        nursery.start_soon(feed, b"+a\r\n", b"+b\r\n", b"+c\r\n")
        assert await connection.pipeline([("X",)] * 3) == [b"a", b"b", b"c"]
    peer.socket.bytes_per_second = 30_000
    peer.socket.answer = lambda _command: b"+OK\r\n"
    assert await connection.call("X", "x" * 300_000) == b"OK"
    peer.socket.answer = silent
    start = trio.current_time()
    with pytest.raises(ReplyTimeout):
        await connection.call("X")
    assert trio.current_time() - start == pytest.approx(3)


async def test_a_cancelled_call_ends_the_connection(autojump_clock: trio.testing.MockClock) -> None:
    """Its reply is under way."""
    peer = Peer(silent)
    connection = await opened(peer)
    with trio.move_on_after(0.1) as scope:
        await connection.call("X")
    assert scope.cancelled_caught
    assert peer.socket.closed
    with pytest.raises(ConnectionLost):
        await connection.call("X")


async def test_who_is_cancelled_already_sends_nothing() -> None:
    """What was never asked needs no answer, so the connection is as good as before."""
    peer = Peer(answers(b"+OK\r\n"))
    connection = await opened(peer)
    with trio.CancelScope() as scope:
        scope.cancel()
        await connection.call("X")
    assert words(peer.socket) == []
    assert await connection.call("Y") == b"OK"


@pytest.mark.parametrize("how", ["end", "reset", "mid-reply"])
async def test_a_broken_connection_is_lost_after_sending(how: str) -> None:
    """The end of the stream, a reset, or half a reply: the command may have been applied."""

    def answer(command: list[bytes]) -> bytes:
        if command[0] == b"X":
            if how == "reset":
                peer.socket.reset()
            else:
                peer.socket.end()
            return b"$5\r\nab" if how == "mid-reply" else b""
        return silent(command)

    peer = Peer(answer)
    connection = await opened(peer)
    with pytest.raises(ConnectionLost) as caught:
        await connection.call("X")
    assert caught.value.sent
    assert connection.closed


@pytest.mark.parametrize("junk", [b"+OK\r\n+more\r\n", b"HTTP/1.1 200 OK\r\n"])
async def test_replies_that_nobody_asked_for_end_the_connection(junk: bytes) -> None:
    """From then on it is anybody's guess which reply belongs to which command."""
    connection = await opened(Peer(answers(junk)))
    with pytest.raises(ConnectionLost):
        await connection.call("X")
    assert connection.closed


async def test_a_blocking_read_waits_for_its_block_and_a_margin(autojump_clock: trio.testing.MockClock) -> None:
    """A real server may answer late, but not for ever: a half-open link is a failure."""
    peer = Peer(silent)
    limits = Timeouts(reply_seconds=1, block_margin_seconds=2)
    connection = await Connection.open(ServerAddress(), dial=peer.dial, timeouts=limits)
    start = trio.current_time()
    with pytest.raises(ReplyTimeout):
        await connection.read_group("s", "g", "c", count=5, block_ms=10_000)
    assert trio.current_time() - start == pytest.approx(12)
    assert words(peer.socket) == [b"XREADGROUP GROUP g c COUNT 5 BLOCK 10000 STREAMS s >".split()]


async def test_a_read_that_does_not_block_says_nothing_of_it() -> None:
    """BLOCK 0 would mean for ever."""
    peer = Peer(answers(b"*1\r\n*2\r\n$1\r\ns\r\n*1\r\n*2\r\n$3\r\n1-1\r\n*-1\r\n"))
    connection = await opened(peer)
    [entry] = await connection.read_group("s", "g", "c", count=5, block_ms=None, start="0")
    assert (entry.raw_id, entry.fields) == (b"1-1", None)
    assert words(peer.socket) == [b"XREADGROUP GROUP g c COUNT 5 STREAMS s 0".split()]


@pytest.mark.parametrize(("count", "block_ms"), [(0, 1), (1, 0), (1, -1), (-1, None)])
async def test_a_read_without_limits_is_refused(count: int, block_ms: int | None) -> None:
    """COUNT 0 is no limit to Redis, and BLOCK 0 is for ever. The values are shown."""
    connection = await opened(Peer())
    with pytest.raises(ValueError, match=f"count={count}, block_ms={block_ms}"):
        await connection.read_group("s", "g", "c", count=count, block_ms=block_ms)


async def test_closing_twice_is_fine_also_when_cancelled() -> None:
    """It never waits."""
    peer = Peer()
    connection = await opened(peer)
    with trio.CancelScope() as scope:
        scope.cancel()
        await connection.aclose()
        await connection.aclose()
    assert peer.socket.closed


# Opening


def refused_by_all() -> OSError:
    error = OSError("all attempts to connect to h:6379 failed")
    error.__cause__ = trio_group([ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused")] * 2)
    return error


def trio_group(errors: list[ConnectionRefusedError]) -> BaseException:
    class Group(Exception):
        exceptions = tuple(errors)

    return Group()


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused"), "is a Redis server running there"),
        (refused_by_all(), "is a Redis server running there"),
        (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), "check its spelling"),
        (FileNotFoundError(errno.ENOENT, "No such file"), "no such socket file"),
        (OSError(errno.ENETUNREACH, "Network is unreachable"), "Network is unreachable"),
        (ssl.SSLError("bad"), "bad"),
        (OSError(), "OSError"),
    ],
)
async def test_why_there_is_no_connection_is_said_in_plain_words(error: OSError, says: str) -> None:
    """With the address, without the password, and what to look at."""
    with pytest.raises(ConnectFailed) as caught:
        await opened(Peer(refusals=[error]), ADDRESS)
    assert says in str(caught.value)
    assert "redis://me:***@h:6379/2" in str(caught.value)
    assert "SECRET" not in str(caught.value)


@pytest.mark.parametrize("host", ["my..host", "h" * 70, "hö..st"])
async def test_a_host_name_that_is_none_is_no_crash(host: str) -> None:
    """A regression: Python's codec for host names raises UnicodeError, and out it went."""
    with pytest.raises(ConnectFailed, match=r"is no host name.*check its spelling"):
        await Connection.open(ServerAddress(host=host))


@pytest.mark.parametrize("stage", ["dial", "log-in"])
async def test_opening_has_one_time_limit(stage: str, autojump_clock: trio.testing.MockClock) -> None:
    """From the host name to the last reply of the log-in; what was opened is closed."""
    peer = Peer(lambda _command: b"")

    async def dial(address: ServerAddress) -> trio.abc.Stream:
        if stage == "dial":
            await trio.sleep_forever()
        await trio.sleep(3)
        return await peer.dial(address)

    with pytest.raises(ConnectFailed, match="within 4 s"):
        await Connection.open(ServerAddress(), dial=dial, timeouts=Timeouts(connect_seconds=4))
    assert trio.current_time() == pytest.approx(4, abs=0.01)
    assert all(fake.closed for fake in peer.sockets)


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (b"-WRONGPASS invalid username-password pair or user is disabled.", "user 'me' was refused: invalid username"),
        (b"-ERR unknown command 'AUTH', with args beginning with: 'me' 'SECRET' ", "unknown command 'AUTH'$"),
        (b"-ERR wrong number of arguments for 'auth' command", "since Redis 6.0"),
    ],
)
async def test_a_refused_log_in_says_who_and_where(error: bytes, says: str) -> None:
    """And never the password, though a server whose AUTH was renamed quotes it. It is no weather."""
    peer = Peer(lambda _command: error + b"\r\n")
    with pytest.raises(redis.exceptions.AuthenticationError, match=says) as caught:
        await opened(peer, ADDRESS)
    assert "redis://me:***@h:6379/2" in str(caught.value)
    assert "SECRET" not in str(caught.value)
    assert peer.socket.closed
    assert not is_weather(caught.value)


async def test_a_long_password_is_not_quoted_in_part() -> None:
    """A regression: a server without AUTH quotes the first 128 bytes of it, which are not the password."""
    error = f"-ERR unknown command `AUTH`, with args beginning with: `me`, `{'SECRET' * 20}`, \r\n".encode()
    address = ServerAddress(host="h", username="me", password="SECRET" * 50)
    with pytest.raises(redis.exceptions.AuthenticationError, match="unknown command `AUTH`") as caught:
        await opened(Peer(lambda _command: error), address)
    assert "SECRET" not in str(caught.value)


async def test_a_missing_password_is_explained() -> None:
    """With what to write where."""
    peer = Peer(lambda _command: b"-NOAUTH Authentication required.\r\n")
    with pytest.raises(redis.exceptions.AuthenticationError, match="redis://:password@host"):
        await opened(peer)


@pytest.mark.parametrize("words_", [b"LOADING Redis is loading", b"ERR max number of clients reached", b"BUSY script"])
async def test_a_server_that_is_not_ready_is_weather(words_: bytes) -> None:
    """Even where it closes the connection right after saying so, and whichever command hears it."""

    def answer(_command: list[bytes]) -> bytes:
        if not said:
            said.append(True)
            peer.socket.end()
            return b"-" + words_ + b"\r\n"
        return b""

    said: list[bool] = []
    peer = Peer(answer)
    with pytest.raises(redis.exceptions.RedisError) as caught:
        await opened(peer, ADDRESS)
    assert is_weather(caught.value)
    assert not isinstance(caught.value, ConnectFailed)
    assert peer.socket.closed


async def test_a_missing_database_is_named_with_the_address() -> None:
    """Nobody would look for it in a bare reply."""

    def answer(command: list[bytes]) -> bytes:
        return b"-ERR DB index is out of range\r\n" if command[0] == b"SELECT" else silent(command)

    with pytest.raises(redis.exceptions.ResponseError, match=r"h:6379/2: SELECT 2 was refused: .*out of range"):
        await opened(Peer(answer), ADDRESS)


async def test_a_user_who_may_not_name_connections_can_use_them() -> None:
    """The name is a courtesy, and the id serves to interrupt reads: both can be done without."""

    def answer(command: list[bytes]) -> bytes:
        return b"-NOPERM no\r\n" if command[0] == b"CLIENT" else silent(command)

    connection = await opened(Peer(answer), ADDRESS)
    assert connection.client_id is None


@pytest.mark.parametrize("junk", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n"])
async def test_what_is_no_redis_is_said_to_be_none(junk: bytes) -> None:
    """Something that hangs up, or speaks another protocol."""

    def answer(_command: list[bytes]) -> bytes:
        peer.socket.end()
        return junk

    peer = Peer(answer)
    with pytest.raises(ConnectFailed, match=r"closed the connection|not Redis' protocol"):
        await opened(peer)


async def test_a_server_that_says_too_much_is_no_redis() -> None:
    """As one that greets whoever comes. Which reply belongs to which command is anybody's guess then."""
    peer = Peer(lambda _command: b"+OK\r\n" * 2)
    with pytest.raises(ConnectFailed, match="no log-in at redis://h:6379/0: the server sent a reply that nobody asked"):
        await opened(peer, ServerAddress(host="h"))
    assert peer.socket.closed


# On a real pair of sockets, where a write may be partial


async def socket_pair() -> tuple[Connection, trio.SocketStream]:
    ours, theirs = trio.socket.socketpair()
    connection = Connection(trio.SocketStream(ours), ServerAddress(), Timeouts())
    return connection, trio.SocketStream(theirs)


async def test_a_command_larger_than_the_sockets_buffer_arrives_whole() -> None:
    """What the socket does not take at once follows when it does."""
    connection, server = await socket_pair()
    received = bytearray()

    async def serve() -> None:
        while len(received) < 5_000_000:
            received.extend(await server.receive_some(65536))
        await server.send_all(b"+OK\r\n")

    async with trio.open_nursery() as nursery:
        nursery.start_soon(serve)
        assert await connection.call("SET", "k", b"x" * 5_000_000) == b"OK"
    assert received.endswith(b"x" * 5_000_000 + b"\r\n")
    await connection.aclose()
    await server.aclose()


async def test_a_write_to_a_closed_socket_is_a_lost_connection() -> None:
    """Not an OSError, which nobody would expect here."""
    connection, server = await socket_pair()
    await server.aclose()
    with pytest.raises(ConnectionLost):
        await connection.call("X")
    assert connection.closed


# On a stream that takes bytes without a turn of the scheduler, as that of the simulated network


class Gulping(FakeSocket):
    """Takes so much at once."""

    gulp = 7

    def send_nowait(self, data: bytes) -> int:
        self._check()
        self.writes.append(data[: self.gulp])
        self._reader.feed(data[: self.gulp])
        return len(self.writes[-1])


async def test_what_a_stream_does_not_take_at_once_follows_in_order() -> None:
    stream = Gulping(answers(b"+OK\r\n"))
    connection = Connection(stream, ServerAddress(), Timeouts())
    assert await connection.call("SET", "k", "value") == b"OK"
    assert stream.writes[0] == b"*3\r\n$3\r"
    assert stream.commands == [[b"SET", b"k", b"value"]]


async def test_a_broken_stream_that_takes_bytes_at_once_is_a_lost_connection() -> None:
    """As a broken socket: not an error of Trio's."""
    stream = Gulping(silent)
    connection = Connection(stream, ServerAddress(), Timeouts())
    stream.reset()
    with pytest.raises(ConnectionLost):
        await connection.call("X")
    assert connection.closed


def test_the_fake_is_a_stream() -> None:
    """What these tests stand on has all that Trio's streams have."""
    assert isinstance(FakeSocket(silent), trio.abc.Stream)
