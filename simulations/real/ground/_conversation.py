"""One connection through the proxy: commands one way, replies the other, and what becomes of them.

Both ways know the commands that pass, by parsing them, and forward them as they came. A fault at a command is done
before it is forwarded or after its reply came, before that is passed on: what has happened at a process when it reads
a reply is exactly known.

A connection ends in one of three ways. Either side closes it: then the other is closed, unless a black hole keeps that
from passing. A fault resets it: the process learns by an RST, as from a network that has forgotten the connection. Or
the run ends.
"""

from __future__ import annotations

import socket
import struct
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

import trio
from attrs import define, field

from ...history import Sent
from ...plan import (
    Blackhole,
    CrashServer,
    CutPower,
    CutReply,
    Delay,
    Effect,
    KillClients,
    KillProcess,
    LoseReply,
    LoseRequest,
    Refuse,
)
from ...plan._plan import CONNECT
from ...server import Profile
from ...server._request import RequestParser
from ...world._actions import action_of
from ._changes import Changes, OnItsWay
from ._gate import Gate
from ._journal import Journal
from ._replies import ReplyFramer
from ._sites import Due, Sites, Visit

Strike = Callable[[Due], Awaitable[None]]
"""Does what a fault does, apart from what is done to one connection alone."""

_BYTES = 64 * 1024
_RESET_AT_CLOSE = struct.pack("ii", 1, 0)
_OF_REQUEST = (LoseRequest, Delay)
_OF_REPLY = (LoseReply, CutReply)
_OF_CONNECTION = (*_OF_REQUEST, *_OF_REPLY, Blackhole)
"""These are done here; all others by who knows processes and the server."""
_LAST = (*_OF_REPLY, LoseRequest, KillProcess, CutPower, CrashServer, KillClients)
"""Behind these nothing comes on the connection: what a killed process had sent is not forwarded any more."""


class _Reset(Exception):
    """The connection is to be reset."""


@define(eq=False)
class _Exchange:
    """A command that was forwarded."""

    visit: Visit
    words: Sequence[bytes]
    at_ms: float
    on_its_way: OnItsWay


@define(eq=False)
class Shared:
    """What all conversations of a run share."""

    journal: Journal
    sites: Sites
    changes: Changes
    strike: Strike
    abandon: Callable[[Sequence[OnItsWay]], None]
    """Takes the commands whose connection has ended before their replies came."""


