"""A transport with a bug that shows once, when somebody wants it to.

What it raises is nothing that a consumer expects, as a real bug would be nothing that it expects: its actor crashes.
"""

from __future__ import annotations

import trio
from attrs import define
from typing_extensions import override

from ...wire import ServerAddress, dial


@define(eq=False)
class FragileDial:
    """Opens streams; the next read of new entries through one of them breaks when `break_next` is set."""

    break_next: bool = False

    async def __call__(self, address: ServerAddress) -> trio.abc.Stream:
        """A stream to an address."""
        return _FragileStream(await dial(address), self)


class _FragileStream(trio.abc.Stream):
    def __init__(self, stream: trio.abc.Stream, owner: FragileDial) -> None:
        self._stream = stream
        self._owner = owner

    @override
    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        if self._owner.break_next and b"XREADGROUP" in bytes(data):
            self._owner.break_next = False
            raise RuntimeError("a bug in the transport (the demo's own)")
        await self._stream.send_all(data)

    @override
    async def wait_send_all_might_not_block(self) -> None:
        await self._stream.wait_send_all_might_not_block()

    @override
    async def receive_some(self, max_bytes: int | None = None) -> bytes | bytearray:
        return await self._stream.receive_some(max_bytes)

    @override
    async def aclose(self) -> None:
        await self._stream.aclose()
