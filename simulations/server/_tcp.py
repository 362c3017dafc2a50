"""The server on TCP sockets and the real clock.

One task reads from all clients, in the order in which they sent. Whatever was read is run at once, to its end, by
`pump`, which never waits: the engine answers, the answers are sent as far as the socket takes them, and clients that
the commands woke go on with what they had sent meanwhile. What a socket does not take is left to a task that writes.
One more task lets time pass.

A client that waits in a blocking command is still read, as that is how one learns that it has gone; its further
commands stay in its parser.
"""

from __future__ import annotations

import contextlib
import errno
import socket
import time
from collections import deque
from collections.abc import Sequence
from functools import partial
from typing import Final

import trio

from ._arrivals import Arrivals
from ._engine import Engine
from ._reply import Failure, encode
from ._request import ProtocolError, RequestParser
from ._session import Session
from .clients._buffers import OutputLimit
from .clients._connection_commands import kind_of_client
from .persistence._append_only_file import BadFile
from .persistence._kept_on_disk import KeptOnDisk
from .replication._replica import Replica

READ_BYTES: Final = 64 * 1024
"""Read at once from one client, so that a busy one does not keep the others waiting for long."""
BACKLOG: Final = 511
CRON_SECONDS: Final = 0.1
"""How often the server looks for what time alone brings about; Redis' hz 10."""


class _Connection:
    """One client: its socket, its session, and what stands between them."""

    __slots__ = ("closed", "full_since", "out", "parser", "rest", "session", "socket")

    def __init__(self, client: socket.socket, session: Session, parser: RequestParser) -> None:
        self.socket = client
        self.session = session
        self.parser = parser
        self.out: list[bytes] = []
        self.rest = bytearray()
        """What the socket did not take; while there is some, a task writes it."""
        self.full_since = 0.0
        """Since when the rest is larger than the soft limit."""
        self.closed = False


