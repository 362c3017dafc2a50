"""A real redis-server as a child process: fresh folder, free port, and the faults that tests need.

Everything here blocks, for some ten milliseconds each, so that plain tests, the demo and benchmarks can use it alike.
In Trio call it as it is, or through `trio.to_thread.run_sync` where other tasks must go on meanwhile.

States: *new* → `start()` → *running* ⇄ (`kill()`, `restart()`) *down* → `stop()` → *new* again. `port` stays the same
through all of them; the data lives from `start()` to `stop()`.
"""

import contextlib
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal, Protocol
from urllib.parse import quote

import redis
from attrs import frozen
from redis.backoff import NoBackoff
from redis.retry import Retry
from typing_extensions import Self, override

from ._find import require_redis_server, server_version
from ._watchdog import Watchdog

# A server that loads a large append-only file takes seconds; a test machine under load some more.
START_SECONDS = 30.0
# A free port may be taken by somebody else between our look and the server's bind.
PORT_TRIES = 5
_POLL_SECONDS = 0.005
_DEBUG_COMMAND_SINCE = (7, 0, 0)


class ServerFailed(RuntimeError):  # named like the library's other errors: what happened, in two words
    """The redis-server ended or did not answer; the message carries the end of its log."""


class _Client(Protocol):
    """The one method of redis-py that is used here, which has no types of its own."""

    def execute_command(self, *args: str | bytes | int | float) -> object: ...


@frozen
class TlsFiles:
    """The PEM files of a server that speaks TLS only."""

    certificate: Path
    key: Path
    authority: Path


