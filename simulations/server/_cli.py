"""`redis-streams serve`: the simulated server on a TCP port."""

from __future__ import annotations

import argparse
import errno
import os
import signal
import socket
import sys
from random import SystemRandom

import trio

from ...runtime._cli import Commands, UserError, say
from ._configuration import UnknownParameter
from ._engine import Engine
from ._profile import VERSIONS, Profile
from ._tcp import TcpServer, listen

DEFAULT_PORT = 7300
DEFAULT_VERSION = "7.0"
_EXAMPLES = """\
  redis-streams serve                                   like Redis 7.0, at 127.0.0.1:7300
  redis-streams serve --port 7301 --version 8.6
  redis-streams serve --config requirepass secret --config maxmemory 100mb
"""


def add_serve(commands: Commands) -> None:
    """Add the command to `redis-streams`."""
    parser = commands.add(
        "serve", _serve, summary="run the simulated Redis server, so that any client can talk to it", examples=_EXAMPLES
    )
    parser.add_argument("--port", type=int, default=DEFAULT_PORT, help=f"TCP port, 0 for any (default {DEFAULT_PORT})")
    parser.add_argument("--bind", default="127.0.0.1", metavar="HOST", help="address to listen at (default 127.0.0.1)")
    parser.add_argument(
        "--version", default=DEFAULT_VERSION, help=f"Redis version to behave like: {', '.join(VERSIONS)}"
    )
    parser.add_argument(
        "--config",
        nargs=2,
        action="append",
        default=[],
        metavar=("NAME", "VALUE"),
        help="a parameter as in redis.conf; may be given several times",
    )


def _serve(options: argparse.Namespace) -> int:
    try:
        profile = Profile.of(options.version)
    except ValueError as error:
        raise UserError(f"--version: {error}") from error
    listeners = _listen(options.bind, options.port)
    port = listeners[0].getsockname()[1]
    try:
        given = {**dict(options.config), "port": str(port), "bind": options.bind}
        engine = Engine(profile, rng=SystemRandom(), configuration=given)
    except UnknownParameter as error:
        raise UserError(f"--config: {error}") from error
    engine.process_id = os.getpid()
    greeting = f"Redis {'.'.join(map(str, profile.version))}, simulated, at {options.bind}:{port}; Ctrl-C ends it."
    trio.run(_run, TcpServer(engine, listeners), greeting)
    return 0


def _listen(host: str, port: int) -> list[socket.socket]:
    try:
        return listen(host, port)
    except (OSError, OverflowError) as error:
        if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
            raise UserError(
                f"port {port} of {host} is taken: choose another with --port, or end what uses it"
            ) from error
        raise UserError(f"cannot listen at {host}:{port}: {error}") from error


async def _run(server: TcpServer, greeting: str) -> None:
    with trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        # Only now: whoever started it may wait for this line, and send a signal then.
        say(greeting)
        sys.stdout.flush()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_serve_until_ended, server, nursery.cancel_scope)
            async for _ in signals:
                nursery.cancel_scope.cancel()


async def _serve_until_ended(server: TcpServer, scope: trio.CancelScope) -> None:
    await server.serve()
    scope.cancel()
