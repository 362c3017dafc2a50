"""`redis-streams serve`: its arguments. What it does is imported only when it is asked for, as it needs an extra."""

from __future__ import annotations

import argparse

from ..runtime._cli import Commands, UserError

DEFAULT_PORT = 7300
PORT_MAX = 65_535
DEFAULT_VERSION = "7.0"
_EXAMPLES = """\
  redis-streams serve                                   like Redis 7.0, at 127.0.0.1:7300
  redis-streams serve --port 7301 --version 8.6
  redis-streams serve --config requirepass secret --config maxmemory 100mb
  redis-streams serve --appendonly --dir /var/lib/orders
"""


def add_serve(commands: Commands) -> None:
    """Add the command to `redis-streams`."""
    parser = commands.add(
        "serve",
        _serve,
        summary="run the simulated Redis server, so that any client can talk to it; Ctrl-C ends it",
        examples=_EXAMPLES,
    )
    parser.add_argument(
        "--port", type=_port, default=DEFAULT_PORT, help=f"TCP port, 0 for any (default {DEFAULT_PORT})"
    )
    parser.add_argument("--bind", default="127.0.0.1", metavar="HOST", help="address to listen at (default 127.0.0.1)")
    parser.add_argument(
        "--version", default=DEFAULT_VERSION, help=f"Redis to behave like, from 5.0 to 8.6 (default {DEFAULT_VERSION})"
    )
    parser.add_argument(
        "--config",
        nargs=2,
        action="append",
        default=[],
        metavar=("NAME", "VALUE"),
        help="a parameter as in redis.conf; may be given several times",
    )
    parser.add_argument("--appendonly", action="store_true", help="keep the data in an append-only file")
    parser.add_argument(
        "--appendfsync",
        choices=["always", "everysec", "no"],
        default="everysec",
        help="when the append-only file is synced (default everysec)",
    )
    parser.add_argument(
        "--dir", metavar="DIR", help="keep files in this folder (default: the current one, if --appendonly)"
    )


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit()) or int(text) > PORT_MAX:
        raise argparse.ArgumentTypeError(f"{text!r} is no port: a number up to {PORT_MAX}, or 0 for any free one")
    return int(text)


def _serve(options: argparse.Namespace) -> int:
    try:
        from .server._serving import serve  # noqa: PLC0415  # of the extra `simulation`
    except ModuleNotFoundError as error:
        raise UserError(f"{error}: serve needs pip install 'redis-streams-trio[simulation]'") from error
    configuration = dict(options.config)
    if options.appendonly:
        configuration |= {"appendonly": "yes", "appendfsync": options.appendfsync}
    if options.dir is not None:
        configuration["dir"] = options.dir
    return serve(
        port=options.port,
        host=options.bind,
        version=options.version,
        configuration=configuration,
        keeps_files=configuration.get("appendonly") == "yes" or "dir" in configuration,
    )
