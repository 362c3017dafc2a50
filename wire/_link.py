"""An exclusive connection that is opened when it is needed, and again after it broke."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from types import TracebackType

from typing_extensions import Self

from ._connection import Connection
from ._redis_py import Execute, ResponseError


class Link:
    """Lends one live connection at a time, to one task. Made by `Client.link`; an async context manager that closes it.

    Args:
        open_connection: makes a new connection.
        call: sends a command over another one, to close what is left of a broken one.
        generation: of the connection behind `call`; changes with each of them.
        is_same_server: whether the connection of that generation led to the process that `call` leads to now; another
            one numbers its clients anew.
    """

    def __init__(
        self,
        open_connection: Callable[[], Awaitable[Connection]],
        call: Execute,
        generation: Callable[[], int],
        is_same_server: Callable[[int], Awaitable[bool]],
    ) -> None:
        self._open = open_connection
        self._call = call
        self._generation = generation
        self._is_same_server = is_same_server
        self._connection: Connection | None = None
        self._opened_in = 0
        self._former: list[tuple[int, int]] = []

    async def connection(self) -> Connection:
        """The connection; a new one if there is none that works.

        Raises:
            ConnectFailed: it could not be made.
        """
        if self._connection is None or self._connection.closed:
            if self._connection is not None and self._connection.client_id is not None:
                self._former.append((self._connection.client_id, self._opened_in))
            self._connection = None
            # Before: should the server be replaced meanwhile, no client of the new one is taken for ours.
            self._opened_in = self._generation()
            self._connection = await self._open()
        return self._connection

    async def kill_former(self) -> None:
        """Close broken connections at the server's end too: a command still under way in one would be run later.

        Raises:
            ConnectionLost: the server could not be asked to.
        """
        while self._former:
            client_id, opened_in = self._former[-1]
            if await self._is_same_server(opened_in):
                # An error says that it is gone already, or that we may not: then an idle entry shows what came late.
                with suppress(ResponseError):
                    await self._call(b"CLIENT", b"KILL", b"ID", client_id)
            self._former.pop()

    async def __aenter__(self) -> Self:
        """Nothing is opened yet."""
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        """Close the connection, if there is one."""
        if self._connection is not None:
            await self._connection.aclose()
