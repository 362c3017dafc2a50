"""A connection through which all passes as it is, for those that change something of that."""

from __future__ import annotations

import trio
from typing_extensions import override


class Through(trio.abc.Stream):
    """Passes everything on to another stream."""

    def __init__(self, inner: trio.abc.Stream) -> None:
        self.inner = inner

    @override
    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        await self.inner.send_all(data)

    @override
    async def wait_send_all_might_not_block(self) -> None:
        await self.inner.wait_send_all_might_not_block()

    @override
    async def receive_some(self, max_bytes: int | None = None) -> bytes | bytearray:
        return await self.inner.receive_some(max_bytes)

    @override
    async def aclose(self) -> None:
        await self.inner.aclose()
