"""Sockets in the order in which something arrived at them, as Redis' event loop has it.

Trio wakes the tasks of one round in a random order. A server of one loop serves who came first, and programs count on
it: who tells a blocked reader's server something, over another connection, means it to come after the reader's command.
So all sockets are in one selector of their own, which keeps the order, and one task waits for that.
"""

from __future__ import annotations

import selectors
import socket
import sys
from collections.abc import Callable
from typing import Final

import trio

AT_ONCE: Final = 0


class Arrivals:
    """The sockets that are read, and what is done for each of them when something is there."""

    def __init__(self) -> None:
        if sys.platform == "linux":
            self._selector = selectors.EpollSelector()
        else:
            self._selector = selectors.KqueueSelector()
        self._actions: dict[int, Callable[[], None]] = {}

    def watch(self, source: socket.socket, act: Callable[[], None]) -> None:
        """Have `act` called, which must not wait, whenever the socket is readable."""
        descriptor = source.fileno()
        if descriptor not in self._actions:
            self._selector.register(descriptor, selectors.EVENT_READ)
        self._actions[descriptor] = act

    def forget(self, source: socket.socket) -> None:
        """Before the socket is closed."""
        descriptor = source.fileno()
        if self._actions.pop(descriptor, None) is not None:
            self._selector.unregister(descriptor)

    async def run(self) -> None:
        """Serve until cancelled."""
        while True:
            await trio.lowlevel.wait_readable(self._selector.fileno())
            # Until nothing is left: the kernel would else keep the places of those that were served, and who sends
            # next would be served in the order of the last time.
            while self._serve():
                await trio.lowlevel.checkpoint()

    def _serve(self) -> bool:
        """Serve whatever is there; returns whether something may have come meanwhile."""
        ready = self._selector.select(AT_ONCE)
        for key, _ in ready:
            # One that was served before it may have closed it, or its number may be another's by now.
            if (act := self._actions.get(key.fd)) is not None:
                act()
        return bool(ready)

    def close(self) -> None:
        """When all sockets have been forgotten."""
        self._selector.close()
