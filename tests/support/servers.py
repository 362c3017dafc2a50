"""Which real redis-servers the tests may run: one from PATH, those of REDIS_SERVERS, those in `.servers/`."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeAlias

import trio
from redis_streams.simulations.real import RedisServer, find_redis_server, server_version
from redis_streams.simulations.server import InProcessServer

CHECKOUT = Path(__file__).resolve().parents[2]

# Takes RedisServer's arguments; the server is started, and stopped when the test ends.
ServerFactory: TypeAlias = Callable[..., RedisServer]


async def restart(server: RedisServer | InProcessServer) -> None:
    """Have a server run again while other tasks go on; one in this process needs no time for that."""
    if isinstance(server, InProcessServer):
        server.restart()
    else:
        await trio.to_thread.run_sync(server.restart)


def default_server(environ: Mapping[str, str] = os.environ, folder: Path = CHECKOUT / ".servers") -> Path | None:
    """The server of the `redis_server` fixture: `REDIS_SERVER` or PATH, as in `make test`, else the newest at hand."""
    found = find_redis_server(environ)
    if found is None and (folder / "apt/redis-server").exists():
        return folder / "apt/redis-server"
    return found or max(further_servers(environ, folder), key=server_version, default=None)


def further_servers(environ: Mapping[str, str], folder: Path) -> list[Path]:
    """The binaries that `REDIS_SERVERS` (separated by colons) names, then those that `make servers` has put there."""
    named = [Path(part) for part in environ.get("REDIS_SERVERS", "").split(":") if part]
    return named + sorted(folder.glob("*/redis-server"))


def servers_at_hand(
    environ: Mapping[str, str] = os.environ, folder: Path = CHECKOUT / ".servers"
) -> dict[tuple[int, int, int], Path]:
    """One binary for each version at hand, oldest version first."""
    default = find_redis_server(environ)
    binaries = ([default] if default else []) + further_servers(environ, folder)
    by_version: dict[tuple[int, int, int], Path] = {}
    for binary in binaries:
        by_version.setdefault(server_version(binary), binary)
    return dict(sorted(by_version.items()))
