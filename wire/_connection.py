"""One socket to Redis, used by one task at a time.

The protocol is RESP2: every version from 5.0 speaks it, it has no push frames that could come between two replies, and
the library needs none of what RESP3 adds.

A call that is cancelled, late or broken leaves a reply under way that would be taken for the next one's. So it drops the
socket at once, and every later call says `ConnectionLost`.
"""

from __future__ import annotations

import socket
from collections.abc import Sequence
from typing import Final

import trio

from ._address import ServerAddress
from ._dial import Dial, dial
from ._errors import ConnectFailed, ConnectionLost, ReplyTimeout
from ._limits import Timeouts
from ._redis_py import (
    Arg,
    AuthenticationError,
    NoPermissionError,
    RedisError,
    Reply,
    ResponseError,
    pack,
    reply_reader,
)
from ._replies import Entry, entries_of_read

RECEIVE_BYTES: Final = 256 * 1024
"""Bytes taken from the socket at once: a read of a thousand small entries in one piece."""


class Connection:
    """One socket to Redis, used by one task at a time. Open it with `Connection.open`.

    Attributes:
        address: the server it leads to.
        client_id: the id that the server gave to it, for CLIENT UNBLOCK and CLIENT KILL; None where that is forbidden.
        closed: whether it is given up.
    """

    def __init__(self, stream: trio.abc.Stream, address: ServerAddress, timeouts: Timeouts) -> None:
        self.address = address
        self.client_id: int | None = None
        self.closed = False
        self._stream = stream
        self._timeouts = timeouts
        self._reader = reply_reader()

    @classmethod
    async def open(cls, address: ServerAddress, *, dial: Dial = dial, timeouts: Timeouts | None = None) -> Connection:
        """Connect, log in, choose the database and say our name.

        Raises:
            ConnectFailed: there is no way to the server, or it did not answer in time.
            redis.exceptions.AuthenticationError: user or password are wrong, or missing.
        """
        timeouts = timeouts or Timeouts()
        try:
            with trio.fail_after(timeouts.connect_seconds):
                connection = cls(await dial(address), address, timeouts)
                await connection._log_in()
        except trio.TooSlowError:
            raise ConnectFailed(f"{address}: no connection within {timeouts.connect_seconds:g} s") from None
        except OSError as error:
            raise ConnectFailed(f"{address}: {_in_plain_words(error)}") from error
        except ConnectionLost as error:
            raise ConnectFailed(f"{address}: the server closed the connection at once ({error})") from error
        return connection

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

    async def pipeline(self, commands: Sequence[tuple[Arg, ...]]) -> list[Reply]:
        """Send commands in one write and wait for all replies; errors among them are returned, not raised.

        Raises:
            ConnectionLost: the connection broke; any number of the commands may have been applied.
        """
        if not commands:
            return []
        return await self._exchange(b"".join(map(pack, commands)), len(commands), None)

    async def read_group(
        self, stream: str, group: str, consumer: str, *, count: int, block_ms: int, start: str = ">"
    ) -> list[Entry]:
        """XREADGROUP from one stream: entries that nobody in the group has got yet, marked as pending under this name.

        Args:
            stream, group, consumer: where to read, and as whom.
            count: entries at most.
            block_ms: how long to wait for the first; the reply may be late by the margin of the time limits.
            start: ``">"`` for new entries, else an id: what is pending under the name above it.

        Raises:
            NoGroup: there is no such stream or group.
            ConnectionLost: the connection broke; entries may have become ours all the same.
        """
        margin = self._timeouts.block_margin_seconds
        reply = await self.call(
            b"XREADGROUP", b"GROUP", group, consumer, b"COUNT", count, b"BLOCK", block_ms, b"STREAMS", stream, start,
            timeout_seconds=block_ms / 1000 + margin,
        )  # fmt: skip
        return entries_of_read(reply)

    async def aclose(self) -> None:
        """Close the socket. Closing twice is fine."""
        self.closed = True
        await trio.aclose_forcefully(self._stream)

    async def send(self, data: bytes) -> None:
        """Write bytes that are commands already; for whoever reads the replies apart from writing.

        Raises:
            ConnectionLost: the connection broke.
        """
        try:
            await self._stream.send_all(data)
        except (trio.BrokenResourceError, trio.ClosedResourceError) as error:
            raise ConnectionLost(f"{self.address}: the connection broke", sent=True) from error

    async def receive(self) -> list[Reply]:
        """Read until at least one reply is complete; returns all that are.

        Raises:
            ConnectionLost: the connection broke.
        """
        gets, replies = self._reader.gets, list[Reply]()
        while not replies:
            try:
                data = await self._stream.receive_some(RECEIVE_BYTES)
            except (trio.BrokenResourceError, trio.ClosedResourceError) as error:
                raise ConnectionLost(f"{self.address}: the connection broke", sent=True) from error
            if not data:
                raise ConnectionLost(f"{self.address}: the server closed the connection", sent=True)
            self._reader.feed(data)
            while (reply := gets()) is not False:
                replies.append(reply)
        return replies

    async def _exchange(self, data: bytes, count: int, timeout_seconds: float | None) -> list[Reply]:
        """Write, then read so many replies. Anything but that ends the connection."""
        if self.closed:
            raise ConnectionLost(f"{self.address}: this connection is closed", sent=False)
        seconds = self._timeouts.reply_seconds if timeout_seconds is None else timeout_seconds
        replies: list[Reply] = []
        try:
            with trio.fail_after(seconds):
                await self.send(data)
                while len(replies) < count:
                    replies += await self.receive()
        except trio.TooSlowError:
            raise ReplyTimeout(f"{self.address}: no reply within {seconds:g} s", sent=True) from None
        finally:
            if len(replies) < count:
                await self.aclose()
        return replies

    async def _log_in(self) -> None:
        address = self.address
        commands: list[tuple[Arg, ...]] = []
        if address.password is not None:
            user = () if address.username is None else (address.username,)
            commands.append(("AUTH", *user, address.password))
        if address.db:
            commands.append(("SELECT", address.db))
        if address.client_name:
            commands.append(("CLIENT", "SETNAME", address.client_name))
        commands.append(("CLIENT", "ID"))
        replies = await self.pipeline(commands)
        try:
            self._check_log_in(commands, replies)
        except RedisError:
            await self.aclose()
            raise

    def _check_log_in(self, commands: Sequence[tuple[Arg, ...]], replies: Sequence[Reply]) -> None:
        for command, reply in zip(commands, replies, strict=True):
            if isinstance(reply, AuthenticationError) or (command[0] == "AUTH" and isinstance(reply, ResponseError)):
                raise AuthenticationError(_log_in_refused(self.address, reply))
            if isinstance(reply, NoPermissionError) and command[0] == "CLIENT":
                continue  # A user who may not name or number its connections can still use them.
            if isinstance(reply, RedisError):
                raise reply
        if isinstance(replies[-1], int):
            self.client_id = replies[-1]


def _log_in_refused(address: ServerAddress, error: RedisError) -> str:
    if address.password is None:
        return f"{address}: the server wants a password: write it into the URL, as in redis://:password@host"
    who = f"user {address.username!r}" if address.username else "the default user"
    return f"{address}: {who} was refused: {error}"


def _in_plain_words(error: OSError) -> str:
    """What stood in the way, from the errors of all addresses that a host name has."""
    inner: BaseException = error
    while inner.__cause__ is not None or getattr(inner, "exceptions", None):
        inner = getattr(inner, "exceptions", None)[0] if getattr(inner, "exceptions", None) else inner.__cause__
    match inner:
        case ConnectionRefusedError():
            return "connection refused; is a Redis server running there?"
        case socket.gaierror():
            return f"the host name can't be resolved ({inner.strerror}); check its spelling"
        case FileNotFoundError():
            return "there is no such socket file; is a Redis server running there?"
        case _:
            return str(inner) or type(inner).__name__