@define(eq=False)
class Conversation:
    """One connection of a host.

    Args:
        shared: what it shares with the others.
        gate: through which it came.
        number: of the connection, unique in the run.
        client: the side of the process.
    """

    _shared: Shared
    _gate: Gate
    _number: int
    _client: trio.SocketStream
    server_sees_port: int = field(default=0, init=False)
    """By which the server knows the connection."""
    _to_reset: trio.Event = field(factory=trio.Event, init=False)
    _late_until: float = field(default=0.0, init=False)
    _unanswered: deque[_Exchange] = field(factory=deque[_Exchange], init=False)
    _queued: list[bytes] | None = field(default=None, init=False)
    """The words of a transaction so far."""
    _swallowed: set[str] = field(factory=set[str], init=False)
    """The directions in which nothing passes any more."""

    async def hold(self, server_port: int) -> None:
        """Have it, to its end."""
        server: trio.SocketStream | None = None
        self._gate.conversations[self] = None
        try:
            visit = self._shared.sites.come_by(self._gate.host, CONNECT)
            await self._suffer_all(visit.before, last=(*_LAST, Refuse))
            await self._gate.wait_passable()
            server = await trio.open_tcp_stream("127.0.0.1", server_port)
            await self._suffer_all(visit.after)
            await self._join(server)
        except (OSError, _Reset):
            # A server that is down refuses; so does the proxy, as well as it can when it has accepted already.
            _reset(self._client)
        finally:
            del self._gate.conversations[self]
            for exchange in self._unanswered:
                self._write_down(exchange, None, answered=False)
            for side in (self._client, server):
                if side is not None:
                    side.socket.close()
            if self._unanswered:
                self._shared.abandon([exchange.on_its_way for exchange in self._unanswered])

    async def _join(self, server: trio.SocketStream) -> None:
        """Pass on what comes, until it is over.

        Raises:
            _Reset: it does not end by one side's closing.
        """
        self.server_sees_port = server.socket.getsockname()[1]
        async with trio.open_nursery() as nursery:

            async def run(part: Callable[[trio.SocketStream], Awaitable[None]]) -> None:
                try:
                    await part(server)
                except _Reset:
                    self._to_reset.set()
                nursery.cancel_scope.cancel()

            for part in (self._pass_requests, self._pass_replies, self._heal, self._wait_reset):
                nursery.start_soon(run, part)
        if self._to_reset.is_set():
            raise _Reset

    async def _wait_reset(self, _server: trio.SocketStream) -> None:
        await self._to_reset.wait()

    async def _heal(self, _server: trio.SocketStream) -> None:
        """A connection that hangs is given up by the network at last; others go on."""
        await self._gate.healed.wait()
        if self._swallowed:
            raise _Reset
        await trio.sleep_forever()

    async def _receive(self, side: trio.SocketStream, direction: str) -> bytes:
        """What comes next, b"" at the end. That is passed on like anything else: not through a black hole."""
        try:
            data = bytes(await side.receive_some(_BYTES))
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            data = b""
        if not data:
            if direction in self._swallowed:
                await trio.sleep_forever()
            await self._gate.wait_passable()
        return data

    # From the process to the server

    async def _pass_requests(self, server: trio.SocketStream) -> None:
        parser = RequestParser(Profile.of("8.6"))
        while data := await self._receive(self._client, "requests"):
            parser.feed(data)
            ready: list[tuple[Visit, Sequence[bytes]]] = []
            while (words := parser.take()) is not None:
                visit = self._shared.sites.come_by(self._gate.host, action_of(words))
                dues = _due_at_request(visit)
                if dues:
                    await self._forward(server, ready)
                    ready = []
                    await self._suffer_all(dues)
                await trio.sleep_until(self._late_until)
                if "requests" not in self._swallowed:
                    ready.append((visit, words))
            await self._forward(server, ready)

    async def _forward(self, server: trio.SocketStream, commands: Sequence[tuple[Visit, Sequence[bytes]]]) -> None:
        await self._gate.wait_passable()  # not earlier is anything on its way
        await self._pass_on(server, bytearray().join(self._send(*command) for command in commands))

    def _send(self, visit: Visit, words: Sequence[bytes]) -> bytes:
        way = self._shared.changes.sent(self._gate.host, self._number, self._of_transaction(visit.action, words))
        self._unanswered.append(_Exchange(visit, words, self._shared.journal.now_ms(), way))
        return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%b\r\n" % (len(word), word) for word in words)

    def _of_transaction(self, action: str, words: Sequence[bytes]) -> Sequence[bytes]:
        """An EXEC does what the commands before it say."""
        if action == "MULTI":
            self._queued = []
        elif action == "EXEC":
            queued, self._queued = self._queued or [], None
            return [*words, *queued]
        elif self._queued is not None:
            self._queued += words
        return words

    async def _pass_on(self, side: trio.SocketStream, data: bytearray) -> None:
        await self._gate.wait_passable()
        if data:
            # Who does not take it has gone; that is noticed, and told, where it is read from.
            with suppress(trio.BrokenResourceError, trio.ClosedResourceError):
                await side.send_all(data)

    # From the server to the process

    async def _pass_replies(self, server: trio.SocketStream) -> None:
        framer = ReplyFramer()
        while data := await self._receive(server, "replies"):
            framer.feed(data)
            ready = bytearray()
            while (reply := framer.take()) is not None:
                exchange = self._unanswered[0]
                self._shared.changes.answered(exchange.on_its_way)
                dues = _due_at_reply(exchange.visit)
                if dues:
                    await self._pass_on(self._client, ready)
                    ready = bytearray()
                await self._after(exchange, reply, dues)
                if "replies" not in self._swallowed:
                    ready += reply
            await self._pass_on(self._client, ready)

    async def _after(self, exchange: _Exchange, reply: bytes, dues: Sequence[Due]) -> None:
        """What is due when the server has answered. The record is written in any case."""
        answered = False
        try:
            for due in dues:
                if isinstance(due.fault.effect, CutReply):
                    await self._pass_on(self._client, bytearray(reply[: due.fault.effect.after_bytes]))
                await self._suffer_all([due])
            answered = "replies" not in self._swallowed
        finally:
            self._unanswered.popleft()
            self._write_down(exchange, reply, answered=answered)

    # What goes wrong

    async def _suffer_all(self, dues: Sequence[Due], *, last: tuple[type[Effect], ...] = _LAST) -> None:
        for due in dues:
            effect = due.fault.effect
            if isinstance(effect, _OF_CONNECTION):
                self._shared.journal.write_struck(due.number, due.fault)
            else:
                await self._shared.strike(due)
            if isinstance(effect, last):
                raise _Reset
            self.suffer(effect)

    def suffer(self, effect: Effect) -> None:
        """Have done to this connection what is done to one; also at any moment, by what is at no command of its own."""
        match effect:
            case LoseRequest() | LoseReply() | CutReply():
                self._to_reset.set()
            case Blackhole():
                self._swallowed |= {"requests", "replies"} if effect.direction == "both" else {effect.direction}
            case Delay():
                self._late_until = max(self._late_until, trio.current_time() + effect.ms / 1000)
            case _:
                pass

    def _write_down(self, exchange: _Exchange, reply: bytes | None, *, answered: bool) -> None:
        self._shared.journal.write(
            Sent(
                # Behind what it changed, as far as that is known.
                exchange.at_ms if reply is None else self._shared.journal.now_ms(),
                self._gate.host,
                client=self._number,
                action=exchange.visit.action,
                words=tuple(exchange.words),
                reply=reply,
                answered=answered,
                number=exchange.on_its_way.number,
            )
        )


def _due_at_request(visit: Visit) -> Sequence[Due]:
    """What is done to a reply waits for it, and what is done to a request can't come behind it."""
    early = [due for due in visit.before if not isinstance(due.fault.effect, _OF_REPLY)]
    return early + [due for due in visit.after if isinstance(due.fault.effect, _OF_REQUEST)]


def _due_at_reply(visit: Visit) -> Sequence[Due]:
    late = [due for due in visit.before if isinstance(due.fault.effect, _OF_REPLY)]
    return late + [due for due in visit.after if not isinstance(due.fault.effect, _OF_REQUEST)]


def _reset(client: trio.SocketStream) -> None:
    """Close with an RST. The server gets a FIN: an RST would have it forget commands that had arrived before."""
    if client.socket.fileno() >= 0:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_AT_CLOSE)
        client.socket.close()
