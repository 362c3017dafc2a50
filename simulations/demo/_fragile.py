"""A transport that fails when somebody wants it to.

The bug that it shows once is nothing that a consumer expects, as a real bug would be: its actor crashes. A plug that
was pulled is weather, but for good: nothing is sent, nothing arrives, and the server is not told.
"""

from __future__ import annotations

import trio
from attrs import define, field
from typing_extensions import override

from ...wire import ServerAddress, dial

UNPLUGGED = "the network cable was pulled (by the demo)"


@define(eq=False)
class FragileDial:
    """Opens streams; the next read of new entries through one of them breaks when `break_next` is set."""

    break_next: bool = False
    _streams: list[_FragileStream] = field(factory=list, init=False)
    _pulled: bool = field(default=False, init=False)

    async def __call__(self, address: ServerAddress) -> trio.abc.Stream:
        """A stream to an address.

        Raises:
            OSError: the plug was pulled.
        """
        self.check_plugged()
        stream = _FragileStream(await dial(address), self)
        self._streams.append(stream)
        return stream

    def check_plugged(self) -> None:
        """Whether there is still a network.

        Raises:
            OSError: there is none.
        """
        if self._pulled:
            raise OSError(UNPLUGGED)

    def pull_plug(self) -> None:
        """From now on no stream carries anything, and none can be opened."""
        self._pulled = True
        for stream in self._streams:
            stream.reading.cancel()


class _FragileStream(trio.abc.Stream):
    def __init__(self, stream: trio.abc.Stream, owner: FragileDial) -> None:
        self.reading = trio.CancelScope()
        """Around the read that waits, if one does."""
        self._stream = stream
        self._owner = owner

    @override
    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        self._check()
        if self._owner.break_next and b"XREADGROUP" in bytes(data):
            self._owner.break_next = False
            raise RuntimeError("a bug in the transport (the demo's own)")
        await self._stream.send_all(data)

    @override
    async def wait_send_all_might_not_block(self) -> None:
        await self._stream.wait_send_all_might_not_block()

    @override
    async def receive_some(self, max_bytes: int | None = None) -> bytes | bytearray:
        self._check()
        self.reading = trio.CancelScope()
        data: bytes | bytearray = b""
        with self.reading:
            data = await self._stream.receive_some(max_bytes)
        self._check()
        return data

    @override
    async def aclose(self) -> None:
        await self._stream.aclose()

    def _check(self) -> None:
        try:
            self._owner.check_plugged()
        except OSError as error:
            raise trio.BrokenResourceError(str(error)) from error
