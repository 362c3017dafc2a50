"""The simulated network: connections between hosts and the server, with latency, and with everything that can go wrong.

A connection carries bytes in both directions, in order, each message some time later. Clients see a `trio.abc.Stream`;
the server is told by calls. What passes is up to the connection's state::

    open ──reset──> broken        what is under way is lost; whoever reads or writes hears of it
      │──close──> ended           what was sent arrives, then the end
      └──blackhole──> open        nothing passes in one direction, or in none; nobody hears of it
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import TYPE_CHECKING

import trio
from typing_extensions import override

from ._clock import VirtualClock

if TYPE_CHECKING:
    from ._host import Host
    from ._redis import RedisNode


class SimulatedBug(Exception):
    """What a plan makes an actor crash with."""


class Connection:
    """One connection of a host to the server.

    Attributes:
        number: unique in a run, from 1.
        host: whose it is.
        node: the server it leads to.
    """

    def __init__(self, number: int, host: Host, node: RedisNode, network: Network) -> None:
        self.number = number
        self.host = host
        self.node = node
        self.open_at_client = True
        """Whether the client's end is in use: not closed by it, and not torn down with its process."""
        self.lets_requests = True
        self.lets_replies = True
        self._network = network
        self._received = bytearray()
        self._ended = False
        self._broken = False
        self._will_break = False
        self._bug: str | None = None
        self._readers = trio.lowlevel.ParkingLot()
        self._arrive_there = 0.0
        self._arrive_here = 0.0

    # What passes

    def to_server(self, data: bytes) -> None:
        """The client sends."""
        if self.lets_requests and not self._broken:
            self._arrive_there = self._network.arrival(self, self._arrive_there)
            self._network.clock.call_at(self._arrive_there, lambda: self._reach_server(data))

    def to_client(self, data: bytes) -> None:
        """The server sends."""
        if self.lets_replies and not self._broken and not self._will_break:
            self._arrive_here = self._network.arrival(self, self._arrive_here)
            self._network.clock.call_at(self._arrive_here, lambda: self._reach_client(data))

    def delay(self, seconds: float) -> None:
        """What is sent from now on arrives at the server not before so many seconds."""
        self._arrive_there = max(self._arrive_there, self._network.clock.now + seconds)

    def _reach_server(self, data: bytes) -> None:
        if not self._broken and self.lets_requests:
            self.node.receive(self, data)

    def _reach_client(self, data: bytes) -> None:
        if not self._broken and self.lets_replies:
            self._received += data
            self._readers.unpark_all()

    # How it ends

    def reset(self) -> None:
        """Both sides hear of it at once; what is under way is lost."""
        if not self._broken:
            self._broken = True
            self.node.lose(self)
            self._readers.unpark_all()

    def reset_in_order(self) -> None:
        """It breaks behind what was sent to the client so far; nothing that is sent from now on passes."""
        self._will_break = True
        self._arrive_here = self._network.arrival(self, self._arrive_here)
        self._network.clock.call_at(self._arrive_here, self.reset)

    def end_by_server(self) -> None:
        """The server closes: what it sent arrives before the end."""
        if self.lets_replies and not self._broken:
            self._arrive_here = self._network.arrival(self, self._arrive_here)
            self._network.clock.call_at(self._arrive_here, self._reach_end)

    def _reach_end(self) -> None:
        self._ended = True
        self._readers.unpark_all()

    def end_by_client(self) -> None:
        """The client, or the operating system for it, closes."""
        self.open_at_client = False
        self._readers.unpark_all()
        if self.lets_requests and not self._broken:
            self._arrive_there = self._network.arrival(self, self._arrive_there)
            self._network.clock.call_at(self._arrive_there, lambda: self.node.end(self))

    def cut_off(self) -> None:
        """Nothing passes any more, and nobody is told: the host is without power, or the route is gone."""
        self.lets_requests = self.lets_replies = False

    def crash_reader(self, why: str) -> None:
        """Whoever reads next crashes, as if there were a bug in it."""
        self._bug = why
        self._readers.unpark_all()

    # For the client's stream

    def check_sendable(self) -> None:
        """As a socket would say it."""
        if not self.open_at_client:
            raise trio.ClosedResourceError("this stream is closed")
        if self._broken or self._ended:
            raise trio.BrokenResourceError("connection reset by peer")

    async def receive(self, max_bytes: int | None) -> bytes:
        """What has arrived, once something has; nothing at the end."""
        await trio.lowlevel.checkpoint_if_cancelled()
        waited = False
        while True:
            self._check_readable()
            if self._received or self._ended:
                break
            waited = True
            await self._readers.park()
        size = len(self._received) if max_bytes is None else max_bytes
        data = bytes(self._received[:size])
        del self._received[:size]
        if not waited:
            # As a socket does it: what was taken is not lost if the reader is cancelled meanwhile.
            await trio.lowlevel.cancel_shielded_checkpoint()
        return data

    def _check_readable(self) -> None:
        if not self.open_at_client:
            raise trio.ClosedResourceError("this stream is closed")
        if self._bug is not None:
            why, self._bug = self._bug, None
            raise SimulatedBug(why)
        if self._broken:
            raise trio.BrokenResourceError("connection reset by peer")


