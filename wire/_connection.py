"""One socket to Redis, used by one task at a time.

The protocol is RESP2: every version from 5.0 speaks it, it has no push frames that could come between two replies, and
the library needs none of what RESP3 adds.

A server is late when nothing has moved for so long. So an entry of many megabytes may take its time on a slow link:
each part that comes of a reply, and each that goes of a long write, gives the rest as much time again.

A call that is cancelled, late or broken leaves a reply under way that would be taken for the next one's. So it drops
the socket at once, and every later call says `ConnectionLost`. So it does when a server answers that it is not the
primary, or not any more: it would say so for ever on this connection.
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from socket import gaierror
from typing import Final, Protocol, runtime_checkable

import trio

from ._address import ServerAddress
from ._capabilities import OLDEST, info_field, parse_version
from ._dial import Dial, dial
from ._errors import IS_NO_PRIMARY, ConnectFailed, ConnectionLost, ReplyTimeout, is_weather
from ._limits import Timeouts
from ._redis_py import (
    Arg,
    AuthenticationError,
    ConnectionError,  # noqa: A004
    NoPermissionError,
    RedisError,
    Reply,
    pack,
    reply_reader,
)
from ._replies import Entry, entries_of_read

RECEIVE_BYTES: Final = 64 * 1024
"""Bytes taken from the socket at once: some hundred entries. Larger buffers cost more to get than they save."""

SEND_BYTES: Final = 64 * 1024
"""Parts in which goes what the socket does not take at once: each is a sign that somebody takes it."""


@runtime_checkable
class SendsAtOnce(Protocol):
    """A stream of one's own making that takes bytes without a turn of the scheduler, as a socket may be made to."""

    def send_nowait(self, data: bytes) -> int:
        """Take what can be taken now; returns how many bytes that was.

        Raises:
            trio.BrokenResourceError, trio.ClosedResourceError: nothing can be sent any more.
        """
        ...