class RedisServer:
    """A real redis-server on a loopback port, in a temporary folder, that never outlives this process.

    Args:
        binary: the redis-server to run; by default `REDIS_SERVER`, else the one on `PATH`.
        port: a fixed port; by default a free one, chosen when it starts.
        appendonly: None keeps nothing over a restart; "always" and "everysec" are the `appendfsync` policies.
        config: further lines of redis.conf, name to value as they would stand there.
        unixsocket: listen on a Unix socket too (`unix_url`).
        tls: speak TLS, and TLS only, with these files.

    Raises:
        ServerNotFound: there is no redis-server; the message says how to get one.
    """

    def __init__(
        self,
        binary: Path | str | None = None,
        *,
        port: int | None = None,
        appendonly: Literal["always", "everysec"] | None = None,
        config: Mapping[str, str] | None = None,
        unixsocket: bool = False,
        tls: TlsFiles | None = None,
    ) -> None:
        # Absolute: it is started in another folder.
        self.binary = Path(binary).absolute() if binary is not None else require_redis_server()
        self._port_wanted = port
        self._port = port
        self._appendonly = appendonly
        self._config = dict(config or {})
        self._unixsocket = unixsocket
        self._tls = tls
        self._folder: Path | None = None
        self._watchdog: Watchdog | None = None
        self._process: subprocess.Popen[bytes] | None = None

    @override
    def __repr__(self) -> str:
        version = ".".join(map(str, self.version))
        return f"<RedisServer {version} port={self._port} pid={self.pid}>"

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    # -- what it is

    @property
    def version(self) -> tuple[int, int, int]:
        """What the binary says about itself, e.g. `(7, 0, 15)`."""
        return server_version(self.binary)

    @property
    def port(self) -> int:
        """The TCP port on 127.0.0.1; known from the first `start()` on, and the same ever after."""
        if self._port is None:
            raise ServerFailed("the server has no port yet: call start() first")
        return self._port

    @property
    def url(self) -> str:
        """The address for clients, without user and password."""
        if self._tls is not None:
            return f"rediss://127.0.0.1:{self.port}/0?ssl_ca_certs={quote(str(self._tls.authority))}"
        return f"redis://127.0.0.1:{self.port}/0"

    @property
    def unix_url(self) -> str:
        """The address of the Unix socket."""
        if not self._unixsocket:
            raise ServerFailed("the server listens on no Unix socket: RedisServer(unixsocket=True)")
        return f"unix://{self.folder / 'redis.sock'}"

    @property
    def folder(self) -> Path:
        """The temporary folder with redis.conf, server.log and the data."""
        if self._folder is None:
            raise ServerFailed("the server has no folder: call start() first")
        return self._folder

    @property
    def pid(self) -> int | None:
        """The process id, or None while it is down."""
        return self._process.pid if self._process is not None else None

    @property
    def log(self) -> str:
        """What the server has logged since `start()`, over all its restarts."""
        return (self.folder / "server.log").read_text(errors="replace")

    # -- its life

    def start(self) -> Self:
        """Start it in a fresh folder and wait until it answers.

        Raises:
            ServerFailed: it is running already, ended at once, or does not answer in `START_SECONDS`.
        """
        if self._folder is not None:
            raise ServerFailed(f"{self!r} was started already: use restart()")
        self._folder = Path(tempfile.mkdtemp(prefix="redis-streams-"))
        self._watchdog = Watchdog(self._folder)
        try:
            self._start_on_a_port()
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """End it and remove its folder, in any state; twice is fine. The data is gone, so SIGKILL is good enough."""
        self.kill()
        if self._watchdog is not None:
            self._watchdog.close()
        self._watchdog = self._folder = None

    def kill(self) -> None:
        """SIGKILL: a crash. What the append-only file holds stays for `restart()`."""
        self._end(signal.SIGKILL)

    def restart(self) -> None:
        """Start again on the same port with the data that was kept; a running server is asked to end first (SIGTERM).

        Returns when it answers PING, so it has loaded its data.

        Raises:
            ServerFailed: it was never started, or does not come up in `START_SECONDS`.
        """
        self._end(signal.SIGTERM)
        self._spawn()
        self._wait_ready()

    def pause(self) -> None:
        """SIGSTOP: connections stay open, nobody answers. A host that hangs, or a network that swallows."""
        self._running().send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """SIGCONT: go on after `pause()`."""
        self._running().send_signal(signal.SIGCONT)

    def cli(self, *args: str | bytes | int | float) -> object:
        """Run one command on a connection of its own, as `redis-cli` would.

        Returns:
            The reply as it came, arrays as lists, text decoded.

        Raises:
            redis.exceptions.RedisError: as redis-py does.
        """
        with self._client() as client:
            return client.execute_command(*args)

    # -- inside

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise ServerFailed(f"{self!r} is not running")
        return self._process

    def _start_on_a_port(self) -> None:
        for attempt in range(1, PORT_TRIES + 1):
            if self._port_wanted is None:
                self._port = _free_port()
            self._spawn()
            try:
                return self._wait_ready()
            except ServerFailed:
                taken = "already in use" in self.log
                if self._port_wanted is not None or not taken or attempt == PORT_TRIES:
                    raise
        return None

    def _spawn(self) -> None:
        conf = self.folder / "redis.conf"
        conf.write_text("".join(f"{name} {value}\n" for name, value in self._settings().items()))
        with (self.folder / "server.log").open("ab") as log:
            # Its own session: Ctrl-C in the terminal is for the program that uses the server.
            self._process = subprocess.Popen(  # noqa: S603  # the binary is the caller's choice
                [self.binary, conf],
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        if self._watchdog is not None:
            self._watchdog.guard(self._process.pid)

    def _settings(self) -> dict[str, str]:
        settings = {"bind": "127.0.0.1", "port": str(self.port), "dir": f'"{self.folder}"', "save": '""'}
        if self._tls is not None:
            settings |= {"port": "0", "tls-port": str(self.port), "tls-auth-clients": "no"}
            settings |= {"tls-cert-file": f'"{self._tls.certificate}"', "tls-key-file": f'"{self._tls.key}"'}
            settings |= {"tls-ca-cert-file": f'"{self._tls.authority}"'}
        if self._unixsocket:
            settings["unixsocket"] = f'"{self.folder / "redis.sock"}"'
        if self._appendonly is not None:
            settings |= {"appendonly": "yes", "appendfsync": self._appendonly}
        if self.version >= _DEBUG_COMMAND_SINCE:
            # Tests stall servers by DEBUG SLEEP, which 7.0 and later forbid by default.
            settings["enable-debug-command"] = "local"
        return settings | self._config

    def _wait_ready(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self._running().poll() is not None:
                raise ServerFailed(self._what_went_wrong("ended at once"))
            with contextlib.suppress(redis.ConnectionError, redis.TimeoutError), self._client() as client:
                # A server that wants a password is a server that is up: NOAUTH is an answer like any other.
                with contextlib.suppress(redis.AuthenticationError, redis.ResponseError):
                    client.execute_command("PING")
                return
            time.sleep(_POLL_SECONDS)
        raise ServerFailed(self._what_went_wrong(f"did not answer PING within {START_SECONDS:g} seconds"))

    def _what_went_wrong(self, what: str) -> str:
        tail = "\n".join(self.log.splitlines()[-10:])
        return f"{self.binary} on port {self.port} {what}. The end of its log:\n{tail}"

    def _end(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(how)
        if how is not signal.SIGKILL:
            process.send_signal(signal.SIGCONT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(START_SECONDS)
            process.kill()
        process.wait()
        if self._watchdog is not None:
            self._watchdog.release()

    @contextlib.contextmanager
    def _client(self) -> Iterator[_Client]:
        client = redis.Redis(
            host="127.0.0.1",
            port=self.port,
            password=self._config.get("requirepass"),
            ssl=self._tls is not None,
            ssl_ca_certs=str(self._tls.authority) if self._tls is not None else None,
            socket_timeout=START_SECONDS,
            decode_responses=True,
            encoding_errors="backslashreplace",
            protocol=2,
            retry=Retry(NoBackoff(), 0),
        )
        client.response_callbacks.clear()  # a test wants to see what Redis said, not what somebody made of it
        with client:
            yield client


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