class Stream(trio.abc.Stream):
    """The client's end of a connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @override
    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        await trio.lowlevel.checkpoint()
        self._connection.check_sendable()
        self._connection.to_server(bytes(data))

    def send_nowait(self, data: bytes) -> int:
        """All of it, at once: as the wire client writes to a socket."""
        self._connection.check_sendable()
        self._connection.to_server(data)
        return len(data)

    @override
    async def wait_send_all_might_not_block(self) -> None:
        await trio.lowlevel.checkpoint()
        self._connection.check_sendable()

    @override
    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        return await self._connection.receive(max_bytes)

    @override
    async def aclose(self) -> None:
        if self._connection.open_at_client:
            self._connection.end_by_client()
        await trio.lowlevel.checkpoint()


class Network:
    """Between all hosts and the server that the name resolves to.

    Args:
        clock: virtual time.
        latency_seconds: one way; each message takes up to twice as long.
        rng: of the jitter, by connection.
    """

    def __init__(self, clock: VirtualClock, latency_seconds: float, rng: Callable[[str], Random]) -> None:
        self.clock = clock
        self.primary: RedisNode | None = None
        """Where the server's name leads to now."""
        self.connections: list[Connection] = []
        self.is_over = False
        """Whether the run is over: then nobody gets anywhere."""
        self._latency = latency_seconds
        self._rng = rng
        self._jitters: dict[int, Random] = {}
        self._number = 0

    def arrival(self, connection: Connection, not_before: float) -> float:
        """When a message that is sent now arrives."""
        jitter = self._jitters.get(connection.number)
        if jitter is None:
            jitter = self._jitters[connection.number] = self._rng(f"network/{connection.host.name}")
        when = self.clock.now + self._latency * (1 + jitter.random())
        return max(when, not_before, connection.host.cut_off_until)

    async def dial(self, host: Host, before: Callable[[Host], Callable[[Connection], None]]) -> trio.abc.Stream:
        """A connection of a host to the server.

        Args:
            host: whose.
            before: what is to happen before it is made; answers what is to happen to it when it is.

        Raises:
            OSError: there is none to be had.
        """
        await self.clock.sleep(self._latency)
        if self.is_over:
            raise ConnectionRefusedError("the run is over")
        strike_connection = before(host)
        await self.clock.sleep_until(host.cut_off_until)
        node = self.primary
        if node is None or not node.is_listening or self.clock.now < host.refused_until:
            raise ConnectionRefusedError("nobody listens at that port")
        self._number += 1
        connection = Connection(self._number, host, node, self)
        self.connections.append(connection)
        node.accept(connection)
        strike_connection(connection)
        try:
            await self.clock.sleep(self._latency)
        except trio.Cancelled:
            connection.end_by_client()
            raise
        return Stream(connection)

    def of(self, host: Host) -> list[Connection]:
        """The connections of a host that its process has open."""
        return [each for each in self.connections if each.host is host and each.open_at_client]
