"""A real ground without processes: a test is the process, and talks through the proxy word by word."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import trio
from redis_streams.simulations.history import Applied, FaultStruck, Record, Sent
from redis_streams.simulations.plan import Fault, Plan
from redis_streams.simulations.real.ground import RealGround, open_ground
from redis_streams.simulations.real.ground._journal import Journal
from redis_streams.simulations.real.ground._replies import ReplyFramer
from redis_streams.simulations.real.ground._starting import Plain

SECONDS = 20.0
"""Nothing here takes so long, also on a slow machine; it is never waited for."""


@asynccontextmanager
async def ground_with(binary: Path, *faults: Fault, command: Sequence[str] = ()) -> AsyncIterator[RealGround]:
    """A ground whose time has begun, with these faults."""
    journal = Journal()
    journal.begin()
    plan = Plan(1, "test", faults=faults)
    with trio.fail_after(SECONDS):
        async with open_ground(plan, journal, binary, Plain(command or [sys.executable]), "") as ground:
            yield ground


class Talk:
    """One connection of a host to its gate."""

    def __init__(self, stream: trio.SocketStream) -> None:
        self.stream = stream
        self._framer = ReplyFramer()

    @classmethod
    async def begin(cls, ground: RealGround, host: str = "a") -> Talk:
        gate = await ground.proxy.gate(host)
        stream = await trio.open_tcp_stream("127.0.0.1", gate.port)
        ground.nursery.start_soon(_close_at_the_end, stream)
        return cls(stream)

    async def send(self, *commands: str) -> None:
        """Send these commands in one piece."""
        await self.stream.send_all(b"".join(_encoded(command.split()) for command in commands))

    async def hear(self) -> bytes:
        """The next reply; "" where the connection ends instead, whichever way."""
        while (reply := self._framer.take()) is None:
            try:
                data = await self.stream.receive_some()
            except trio.BrokenResourceError:
                return b""
            if not data:
                return b""
            self._framer.feed(data)
        return reply

    async def ask(self, command: str) -> bytes:
        """A command and its reply."""
        await self.send(command)
        return await self.hear()


def sent(ground: RealGround) -> list[Sent]:
    """The commands that arrived, without those of the handshake."""
    return [record for record in ground.journal.records if isinstance(record, Sent)]


def applied(ground: RealGround) -> list[tuple[str, bytes]]:
    """Who changed something, and by what."""
    ground.changes.read()
    return [(record.by, record.words[0]) for record in ground.journal.records if isinstance(record, Applied)]


def struck(records: Sequence[Record]) -> list[int]:
    """The faults that struck."""
    return [record.number for record in records if isinstance(record, FaultStruck)]


async def _close_at_the_end(stream: trio.SocketStream) -> None:
    async with stream:
        await trio.sleep_forever()


def _encoded(words: Sequence[str]) -> bytes:
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%b\r\n" % (len(word), word.encode()) for word in words)
