"""A client that is there for as long as a block lasts."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random

import trio
from redis_streams.simulations.real import RedisServer
from redis_streams.wire import Client, EntryId, ensure_group


@asynccontextmanager
async def connected(server: RedisServer) -> AsyncIterator[Client]:
    """A client of the server, with the usual patience."""
    client = Client(server.url, rng=Random(1))
    async with trio.open_nursery() as nursery:
        await nursery.start(client.run)
        yield client
        nursery.cancel_scope.cancel()


async def create_group(client: Client) -> None:
    """Have group g of stream s, from its first entry on."""
    await ensure_group(
        client,
        "s",
        "g",
        start=EntryId(0, 0),
        checkpoint_key="{s}:checkpoint:g",
        retries_key="{s}:retries:g",
        history="h1",
    )
