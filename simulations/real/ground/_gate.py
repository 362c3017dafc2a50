"""A host's way to the server: a port of its own, and what keeps things from passing there."""

from __future__ import annotations

import errno
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

import trio
from attrs import define, field

if TYPE_CHECKING:
    from ._conversation import Conversation

_BACKLOG = 64
_REOPEN_SECONDS = 0.01
"""Between two tries to listen again, where somebody else has got the port for a moment."""


@define(eq=False)
class Gate:
    """The port that a host connects to instead of the server's.

    Args:
        host: whose.

    Attributes:
        port: on 127.0.0.1; known from `open` on, and the same ever after.
        conversations: its connections.
    """

    host: str
    port: int = field(default=0, init=False)
    conversations: dict[Conversation, None] = field(factory=dict["Conversation", None], init=False)
    healed: trio.Event = field(factory=trio.Event, init=False)
    """What hangs for good lets go now."""
    _listener: trio.SocketListener | None = field(default=None, init=False)
    _partitions: int = field(default=0, init=False)
    _passable: trio.Event = field(factory=trio.Event, init=False)
    _accepting: trio.CancelScope = field(factory=trio.CancelScope, init=False)
    _refusals: int = field(default=0, init=False)
    _listening: trio.Event = field(factory=trio.Event, init=False)

    async def open(self) -> None:
        """Begin to listen."""
        listener = trio.socket.socket()
        listener.setsockopt(trio.socket.SOL_SOCKET, trio.socket.SO_REUSEADDR, 1)
        try:
            await listener.bind(("127.0.0.1", self.port))
            listener.listen(_BACKLOG)
        except BaseException:
            listener.close()
            raise
        self.port = listener.getsockname()[1]
        self._listener = trio.SocketListener(listener)
        self._listening.set()

    async def serve(self, welcome: Callable[[trio.SocketStream], None]) -> None:
        """Accept connections until cancelled; while they are refused, wait."""
        try:
            while True:
                await self._listening.wait()
                if self._listener is None:
                    continue
                with suppress(trio.ClosedResourceError), trio.CancelScope() as self._accepting:
                    while True:
                        welcome(await self._listener.accept())
        finally:
            self._shut()

    async def refuse(self, ms: float, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Refuse connections for so long; those that there are go on."""
        self._refusals += 1
        self._shut()
        task_status.started()
        try:
            await self._sleep(ms)
        finally:
            self._refusals -= 1
        while not self._refusals and self._listener is None:
            try:
                await self.open()
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    raise
                await trio.sleep(_REOPEN_SECONDS)

    async def part(self, ms: float, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Let nothing pass for so long."""
        if not self._partitions:
            self._passable = trio.Event()
        self._partitions += 1
        task_status.started()
        try:
            await self._sleep(ms)
        finally:
            self._partitions -= 1
            if not self._partitions:
                self._passable.set()

    async def wait_passable(self) -> None:
        """Wait until host and server can reach each other."""
        while self._partitions:
            await self._passable.wait()

    def heal(self) -> None:
        """Whatever keeps things from passing is over."""
        self.healed.set()

    async def _sleep(self, ms: float) -> None:
        with trio.move_on_after(ms / 1000):
            await self.healed.wait()

    def _shut(self) -> None:
        if self._listener is not None:
            self._listener.socket.close()
        self._listener = None
        self._listening = trio.Event()
        self._accepting.cancel()
