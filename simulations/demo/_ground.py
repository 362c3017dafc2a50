"""Where the demo plays: a server in this process, one that REDIS_URL names, or one that is started for it."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from importlib import import_module

import trio

from ..real import RedisServer
from ._acts import ON_A_REAL_SERVER, ON_MEMORY
from ._stage import Ground

NAME = "demo"
KEEPS = {"appendonly": "yes", "appendfsync": "everysec"}


class SimulationMissing(Exception):
    """What the simulated server is made of is not installed."""


@contextlib.contextmanager
def ground_of(*, real: bool, binary: str | None) -> Iterator[Ground]:
    """The ground that was asked for, for as long as it is played on.

    Raises:
        ServerNotFound, ServerFailed: there is no redis-server, or it does not start.
        SimulationMissing: the simulated server needs something that is not installed.
    """
    url = os.environ.get("REDIS_URL")
    if binary is None and not real:
        yield on_memory()
    elif binary is None and url:
        # Not the URL itself: a password may stand in it.
        yield Ground(url, "on the Redis of REDIS_URL", ON_A_REAL_SERVER)
    else:
        with RedisServer(binary) as server:
            words = f"started Redis {'.'.join(map(str, server.version))} at {server.url}"
            yield Ground(server.url, words, ON_A_REAL_SERVER)


def on_memory() -> Ground:
    """A simulated server of the demo's own, which keeps an append-only file and has Trio's clock.

    Raises:
        SimulationMissing: it needs something that is not installed.
    """
    try:
        import_module("lupa")  # the server does without; what consumers decide inside Redis are scripts
        from ..server import InProcessServer, put_in_process_server  # noqa: PLC0415  # of the extra `simulation`
    except ModuleNotFoundError as error:
        raise SimulationMissing(str(error)) from error
    begun_us = time.time_ns() // 1000

    def clock() -> tuple[int, float]:
        seconds = trio.current_time()
        return begun_us + int(seconds * 1_000_000), seconds * 1000

    server = InProcessServer(clock=clock, configuration=KEEPS)
    put_in_process_server(NAME, server)
    version = ".".join(map(str, server.version))
    words = f"on a simulated Redis {version} in this process, memory://{NAME} (--real: on a real one)"
    return Ground(f"memory://{NAME}", words, ON_MEMORY, server)
