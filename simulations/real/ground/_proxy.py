"""The proxy between all processes and the server: a gate for each host."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import trio
from attrs import define, field

from ...plan import Blackhole, CutReply, Delay, LoseReply, LoseRequest, Partition, Refuse
from ._conversation import Conversation, Shared
from ._gate import Gate
from ._sites import Due


@define(eq=False)
class Proxy:
    """Stands between the processes and the server.

    Args:
        shared: what its conversations share.
        server_port: where the server listens.
        nursery: where connections live.
    """

    _shared: Shared
    _server_port: int
    _nursery: trio.Nursery
    _gates: dict[str, Gate] = field(factory=dict[str, Gate], init=False)
    _numbers: Iterator[int] = field(factory=lambda: itertools.count(1), init=False)

    async def gate(self, host: str) -> Gate:
        """The gate of this host, which is opened if it is a new one."""
        gate = self._gates.get(host)
        if gate is None:
            gate = self._gates[host] = Gate(host)
            await gate.open()

            def welcome(client: trio.SocketStream) -> None:
                conversation = Conversation(self._shared, gate, next(self._numbers), client)
                self._nursery.start_soon(conversation.hold, self._server_port)

            self._nursery.start_soon(gate.serve, welcome)
        return gate

    def gates_of(self, host: str) -> list[Gate]:
        """One host's gate; without a name all."""
        return [gate for name, gate in self._gates.items() if host in ("", name)]

    async def strike(self, due: Due) -> bool:
        """Do what a fault does to the links of a host; false where that is not to links."""
        effect, host = due.fault.effect, due.fault.when.host
        match effect:
            case Refuse() | Partition():
                for gate in self.gates_of(host):
                    await self._nursery.start(gate.refuse if isinstance(effect, Refuse) else gate.part, effect.ms)
            case LoseRequest() | LoseReply() | CutReply() | Blackhole() | Delay():
                for gate in self.gates_of(host):
                    for conversation in gate.conversations:
                        conversation.suffer(effect)
            case _:
                return False
        return True

    def heal(self) -> None:
        """What keeps things from passing is over."""
        for gate in self._gates.values():
            gate.heal()
