"""``memory://NAME``: a simulated server inside this process, without a socket; its data lives as long as the process.

A client's stream hands bytes to the engine and takes the replies. Whoever sends runs the commands, at once and to their
end; clients that they wake find their replies in their stream. Streams of several Trio runs, in several threads, may
use one server at the same time: a lock stands around the engine, and wake-ups cross threads by Trio's tokens.

It can fail as a process does, whoever is connected: `pause` and `resume`, `kill` and `restart`, `cut_power`. What comes
back after that is what its append-only file had, if `configuration` asks for one.
"""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from random import Random
from typing import Final

import trio
from typing_extensions import override

from ...wire import RedisError, ServerAddress, read_reply
from ._engine import Engine
from ._profile import Profile, Version
from ._reply import Failure, encode
from ._request import ProtocolError, RequestParser
from ._session import Session
from .persistence._ledger import Destroyed
from .persistence._process import ProcessDown, ServerProcess

DEFAULT_PROFILE: Final = "8.0"
NO_MORE_CLIENTS: Final = Failure(b"ERR max number of clients reached")

Clock = Callable[[], tuple[int, float]]
"""The wall clock in microseconds since 1970, and the timers' clock in milliseconds."""


def real_clock() -> tuple[int, float]:
    """The clocks of the machine."""
    return time.time_ns() // 1000, time.monotonic() * 1000


class InProcessServer:
    """A simulated server that clients of this process reach without a socket.

    Args:
        profile: the version to behave like.
        rng: where everything random comes from; None: from the operating system.
        clock: what time it is; a test in virtual time gives its own.
        configuration: parameters that differ from their defaults. With appendonly it has its data again after a crash.
    """

    def __init__(
        self,
        profile: str = DEFAULT_PROFILE,
        *,
        rng: Random | None = None,
        clock: Clock = real_clock,
        configuration: Mapping[str, str] | None = None,
    ) -> None:
        given = dict(configuration or {})
        self._process = ServerProcess(
            Profile.of(profile),
            rng=rng or Random(),  # noqa: S311 - ids of runs, no secrets
            configuration=given,
            # A program that runs for months would remember every command, for a crash that never comes.
            keeps=given.get("appendonly") == "yes",
        )
        self._clock = clock
        self._lock = threading.RLock()
        self._streams: dict[Session, _Stream] = {}
        self._runnable: deque[_Stream] = deque()
        self._stalled_until_ms = -math.inf

    def connect(self) -> trio.abc.Stream:
        """A new client; called in a Trio run.

        Raises:
            ConnectionRefusedError: it was killed, and does not run yet.
        """
        with self._lock:
            now_us, _ = self._clock()
            try:
                session = self._process.connect(f"memory:{len(self._streams)}", now_us=now_us)
            except ProcessDown as error:
                raise ConnectionRefusedError(str(error)) from error
            stream = self._streams[session] = _Stream(self, session, RequestParser(self.engine.profile))
            if len(self._streams) > self.engine.configuration.number("maxclients"):
                self.engine.deliver(session, NO_MORE_CLIENTS)
                self.engine.close(session)
                self._collect(session)
        return stream

    @property
    def engine(self) -> Engine:
        """The server itself; another one after a crash."""
        return self._process.engine

    @property
    def version(self) -> Version:
        """The exact version that it behaves like, e.g. `(7, 0, 15)`."""
        return self.engine.profile.version

    def cli(self, *args: str | bytes | float) -> object:
        """Run one command on a connection of its own, as `redis-cli` would.

        Returns:
            The reply as RESP2 has it, arrays as lists, text decoded.

        Raises:
            RedisError: what the server answered, that it is down, or that it answered nothing yet: the command waits.
        """
        with self._lock:
            if self._process.down:
                raise RedisError("the server is down")
            now_us, timer_ms = self._clock()
            session = self.engine.connect("memory:cli", now_us=now_us)
            try:
                words = [word if isinstance(word, bytes) else str(word).encode() for word in args]
                for woken in self._process.execute(session, words, now_us=now_us, timer_ms=timer_ms):
                    self._collect(woken)
                self._run_all()
                if not session.replies:
                    raise RedisError(f"{args[0]!s} is answered later, or never: use a client that waits")
                return read_reply(encode(session.replies[0], 2))
            finally:
                self.engine.disconnect(session)

    def pause(self) -> None:
        """Hang, as a process does that got SIGSTOP: connections stay open, nobody answers."""
        self._stalled_until_ms = math.inf

    def resume(self) -> None:
        """Go on after `pause`."""
        with self._lock:
            self._stalled_until_ms = -math.inf
            self._run_all()
            for stream in self._streams.values():
                stream.wake()

    def kill(self) -> Destroyed:
        """Crash, as a process does that got SIGKILL. Returns what of its streams is gone for good."""
        with self._lock:
            self._hang_up()
            return self._process.crash()

    def cut_power(self) -> Destroyed:
        """Crash, and lose what its file had not synced yet. Returns what of its streams is gone for good."""
        with self._lock:
            self._hang_up()
            return self._process.cut_power()

    def restart(self, *, loading_ms: float = 0.0) -> None:
        """Run again, with what its file has; if it still runs it ends first. For so long it then answers LOADING."""
        with self._lock:
            if not self._process.down:
                self.kill()
            self._process.restart(timer_ms=self._clock()[1], loading_ms=loading_ms)

    def _hang_up(self) -> None:
        """Nobody reads, answers or waits any more: what was on its way is gone."""
        streams = list(self._streams.values())
        self._streams.clear()
        self._runnable.clear()
        self._stalled_until_ms = -math.inf
        for stream in streams:
            stream.session.closing = True
            stream.out.clear()
            stream.wake()

    # For streams

    def feed(self, stream: _Stream, data: bytes) -> None:
        """A client sent something."""
        with self._lock:
            stream.parser.feed(data)
            self._runnable.append(stream)
            self._run_all()

    def take(self, stream: _Stream) -> tuple[bytes, bool, float | None]:
        """What a client is to get, whether the connection ends behind it, and after how many seconds to look again."""
        with self._lock:
            if stream.session not in self._streams:
                return b"", True, None  # it crashed
            now_us, timer_ms = self._clock()
            if timer_ms >= self._stalled_until_ms:
                for session in self._process.tick(now_us=now_us, timer_ms=timer_ms):
                    self._collect(session)
                self._run_all()
            data = b"".join(stream.out)
            stream.out.clear()
            due_ms = self._next_event_ms(timer_ms)
            return data, stream.session.closing, None if due_ms is None else max(0.0, (due_ms - timer_ms) / 1000)

    def disconnect(self, stream: _Stream) -> None:
        """A client has gone."""
        with self._lock:
            if self._streams.pop(stream.session, None) is not None:
                self.engine.disconnect(stream.session)

    def _next_event_ms(self, timer_ms: float) -> float | None:
        """When the server does something by itself, by the timers' clock."""
        if timer_ms >= self._stalled_until_ms:
            return self.engine.next_deadline_ms()
        return None if math.isinf(self._stalled_until_ms) else self._stalled_until_ms

    def _run_all(self) -> None:
        while self._runnable and self._clock()[1] >= self._stalled_until_ms:
            self._run(self._runnable.popleft())

    def _run(self, stream: _Stream) -> None:
        session, parser = stream.session, stream.parser
        while session.block is None and not session.closing:
            parser.unauthenticated = session.user is None
            try:
                words = parser.take()
            except ProtocolError as error:
                stream.out.append(encode(Failure(error.text), session.protocol))
                session.closing = True
                stream.wake()
                return
            if words is None:
                return
            now_us, timer_ms = self._clock()
            for woken in self._process.execute(session, words, now_us=now_us, timer_ms=timer_ms):
                self._collect(woken)
            if self.engine.stall_ms:
                self._stalled_until_ms, self.engine.stall_ms = timer_ms + self.engine.stall_ms, 0.0
                self._runnable.append(stream)
                return

    def _collect(self, session: Session) -> None:
        stream = self._streams.get(session)
        if stream is None:
            return
        stream.out += [encode(reply, session.protocol) for reply in session.replies]
        session.replies.clear()
        stream.wake()
        if session.block is None and stream.parser.has_more:
            self._runnable.append(stream)


