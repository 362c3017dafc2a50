"""A dialler whose connections break when a reply comes: the command was applied, and nobody hears of it."""

from __future__ import annotations

import trio
from attrs import define, field
from redis_streams.wire import ServerAddress, dial
from support.through import Through
from typing_extensions import override


@define(eq=False)
class LossyDial:
    """Dials, and loses so many replies to commands whose bytes have a word in them.

    Attributes:
        word: of the commands.
        times: how many replies are lost.
        lost: how many were.
    """

    word: bytes
    times: int = 1
    lost: int = field(default=0, init=False)

    async def __call__(self, address: ServerAddress) -> trio.abc.Stream:
        """A connection."""
        return _Lossy(await dial(address), self)


class _Lossy(Through):
    def __init__(self, inner: trio.abc.Stream, dialled: LossyDial) -> None:
        super().__init__(inner)
        self._dialled = dialled
        self._waits = False

    @override
    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        dialled = self._dialled
        self._waits = self._waits or (dialled.word in bytes(data) and dialled.lost < dialled.times)
        await self.inner.send_all(data)

    @override
    async def receive_some(self, max_bytes: int | None = None) -> bytes | bytearray:
        data = await self.inner.receive_some(max_bytes)
        if self._waits:
            self._dialled.lost += 1
            await self.aclose()
            raise trio.BrokenResourceError
        return data
