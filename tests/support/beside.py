"""A real server and a simulated one of the same version, told the same and compared byte for byte."""

from __future__ import annotations

import shlex
import socket
import time
from collections.abc import Sequence
from random import Random

from redis_streams.simulations.real import RedisServer
from redis_streams.simulations.server import Engine, Profile, Session, encode
from support.simulated import request
from typing_extensions import Self

SECONDS = 5.0
"""How long a real server may take for a reply that is due."""
TOLERANCE_MS = 2000
"""How far times may differ: both are told by clocks that go on, and a test machine is busy."""
TIMES = {b"idle", b"inactive", b"seen-time", b"active-time"}


class RealClient:
    """A socket, and where each reply in its bytes ends."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._bytes = b""

    def close(self) -> None:
        self._socket.close()

    def send(self, data: bytes) -> None:
        self._socket.sendall(data)

    def receive(self, seconds: float = SECONDS) -> bytes:
        """The next reply; nothing if none comes in this time."""
        self._socket.settimeout(seconds)
        try:
            end = self._end_of_reply(0)
        except TimeoutError:
            return b""
        reply, self._bytes = self._bytes[:end], self._bytes[end:]
        return reply

    def _end_of_reply(self, start: int) -> int:
        while (line_end := self._bytes.find(b"\r\n", start)) < 0:
            self._fill()
        kind, after = self._bytes[start : start + 1], line_end + 2
        if kind not in b"$*%~>=":
            return after
        count = int(self._bytes[start + 1 : line_end])
        if count < 0:
            return after
        if kind in b"$=":
            while len(self._bytes) < after + count + 2:
                self._fill()
            return after + count + 2
        for _ in range(2 * count if kind == b"%" else count):
            after = self._end_of_reply(after)
        return after

    def _fill(self) -> None:
        data = self._socket.recv(65536)
        assert data, "the real server closed the connection"
        self._bytes += data


class Beside:
    """Both servers, and clients of both, which have names of one letter.

    Args:
        server: the real one, empty; the other one is made of the same version.
    """

    def __init__(self, server: RedisServer) -> None:
        major, minor, _ = server.version
        self.profile = Profile.of(f"{major}.{minor}")
        self._server = server
        self._engine = Engine(self.profile, rng=Random(1))
        self._control = RealClient(server.port)
        self._real: dict[str, RealClient] = {}
        self._simulated: dict[str, Session] = {}
        self.told: list[str] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for client in [self._control, *self._real.values()]:
            client.close()

    def begin_again(self) -> None:
        """Both are empty, and nobody is connected."""
        for client in self._real.values():
            client.close()
        self._server.cli("FLUSHALL")
        self._engine = Engine(self.profile, rng=Random(1))
        self._real.clear()
        self._simulated.clear()
        self.told.clear()

    def waits(self, client: str) -> bool:
        """Whether the client waits for something."""
        return client in self._simulated and self._simulated[client].block is not None

    def tell(self, script: str) -> None:
        """Give both the lines of a script, one after the other, and compare what every client gets by each.

        Lines are commands, of client `a` unless they begin as in `b: XREAD ...`; or `sleep` and milliseconds; or `---`,
        where all begins again.
        """
        for line in lines_of(script):
            self.told.append(line)
            client, words = name_and_words(line)
            if words[0] == "---":
                self.tell_nothing_more()
                self.begin_again()
            elif words[0] == "sleep":
                self._sleep(int(words[1]) / 1000)
            else:
                self._send(client, words)
            self._compare(line)

    def tell_nothing_more(self) -> None:
        """See that no client of the real server gets anything that is not due."""
        for client in self._real.values():
            assert client.receive(0.02) == b"", self.told[-12:]

    def _sleep(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            time.sleep(0.005)
            self._engine.tick(now_us=_now_us())

    def _send(self, client: str, words: Sequence[str]) -> None:
        if client not in self._real:
            self._real[client] = RealClient(self._server.port)
            self._simulated[client] = self._engine.connect(client, now_us=_now_us())
        self._engine.tick(now_us=_now_us())
        self._real[client].send(request(*words))
        self._engine.execute(self._simulated[client], [word.encode() for word in words], now_us=_now_us())
        if self.waits(client):
            # No reply tells that the real server has got this far; one to what is sent later does.
            self._control.send(request("PING"))
            self._control.receive()

    def _compare(self, line: str) -> None:
        self._engine.tick(now_us=_now_us())
        for name, session in self._simulated.items():
            replies = [encode(reply, session.protocol) for reply in session.replies]
            session.replies.clear()
            for simulated in replies:
                real = self._real[name].receive()
                if "HELLO" in line:
                    continue  # says who the server is
                assert without_times(real, simulated) == simulated, (line, name, self.told[-12:])


def _now_us() -> int:
    return time.time_ns() // 1000


def lines_of(script: str) -> list[str]:
    """The lines that say something: not those that are empty, or begin with #."""
    return [line.strip() for line in script.splitlines() if line.strip() and not line.startswith("#")]


def name_and_words(line: str) -> tuple[str, list[str]]:
    """Whose command it is, and its words."""
    if line[1:3] == ": ":
        return line[0], shlex.split(line[3:])
    return "a", shlex.split(line)


def without_times(real: bytes, simulated: bytes) -> bytes:
    """The real reply, its times replaced by those of the simulated one where they are close."""
    ours, theirs = simulated.split(b"\r\n"), real.split(b"\r\n")
    if len(ours) != len(theirs):
        return real
    for at, (our, their) in enumerate(zip(ours, theirs, strict=True)):
        # Where two numbers are beside each other, the first one is a time and the second one a count.
        numbers = our[:1] == their[:1] == b":" and (ours[at - 1] in TIMES or ours[at + 1][:1] == b":")
        if numbers and abs(int(our[1:]) - int(their[1:])) <= TOLERANCE_MS:
            theirs[at] = our
    return b"\r\n".join(theirs)