class TcpServer:
    """An engine behind listening sockets. Made by `listen`, run by `serve`.

    Args:
        engine: what answers. Nobody else may use it at the same time.
        listeners: sockets that listen already; they are closed at the end.
        disk: where its data is kept, if anywhere.
    """

    def __init__(self, engine: Engine, listeners: Sequence[socket.socket], *, disk: KeptOnDisk | None = None) -> None:
        self.engine = engine
        self._disk = disk
        self.failure: BadFile | None = None
        engine.slowness.stopwatch = time.perf_counter_ns
        self._listeners = list(listeners)
        self._arrivals = Arrivals()
        engine.appliers["port"] = self._move
        engine.runner.meanwhile = self._serve_meanwhile
        self._connections: dict[Session, _Connection] = {}
        self._runnable: deque[_Connection] = deque()
        self._unsent: dict[_Connection, None] = {}
        self._timer = trio.CancelScope()
        self._nursery: trio.Nursery | None = None

    async def serve(self) -> None:
        """Serve clients until cancelled or told to SHUTDOWN.

        If there is a file that cannot be loaded, that is its `failure`.
        """
        try:
            async with trio.open_nursery() as nursery:
                self._nursery = nursery
                self._watch_listeners()
                nursery.start_soon(self._arrivals.run)
                nursery.start_soon(self._let_time_pass)
                nursery.start_soon(Replica(self.engine, self._collect_all).run)
                if self._disk is not None:
                    await self._keep_files(self._disk)
        finally:
            if self._disk is not None:
                self._disk.close() if self.failure is not None else self._disk.end()
            for connection in list(self._connections.values()):
                self._close(connection)
            for listener in self._listeners:
                self._arrivals.forget(listener)
                listener.close()
            self._arrivals.close()

    async def _keep_files(self, disk: KeptOnDisk) -> None:
        try:
            await disk.load()
        except BadFile as error:
            self.failure = error
            self._spawn().cancel_scope.cancel()
        else:
            await disk.run()

    # Clients come, send and go

    def _watch_listeners(self) -> None:
        for listener in self._listeners:
            self._arrivals.watch(listener, partial(self._accept, listener))

    def _accept(self, listener: socket.socket) -> bool:
        """Take in one client; returns whether there may be more."""
        try:
            client, peer = listener.accept()
        except OSError as error:
            if error.errno in {errno.EMFILE, errno.ENFILE}:
                self._arrivals.forget(listener)  # until the cron, when somebody may have gone
            return False
        self._welcome(client, peer)
        return True

    def _welcome(self, client: socket.socket, peer: object) -> None:
        client.setblocking(False)  # noqa: FBT003  # the standard library knows it by position only
        if len(self._connections) >= self.engine.configuration.number("maxclients"):
            with contextlib.suppress(OSError):
                client.send(encode(Failure(b"ERR max number of clients reached"), 2))
            client.close()
            return
        if client.family in {socket.AF_INET, socket.AF_INET6}:
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        session = self.engine.connect(_name(peer), now_us=time.time_ns() // 1000)
        session.local_address = _name(client.getsockname())
        session.descriptor = client.fileno()
        connection = _Connection(client, session, RequestParser(self.engine.profile))
        self._connections[session] = connection
        self._arrivals.watch(client, partial(self._read, connection))

    def _move(self, port: str) -> str | None:
        """CONFIG SET port: listen there instead; 0: nowhere."""
        number = int(port)
        if any(listener.getsockname()[1] == number for listener in self._listeners):
            return None
        try:
            new = listen(self.engine.configuration["bind"].split()[0], number) if number else []
        except OSError:
            return "Unable to listen on this port. Check server logs."
        for listener in self._listeners:
            self._arrivals.forget(listener)
            listener.close()
        self._listeners = new
        self._watch_listeners()
        return None

    def _read(self, connection: _Connection) -> bool:
        """Take in what a client has sent; returns whether there may be more."""
        try:
            data = connection.socket.recv(READ_BYTES)
        except BlockingIOError:
            return False
        except OSError:
            data = b""
        if data:
            self._take_in(connection, data)
        else:
            self._close(connection)
        return len(data) == READ_BYTES

    def _take_in(self, connection: _Connection, data: bytes) -> None:
        parser, session = connection.parser, connection.session
        parser.feed(data)
        session.active_ms = time.time_ns() // 1_000_000
        session.buffers.received += len(data)
        self.engine.statistics.bytes_in += len(data)
        self.pump(connection)
        session.buffers.receive(len(data), parser.waiting, parser.announced, self.engine.profile)
        if parser.waiting > self.engine.configuration.number("client-query-buffer-limit"):
            self._close(connection)

    def _serve_meanwhile(self) -> None:
        """A script runs for long, inside of this very task: serve all others who have something to say now."""
        running = self.engine.running
        busy = None if running is None else self._connections.get(running)
        if busy is not None:
            self._arrivals.forget(busy.socket)
        self._arrivals.serve()
        if busy is not None:
            self._arrivals.watch(busy.socket, partial(self._read, busy))
            self._unsent[busy] = None

    def _close(self, connection: _Connection) -> None:
        if connection.closed:
            return
        connection.closed = True
        self._connections.pop(connection.session, None)
        self._unsent.pop(connection, None)
        self.engine.disconnect(connection.session)
        self._arrivals.forget(connection.socket)
        trio.lowlevel.notify_closing(connection.socket)
        connection.socket.close()

    # Commands run

    def pump(self, connection: _Connection) -> None:
        """Run what a client has sent as far as it may run, and whatever becomes possible by that."""
        self._runnable.append(connection)
        self._run_all()

    def _run_all(self) -> None:
        while self._runnable:
            self._run(self._runnable.popleft())
        if self._disk is not None:
            self._disk.write_out()
        while self._unsent:
            connection, _ = self._unsent.popitem()
            self._send(connection)
        self._set_timer()
        if self.engine.ended:
            self._spawn().cancel_scope.cancel()

    def _run(self, connection: _Connection) -> None:
        session, parser, out, engine = connection.session, connection.parser, connection.out, self.engine
        self._unsent[connection] = None
        parser.unauthenticated = session.user is None
        parser.bulk_limit = engine.configuration.number("proto-max-bulk-len")
        while session.block is None and not session.closing:
            try:
                words = parser.take()
            except ProtocolError as error:
                out.append(encode(Failure(error.text), session.protocol))
                session.closing = True
                return
            if words is None:
                return
            woken = engine.execute(session, words, now_us=time.time_ns() // 1000, timer_ms=time.perf_counter() * 1000)
            for other in woken:
                if other is session:
                    out += [encode(reply, session.protocol) for reply in session.replies]
                    session.replies.clear()
                else:
                    self._collect(other)
            if engine.stall_ms:
                self._stall()
            parser.unauthenticated = session.user is None

    def _collect(self, session: Session) -> None:
        """Take over what another session is sent, and have it go on if it waited."""
        connection = self._connections.get(session)
        if connection is None:
            return
        connection.out += [encode(reply, session.protocol) for reply in session.replies]
        session.replies.clear()
        self._unsent[connection] = None
        if session.block is None and connection.parser.has_more:
            self._runnable.append(connection)

    def _collect_all(self, sessions: Sequence[Session]) -> None:
        for session in sessions:
            self._collect(session)
        self._run_all()

    def _stall(self) -> None:
        """DEBUG SLEEP: nobody is served, as in a server that is busy."""
        time.sleep(self.engine.stall_ms / 1000)
        self.engine.stall_ms = 0

    # Replies are sent

    def _send(self, connection: _Connection) -> None:
        data = b"".join(connection.out)
        connection.out.clear()
        if data:
            connection.session.buffers.send(len(data))
            self.engine.statistics.bytes_out += len(data)
        if connection.session.aborted:
            self._close(connection)
        elif connection.rest:
            connection.rest += data
            self._check_backlog(connection)
        elif data and (left := self._send_now(connection, data)):
            connection.rest += left
            self._spawn().start_soon(self._write_rest, connection)
            self._check_backlog(connection)
        elif connection.session.closing:
            self._close(connection)

    def _send_now(self, connection: _Connection, data: bytes) -> bytes:
        """What the socket did not take."""
        try:
            return data[connection.socket.send(data) :]
        except BlockingIOError:
            return data
        except OSError:
            self._close(connection)
            return b""

    def _check_backlog(self, connection: _Connection) -> None:
        """The parameter client-output-buffer-limit: disconnect who does not read what it is sent."""
        kind = kind_of_client(connection.session)
        limits = OutputLimit.of(self.engine.configuration["client-output-buffer-limit"], kind)
        size, now = len(connection.rest), trio.current_time()
        if limits.soft and size > limits.soft:
            connection.full_since = connection.full_since or now
        else:
            connection.full_since = 0.0
        too_long = connection.full_since and now - connection.full_since > limits.soft_seconds
        if (limits.hard and size > limits.hard) or too_long:
            self._close(connection)

    async def _write_rest(self, connection: _Connection) -> None:
        try:
            while connection.rest:
                await trio.lowlevel.wait_writable(connection.socket)
                with contextlib.suppress(BlockingIOError):
                    del connection.rest[: connection.socket.send(connection.rest[:READ_BYTES])]
        except (OSError, trio.ClosedResourceError):
            connection.session.closing = True
        if connection.session.closing:
            self._close(connection)

    # Time passes

    async def _let_time_pass(self) -> None:
        next_cron = trio.current_time()
        while True:
            with trio.CancelScope() as self._timer:
                self._timer.deadline = next_cron
                self._set_timer()
                await trio.sleep_forever()
            if trio.current_time() >= next_cron:
                next_cron = trio.current_time() + 1 / max(1, min(500, self.engine.configuration.number("hz")))
                self._look_at_clients()
            for session in self.engine.tick(now_us=time.time_ns() // 1000, timer_ms=time.perf_counter() * 1000):
                self._collect(session)
            self._run_all()

    def _look_at_clients(self) -> None:
        self._watch_listeners()
        self._close_idle()
        if not self.engine.debugging.cron_is_paused:
            now_ms, peak_ms = time.time_ns() // 1_000_000, self.engine.debugging.reply_peak_ms
            for session in self._connections:
                session.buffers.let_time_pass(now_ms, now_ms - session.active_ms, peak_ms)

    def _close_idle(self) -> None:
        """The parameter timeout: disconnect clients that say nothing for so long and wait for nothing."""
        seconds = self.engine.configuration.number("timeout")
        if not seconds:
            return
        for session, connection in list(self._connections.items()):
            waits = session.block is not None or session.is_subscribed or session.is_replica
            if not waits and self.engine.now_ms - session.active_ms > seconds * 1000:
                self._close(connection)

    def _set_timer(self) -> None:
        due_ms = self.engine.next_deadline_ms()
        if due_ms is not None:
            due = trio.current_time() + due_ms / 1000 - time.perf_counter()
            self._timer.deadline = min(self._timer.deadline, due)

    def _spawn(self) -> trio.Nursery:
        if self._nursery is None:
            raise AssertionError("clients are served only while `serve` runs")
        return self._nursery


def listen(host: str, port: int) -> list[socket.socket]:
    """Sockets that listen at all addresses of a host.

    Args:
        host: a name or an address.
        port: 0 takes a free one, the same at all addresses.

    Raises:
        OSError: the port is taken, or the host has no such address.
    """
    listeners: list[socket.socket] = []
    try:
        for family, kind, protocol, _, address in socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        ):
            listener = socket.socket(family, kind, protocol)
            listeners.append(listener)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            listener.bind((address[0], port, *address[2:]))
            listener.listen(BACKLOG)
            listener.setblocking(False)  # noqa: FBT003  # the standard library knows it by position only
            port = port or listener.getsockname()[1]
    except BaseException:
        for listener in listeners:
            listener.close()
        raise
    return listeners


def _name(address: object) -> str:
    match address:
        case (str(host), int(port), *_):
            return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        case _:
            return str(address)