class Connection:
    """One socket to Redis, used by one task at a time. Open it with `Connection.open`.

    Attributes:
        address: the server it leads to.
        client_id: the id that the server gave to it, for CLIENT UNBLOCK and CLIENT KILL; None where that is forbidden.
        version: of the server; OLDEST where this user may not ask.
        run_id: of the server's process, another one after each of its starts; "" where this user may not ask.
        closed: whether it is given up.
        moved_at: when a part last came or went of something whose rest is still to do so, on Trio's clock.
    """

    def __init__(self, stream: trio.abc.Stream, address: ServerAddress, timeouts: Timeouts) -> None:
        self.address = address
        self.client_id: int | None = None
        self.version = OLDEST
        self.run_id = ""
        self.closed = False
        self.moved_at = -math.inf
        self._stream = stream
        self._socket = stream.socket if isinstance(stream, trio.SocketStream) else None
        self._at_once = stream if isinstance(stream, SendsAtOnce) else None
        self._sending = False
        self._timeouts = timeouts
        self._limit: trio.CancelScope | None = None
        """Of the exchange that is under way, or was last; None where others ask and read apart."""
        self._reader = reply_reader()

    @classmethod
    async def open(cls, address: ServerAddress, *, dial: Dial = dial, timeouts: Timeouts | None = None) -> Connection:
        """Connect, log in, choose the database and say our name.

        Raises:
            ConnectFailed: there is no way to the server, or it did not answer in time.
            redis.exceptions.AuthenticationError: user or password are wrong, or missing.
            redis.exceptions.RedisError: the server answered, but will not have us: it is loading, it has no such
                database, it has too many clients.
        """
        timeouts = timeouts or Timeouts()
        # Not fail_after: a dial of somebody else's may raise TooSlowError for reasons of its own.
        with trio.CancelScope(deadline=trio.current_time() + timeouts.connect_seconds):
            try:
                connection = cls(await dial(address), address, timeouts)
                await connection._log_in()
            except OSError as error:
                raise ConnectFailed(f"{address}: {_in_plain_words(error)}") from error
            except ConnectionLost as error:
                raise ConnectFailed(f"no log-in at {error}") from error
            return connection
        # A server without TLS may wait in silence for the rest of what it takes for a command.
        hint = "; does this port speak TLS?" if address.scheme == "rediss" else ""
        raise ConnectFailed(f"{address}: no connection within {timeouts.connect_seconds:g} s{hint}")

    async def call(self, *args: Arg, timeout_seconds: float | None = None) -> Reply:
        """Send one command and wait for its reply.

        Args:
            args: the words of the command.
            timeout_seconds: how long to wait; the connection's own limit where it is None.

        Raises:
            ConnectionLost: the connection broke; `sent` tells whether the command may have been applied.
            redis.exceptions.ResponseError: Redis answered with an error.
        """
        [reply] = await self._exchange(pack(args), 1, timeout_seconds)
        if isinstance(reply, RedisError):
            raise reply
        return reply

    async def pipeline(
        self, commands: Sequence[tuple[Arg, ...]], *, timeout_seconds: float | None = None
    ) -> list[Reply]:
        """Send commands in one write and wait for all replies; errors among them are returned, not raised.

        Args:
            commands: the words of each.
            timeout_seconds: how long to wait for all replies; the connection's own limit where it is None.

        Raises:
            ConnectionLost: the connection broke; any number of the commands may have been applied.
        """
        if not commands:
            return []
        return await self._exchange(b"".join(map(pack, commands)), len(commands), timeout_seconds)

    async def read_group(
        self, stream: str, group: str, consumer: str, *, count: int, block_ms: int | None, start: str = ">"
    ) -> list[Entry]:
        """XREADGROUP from one stream: entries that nobody in the group has got yet, marked as pending under this name.

        Args:
            stream: where to read.
            group: for whom.
            consumer: under which name.
            count: entries at most.
            block_ms: how long to wait for the first; the reply may be late by the margin of the time limits. None: not
                at all. Redis' own 0, for ever, is refused: every wait has a limit.
            start: ``">"`` for new entries, else an id: what is pending under the name above it.

        Raises:
            NoGroup: there is no such stream or group.
            ConnectionLost: the connection broke; entries may have become ours all the same.
            ValueError: `count` or `block_ms` is 0 or less.
        """
        if count < 1 or (block_ms is not None and block_ms < 1):
            raise ValueError(f"count and block_ms must be 1 or more, not count={count!r}, block_ms={block_ms!r}")
        wait: tuple[Arg, ...] = () if block_ms is None else (b"BLOCK", block_ms)
        reply = await self.call(
            b"XREADGROUP", b"GROUP", group, consumer, b"COUNT", count, *wait, b"STREAMS", stream, start,
            timeout_seconds=self.patience_seconds(block_ms),
        )  # fmt: skip
        return entries_of_read(reply)

    def patience_seconds(self, block_ms: int | None) -> float:
        """How long the reply to a read that waits for so long may take."""
        return (block_ms or 0) / 1000 + self._timeouts.block_margin_seconds

    def kill_command(self, over: Connection) -> tuple[Arg, ...] | None:
        """What has the server close its end of this connection, with what it has not read from it yet.

        None if `over`, which it is to be said on, leads to another process, or perhaps does: there the number may be a
        stranger's.
        """
        if self.client_id is None or not self.run_id or self.run_id != over.run_id:
            return None
        return (b"CLIENT", b"KILL", b"ID", self.client_id)

    async def aclose(self) -> None:
        """Close the socket. Closing twice is fine."""
        self.closed = True
        await trio.aclose_forcefully(self._stream)

    def send_nowait(self, data: bytes) -> bytes:
        """Write what the socket takes at once; returns what is left.

        That is all of it where there is neither a plain socket nor a stream that `SendsAtOnce`, and while another write
        is under way.

        Trio's own send goes through the scheduler even when it need not wait. A wait for the reply follows here in any
        case, so that turn, about 15 µs, can be saved.

        Raises:
            ConnectionLost: the connection broke.
        """
        if self._sending:
            return data
        try:
            if self._socket is not None:
                written = os.write(self._socket.fileno(), data)
            else:
                written = 0 if self._at_once is None else self._at_once.send_nowait(data)
        except BlockingIOError:
            return data
        except (OSError, trio.BrokenResourceError, trio.ClosedResourceError) as error:
            raise self._lost("the connection broke") from error
        return data[written:]

    async def send(self, data: bytes) -> None:
        """Write bytes that are commands already; for whoever reads the replies apart from writing.

        Raises:
            ConnectionLost: the connection broke.
        """
        left = self.send_nowait(data)
        if not left:
            return
        self._sending = True
        try:
            for start in range(0, len(left), SEND_BYTES):
                if start:
                    self.note_moved()
                await self._stream.send_all(left[start : start + SEND_BYTES])
        except (trio.BrokenResourceError, trio.ClosedResourceError) as error:
            raise self._lost("the connection broke") from error
        finally:
            self._sending = False

    async def receive(self) -> list[Reply]:
        """Read until at least one reply is complete; returns all that are.

        Raises:
            ConnectionLost: the connection broke, or what came over it is not Redis' protocol.
        """
        gets = self._reader.gets
        replies: list[Reply] = []  # as list[Reply]() it would take 20 times as long
        while not replies:
            try:
                data = await self._receive_some()
            except (trio.BrokenResourceError, trio.ClosedResourceError, OSError) as error:
                raise self._lost("the connection broke") from error
            if not data:
                raise self._lost("the server closed the connection")
            self._reader.feed(data)
            try:
                while (reply := gets()) is not False:
                    replies.append(reply)
            except ConnectionError as error:
                raise self._lost(f"this is not Redis' protocol ({error})") from error
            if not replies:
                self.note_moved()
        return replies

    def note_moved(self) -> None:
        """A part has come or gone, and the rest has as much time again."""
        self.moved_at = trio.current_time()
        if self._limit is not None:
            self._limit.deadline = max(self._limit.deadline, self.moved_at + self._timeouts.reply_seconds)

    async def _receive_some(self) -> bytes | bytearray:
        """What has come, once something has; nothing at the end.

        From a plain socket without Trio's own look at it before the wait, which finds nothing yet: the reply to a
        command takes its time.
        """
        if self._socket is None:
            return await self._stream.receive_some(RECEIVE_BYTES)
        while True:
            await trio.lowlevel.wait_readable(self._socket)
            try:
                return os.read(self._socket.fileno(), RECEIVE_BYTES)
            except BlockingIOError:
                continue

    def _lost(self, why: str) -> ConnectionLost:
        return ConnectionLost(f"{self.address}: {why}", sent=True)

    def _unasked(self) -> ConnectionLost:
        """Which reply belongs to which command is anybody's guess from here on, and perhaps was before."""
        return self._lost("the server sent a reply that nobody asked for")

    async def _exchange(self, data: bytes, count: int, timeout_seconds: float | None) -> list[Reply]:
        """Write, then read so many replies. Anything but that ends the connection."""
        if self.closed:
            raise ConnectionLost(f"{self.address}: this connection is closed", sent=False)
        # Who is cancelled already sends nothing: what `send` writes at once would get there all the same.
        await trio.lowlevel.checkpoint_if_cancelled()
        seconds = self._timeouts.reply_seconds if timeout_seconds is None else timeout_seconds
        replies: list[Reply] = []
        try:
            # A bare scope: fail_after and its like cost as much again, and this stands on the way of every event.
            with trio.CancelScope(deadline=trio.current_time() + seconds) as limit:
                self._limit = limit
                await self.send(data)
                replies += await self.receive()
                while len(replies) < count:
                    self.note_moved()
                    replies += await self.receive()
        finally:
            if len(replies) != count or any(isinstance(reply, IS_NO_PRIMARY) for reply in replies):
                await self.aclose()
        if limit.cancelled_caught:
            raise ReplyTimeout(f"{self.address}: no reply within {seconds:g} s", sent=True)
        if len(replies) > count:
            raise self._unasked()
        return replies

    async def _log_in(self) -> None:
        """Send all that the address asks for in one write, and look at the replies as they come.

        Not as a pipeline: a server with too many clients, or in protected mode, says so and closes the connection.
        """
        try:
            commands = self._log_in_commands()
            await self.send(b"".join(map(pack, commands)))
            waiting = list(commands)
            while waiting:
                for reply in await self.receive():
                    self._check_log_in(waiting, reply)
        except BaseException:
            await self.aclose()
            raise

    def _log_in_commands(self) -> Sequence[tuple[Arg, ...]]:
        address = self.address
        commands: list[tuple[Arg, ...]] = []
        if address.password is not None or address.username is not None:
            user = () if address.username is None else (address.username,)
            commands.append(("AUTH", *user, address.password or ""))
        if address.db:
            commands.append(("SELECT", address.db))
        if address.client_name:
            commands.append(("CLIENT", "SETNAME", address.client_name))
        commands.append(("CLIENT", "ID"))
        commands.append(("INFO", "server"))
        return commands

    def _check_log_in(self, waiting: list[tuple[Arg, ...]], reply: Reply) -> None:
        """Look at the reply to the first command that waits for one."""
        if not waiting:
            raise self._unasked()
        command = waiting.pop(0)
        name = command[0]
        if isinstance(reply, int):
            self.client_id = reply
        if isinstance(reply, bytes) and name == "INFO":
            info = reply.decode(errors="replace")
            self.version, self.run_id = parse_version(info), info_field(info, "run_id")
        if not isinstance(reply, RedisError) or (isinstance(reply, NoPermissionError) and name == "CLIENT"):
            return  # A user who may not name or number its connections can still use them.
        if is_weather(reply):
            raise reply
        if name == "INFO":
            return  # It is forbidden, or was renamed: the oldest commands work everywhere.
        if isinstance(reply, AuthenticationError) or name == "AUTH":
            raise AuthenticationError(_log_in_refused(self.address, reply))
        words = " ".join(map(str, command))
        raise type(reply)(f"{self.address}: {words} was refused: {reply}")


def _log_in_refused(address: ServerAddress, error: RedisError) -> str:
    if address.password is None:
        return f"{address}: the server wants a password: write it into the URL, as in redis://:password@host"
    who = f"user {address.username!r}" if address.username else "the default user"
    if "wrong number of arguments" in str(error):
        return f"{address}: users have names since Redis 6.0, and this server is older: leave {who} out of the URL"
    # A server whose AUTH was renamed quotes the words that it does not understand, or the beginnings of them.
    why = str(error).partition(", with args")[0]
    return f"{address}: {who} was refused: {why.replace(address.password, '***') if address.password else why}"


def _in_plain_words(error: OSError) -> str:
    """What stood in the way; of the errors of all addresses that a host name has, the first."""
    each: Sequence[BaseException] = getattr(error.__cause__, "exceptions", ())
    first = each[0] if each else error
    match first:
        case ConnectionRefusedError():
            return "connection refused; is a Redis server running there?"
        case gaierror():
            return f"the host name can't be resolved ({first.strerror}); check its spelling"
        case FileNotFoundError():
            return "there is no such socket file; is a Redis server running there?"
        case _:
            return str(first) or type(first).__name__
