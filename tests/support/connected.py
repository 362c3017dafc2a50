"""A client that is there for as long as a block lasts."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random

import trio
from redis_streams.simulations.real import RedisServer
from redis_streams.wire import Client


@asynccontextmanager
async def connected(server: RedisServer) -> AsyncIterator[Client]:
    """A client of the server, with the usual patience."""
    client = Client(server.url, rng=Random(1))
    async with trio.open_nursery() as nursery:
        await nursery.start(client.run)
        yield client
        nursery.cancel_scope.cancel()
