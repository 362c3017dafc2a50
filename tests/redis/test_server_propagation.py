"""What replicas are sent, beside real servers: the same commands, in the same transactions, but for the time."""

import re
import shlex
import socket
import time
from collections.abc import Iterator
from contextlib import closing
from io import BufferedReader, BytesIO
from pathlib import Path
from random import Random

import pytest
from redis_streams.simulations.real import RedisServer
from redis_streams.simulations.server import VERSIONS, Engine, Profile, encode
from support.beside import RealClient
from support.simulated import request

CONVERSATION = Path(__file__).parent / "conversations" / "propagation.txt"
SETTINGS = {
    "repl-ping-slave-period": "3600",
    "repl-diskless-sync": "no",
    "lazyfree-lazy-expire": "no",
    "lazyfree-lazy-server-del": "no",
}
SINCE = re.compile(r"\[(\d+\.\d+)\] ")
MARK = [b"PUBLISH", b"mark", b"x"]
"""By which one sees that all that is before it has been told."""


def commands(stream: BufferedReader | BytesIO) -> Iterator[list[bytes]]:
    """The commands in a stream of effects."""
    while head := stream.readline():
        words: list[bytes] = []
        for _ in range(int(head[1:])):
            size = int(stream.readline()[1:])
            words.append(stream.read(size + 2)[:-2])
        yield words


def told(effects: list[list[bytes]]) -> list[str]:
    """The commands, with T for every moment of today."""
    return [re.sub(r"\b1[789]\d{11}\b", "T", b" ".join(words).decode("latin-1")) for words in effects]


class Primaries:
    """A real server and a simulated one, each with a replica that takes down what it is sent."""

    def __init__(self, server: RedisServer) -> None:
        major, minor, _ = server.version
        self.version = f"{major}.{minor}"
        if self.version not in VERSIONS:
            pytest.skip(f"there is no profile for {self.version}")
        self._port = server.port
        self._real = {"mark": RealClient(server.port)}
        for name, value in SETTINGS.items():
            self._tell_real("mark", "CONFIG", "SET", name, value)
        self._tell_real("mark", "FLUSHALL")
        self._socket = socket.create_connection(("127.0.0.1", server.port))
        self._socket.sendall(b"SYNC\r\n")
        self._stream = self._socket.makefile("rb")
        head = b"\n"
        while not head.strip():
            head = self._stream.readline()
        self._stream.read(int(head[1:]))
        self._engine = Engine(Profile.of(self.version), rng=Random(1))
        self._replica = self._engine.connect("replica")
        self._simulated = {"mark": self._engine.connect("mark")}
        self._engine.execute(self._replica, [b"SYNC"], now_us=time.time_ns() // 1000)
        self._replica.replies.clear()

    def close(self) -> None:
        for client in self._real.values():
            client.close()
        self._stream.close()
        self._socket.close()

    def tell(self, client: str, words: list[str]) -> tuple[list[str], list[str]]:
        """Both do the same; what their replicas are sent."""
        self._tell_both(client, words)
        self._tell_both("mark", [word.decode() for word in MARK])
        real: list[list[bytes]] = []
        for effect in commands(self._stream):
            if effect == MARK:
                break
            real.append(effect)
        data = b"".join(encode(reply, 2) for reply in self._replica.replies)
        self._replica.replies.clear()
        return told(real), told([effect for effect in commands(BytesIO(data)) if effect != MARK])

    def _tell_both(self, client: str, words: list[str]) -> None:
        if client not in self._real:
            self._real[client] = RealClient(self._port)
            self._simulated[client] = self._engine.connect(client)
        session = self._simulated[client]
        self._engine.execute(session, [word.encode() for word in words], now_us=time.time_ns() // 1000)
        self._tell_real(client, *words, waits=session.block is not None)

    def _tell_real(self, client: str, *words: str, waits: bool = False) -> None:
        self._real[client].send(request(*words))
        if waits:
            self._tell_real("mark", "PING")
        else:
            self._real[client].receive()


def test_replicas_are_sent_what_real_ones_are(any_redis_server: RedisServer) -> None:
    """Each line of the conversation has the same effects; lines with a version in brackets are for later ones only."""
    with closing(Primaries(any_redis_server)) as primaries:
        for line in CONVERSATION.read_text("utf-8").splitlines():
            since = SINCE.match(line)
            if not line or line.startswith("#") or (since is not None and float(since[1]) > float(primaries.version)):
                continue
            command = line[since.end() :] if since is not None else line
            client, _, rest = command.rpartition(": ")
            real, simulated = primaries.tell(client or "a", shlex.split(rest))
            assert simulated == real, line
