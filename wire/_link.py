"""An exclusive connection that is opened when it is needed, and again after it broke."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from types import TracebackType

from typing_extensions import Self

from ._connection import Connection
from ._redis_py import ResponseError


class Link:
    """Lends one live connection at a time, to one task. Made by `Client.link`; an async context manager that closes it.

    Args:
        open_connection: makes a new connection.
    """

    def __init__(self, open_connection: Callable[[], Awaitable[Connection]]) -> None:
        self._open = open_connection
        self._connection: Connection | None = None
        self._former: list[Connection] = []

    async def connection(self) -> Connection:
        """The connection; a new one if there is none that works.

        Raises:
            ConnectFailed: it could not be made.
        """
        if self._connection is None or self._connection.closed:
            if self._connection is not None:
                self._former.append(self._connection)
            self._connection = None
            self._connection = await self._open()
        return self._connection

    async def kill_former(self) -> None:
        """Close broken connections at the server's end too: a command still under way in one would be run later.

        Raises:
            ConnectFailed, ConnectionLost: the server could not be asked to.
        """
        while self._former:
            connection, former = await self.connection(), self._former[-1]
            kill = former.kill_command(connection)
            if kill is not None:
                # An error says that it is gone already, or that we may not: then an idle entry shows what came late.
                with suppress(ResponseError):
                    await connection.call(*kill)
            self._former.remove(former)

    async def leave(self) -> None:
        """Close the connection: the next one may lead to another server."""
        if self._connection is not None:
            await self._connection.aclose()

    def forget_former(self) -> None:
        """Leave broken connections as they are: of a read without a group, what comes late changes nothing."""
        self._former.clear()

    async def __aenter__(self) -> Self:
        """Nothing is opened yet."""
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        """Close the connection, if there is one."""
        await self.leave()
