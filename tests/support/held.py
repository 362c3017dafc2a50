"""A dialler that holds back what is written, as a network does: its writer gives up, and then it arrives."""

from __future__ import annotations

import trio
from attrs import define, field
from redis_streams.wire import ServerAddress, dial
from support.through import Through
from typing_extensions import override


@define(eq=False)
class HoldingDial:
    """Dials; the first write with a word in it is held back, and its connection with it, until `let_go`.

    Attributes:
        word: of the command.
        held: the connection and what was written into it; None before.
    """

    word: bytes
    held: tuple[trio.abc.Stream, bytes] | None = field(default=None, init=False)

    async def __call__(self, address: ServerAddress) -> trio.abc.Stream:
        """A connection."""
        return _Held(await dial(address), self)

    async def let_go(self) -> bytes:
        """What was held arrives at the server, unless that has closed the connection.

        Returns:
            what the server says to it; nothing if it has closed.
        """
        assert self.held is not None
        inner, data = self.held
        try:
            await inner.send_all(data)
            return bytes(await inner.receive_some())
        except trio.BrokenResourceError:
            return b""
        finally:
            await inner.aclose()


class _Held(Through):
    def __init__(self, inner: trio.abc.Stream, dialled: HoldingDial) -> None:
        super().__init__(inner)
        self._dialled = dialled
        self._holds = False

    @override
    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        if self._dialled.held is None and self._dialled.word in bytes(data):
            self._dialled.held, self._holds = (self.inner, bytes(data)), True
        if not self._holds:
            await self.inner.send_all(data)

    @override
    async def receive_some(self, max_bytes: int | None = None) -> bytes | bytearray:
        if self._holds:
            await trio.sleep_forever()
        return await self.inner.receive_some(max_bytes)

    @override
    async def aclose(self) -> None:
        if not self._holds:
            await self.inner.aclose()
