"""A simulated server without sockets: bytes in, bytes out."""

from random import Random

from redis_streams.simulations.server import Engine, Profile, Session, encode
from redis_streams.simulations.server._request import ProtocolError, RequestParser

START_US = 1_700_000_000_000_000


class Client:
    """One client of a simulated server."""

    def __init__(self, server: "SimulatedServer", session: Session) -> None:
        self.session = session
        self._server = server
        self._parser = RequestParser(server.engine.profile)
        self._received = b""

    def send(self, data: bytes) -> bytes:
        """Send bytes; returns what has been received since the last time, `<closed>` at the end of it all."""
        self._parser.feed(data)
        self._run()
        return self.receive()

    def call(self, *words: str | bytes | int) -> bytes:
        """Send one command."""
        return self.send(request(*words))

    def receive(self) -> bytes:
        """What has been received since the last time."""
        received, self._received = self._received, b""
        return received

    def take(self) -> None:
        """Move what the engine has for this client."""
        self._received += b"".join(encode(reply, self.session.protocol) for reply in self.session.replies)
        self.session.replies.clear()
        if self.session.closing:
            self._received = b"<closed>" if self.session.aborted else self._received + b"<closed>"

    def _run(self) -> None:
        session = self.session
        while session.block is None and not session.closing:
            self._parser.unauthenticated = session.user is None
            try:
                words = self._parser.take()
            except ProtocolError as error:
                self._received += b"-%b\r\n<closed>" % error.text.replace(b"\r", b" ").replace(b"\n", b" ")
                return
            if words is None:
                return
            for woken in self._server.engine.execute(session, words, now_us=self._server.now_us):
                self._server.clients[woken].take()


class SimulatedServer:
    """A simulated server whose clock stands still until `pass_time`."""

    def __init__(self, version: str = "7.0", **configuration: str) -> None:
        self.now_us = START_US
        given = {name.replace("_", "-"): value for name, value in configuration.items()}
        self.engine = Engine(Profile.of(version), rng=Random(1), configuration=given)
        self.clients: dict[Session, Client] = {}

    def connect(self) -> Client:
        """A new client."""
        session = self.engine.connect(f"127.0.0.1:{len(self.clients) + 1}", now_us=self.now_us)
        client = self.clients[session] = Client(self, session)
        return client

    def pass_time(self, milliseconds: float) -> None:
        """Let time pass."""
        self.now_us += int(milliseconds * 1000)
        for woken in self.engine.tick(now_us=self.now_us):
            self.clients[woken].take()


def request(*words: str | bytes | int) -> bytes:
    """A command as bytes."""
    coded = [word if isinstance(word, bytes) else str(word).encode() for word in words]
    return b"*%d\r\n" % len(coded) + b"".join(b"$%d\r\n%b\r\n" % (len(word), word) for word in coded)