class _Stream(trio.abc.Stream):
    """The client's end."""

    def __init__(self, server: InProcessServer, session: Session, parser: RequestParser) -> None:
        self.session = session
        self.parser = parser
        self.out: list[bytes] = []
        self._server = server
        self._token = trio.lowlevel.current_trio_token()
        self._waiting = trio.lowlevel.ParkingLot()
        self._woken = False
        self._received = b""
        self._taken = 0
        """How much of what was received was given to the client."""
        self._closed = False

    def wake(self) -> None:
        """Something is there for the client; from any thread."""
        try:
            here = trio.lowlevel.current_trio_token() is self._token
        except RuntimeError:
            here = False
        if here:
            self._wake_here()
        else:
            with suppress(trio.RunFinishedError):
                self._token.run_sync_soon(self._wake_here)

    def _wake_here(self) -> None:
        self._woken = True
        self._waiting.unpark_all()

    @override
    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        await trio.lowlevel.checkpoint()
        self._check_open()
        if not self.session.closing:  # else nobody reads it, which a sender hears of when it receives
            self._server.feed(self, bytes(data))

    @override
    async def wait_send_all_might_not_block(self) -> None:
        await trio.lowlevel.checkpoint()
        self._check_open()

    @override
    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        await trio.lowlevel.checkpoint()
        while self._taken == len(self._received):
            self._check_open()
            self._woken, self._taken = False, 0
            self._received, ended, seconds = self._server.take(self)
            if self._received or ended:
                break
            if not self._woken:
                with trio.move_on_after(math.inf if seconds is None else seconds):
                    await self._waiting.park()
        end = len(self._received) if max_bytes is None else self._taken + max_bytes
        data = self._received[self._taken : end]
        self._taken += len(data)
        return data

    @override
    async def aclose(self) -> None:
        if not self._closed:
            self._closed = True
            self._server.disconnect(self)
            self._wake_here()
        await trio.lowlevel.checkpoint()

    def _check_open(self) -> None:
        if self._closed:
            raise trio.ClosedResourceError("this stream is closed")


_servers: dict[str, InProcessServer] = {}
"""The one registry of the process: whoever names the same server means the same data."""

_making = threading.Lock()


def in_process_server(name: str) -> InProcessServer:
    """The server that ``memory://NAME`` leads to; made when it is first asked for."""
    with _making:
        return _servers.setdefault(name, _servers.get(name) or InProcessServer())


def put_in_process_server(name: str, server: InProcessServer) -> None:
    """Have ``memory://NAME`` lead to this server from now on: one of another version, or with a clock of its own."""
    with _making:
        _servers[name] = server


async def dial(address: ServerAddress) -> trio.abc.Stream:
    """A stream to the server of an address whose scheme is memory."""
    await trio.lowlevel.checkpoint()
    return in_process_server(address.host).connect()
