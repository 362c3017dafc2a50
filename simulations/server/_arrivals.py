"""Sockets in the order in which something arrived at them, as Redis' event loop has it.

Trio wakes the tasks of one round in a random order. A server of one loop serves who came first, and programs count on
it: who tells a blocked reader's server something, over another connection, means it to come after the reader's command.
So all sockets are in one queue of the kernel's, which keeps the order, and one task waits for that.

The queue is told of arrivals, not asked what there is ("edge-triggered"): else it would keep the places of those that
were served, and who sends next would be served in the order of the last time. So who may have left something has to be
put at the end of the queue once more.
"""

from __future__ import annotations

import socket
import sys
from collections import deque
from collections.abc import Callable, Sequence

import trio

if sys.platform == "linux":
    import select

    _ARRIVALS = select.EPOLLIN | select.EPOLLRDHUP | select.EPOLLET
    _LAST = select.EPOLLRDHUP | select.EPOLLHUP | select.EPOLLERR

    class Queue:
        """The kernel's queue of descriptors at which something arrived."""

        def __init__(self) -> None:
            self._epoll = select.epoll()
            self.fileno = self._epoll.fileno
            self.remove = self._epoll.unregister
            self.close = self._epoll.close

        def add(self, descriptor: int) -> None:
            """Have a descriptor told of; at once if something is there already."""
            self._epoll.register(descriptor, _ARRIVALS)

        def add_again(self, descriptor: int) -> None:
            """If something is there still, it is at the end of the queue."""
            self._epoll.modify(descriptor, _ARRIVALS)

        def take(self) -> Sequence[tuple[int, bool]]:
            """Those at which something arrived since the last time, and whether that is the end; does not wait."""
            return [(descriptor, bool(events & _LAST)) for descriptor, events in self._epoll.poll(0)]

else:
    import selectors

    class Queue:
        """The same where there is only kqueue, which does not promise an order."""

        def __init__(self) -> None:
            self._selector = selectors.KqueueSelector()
            self.fileno = self._selector.fileno
            self.close = self._selector.close

        def add(self, descriptor: int) -> None:
            """Have a descriptor told of."""
            self._selector.register(descriptor, selectors.EVENT_READ)

        def add_again(self, descriptor: int) -> None:
            """It is told of as long as something is there."""

        def remove(self, descriptor: int) -> None:
            """Before it is closed."""
            self._selector.unregister(descriptor)

        def take(self) -> Sequence[tuple[int, bool]]:
            """Those at which something is; does not wait."""
            return [(key.fd, False) for key, _ in self._selector.select(0)]


class Arrivals:
    """The sockets that are read, and what is done for each of them when something is there."""

    def __init__(self) -> None:
        self._queue = Queue()
        self._actions: dict[int, Callable[[], bool]] = {}
        self._told: deque[tuple[int, bool]] = deque()
        """Whose turn has not come yet."""

    def watch(self, source: socket.socket, act: Callable[[], bool]) -> None:
        """Have `act` called when something arrives; it must not wait, and says whether it may have left something."""
        descriptor = source.fileno()
        if descriptor not in self._actions:
            self._queue.add(descriptor)
        self._actions[descriptor] = act

    def forget(self, source: socket.socket) -> None:
        """Before the socket is closed."""
        descriptor = source.fileno()
        if self._actions.pop(descriptor, None) is not None:
            self._queue.remove(descriptor)

    async def run(self) -> None:
        """Serve until cancelled."""
        while True:
            await trio.lowlevel.wait_readable(self._queue.fileno())
            self.serve()

    def serve(self) -> None:
        """Serve all who have something there now; also from within what is done for one, for those behind it."""
        told = self._told
        told.extend(self._queue.take())
        while told:
            descriptor, is_end = told.popleft()
            # One that was served before it may have closed it, or its number may be another's by now.
            act = self._actions.get(descriptor)
            # Behind the last words comes the end, of which nothing more is told.
            if act is not None and (act() or is_end) and self._actions.get(descriptor) is act:
                self._queue.add_again(descriptor)

    def close(self) -> None:
        """When all sockets have been forgotten."""
        self._queue.close()
