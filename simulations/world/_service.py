"""Services outside: what an application calls beside Redis, and what goes wrong on the way there.

What a service knows is the scenario's own: a plain object that no process owns, so it outlives them all. This module
has only the way: a request travels, something is done at the service, the answer travels back. A process may be killed
at any of these moments, and a plan can lose the request or the answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Literal

import trio
from attrs import define

from ..history import ServiceCalled
from ..plan import Delay, Fault, LoseReply, LoseRequest, Site
from ._host import CURRENT, Host
from ._in_hand import IN_HAND

if TYPE_CHECKING:
    from ._world import World


class ServiceFailed(ConnectionError):
    """The connection to a service broke: the request may have been carried out or not."""


@define(eq=False)
class Service:
    """The way to a service, from `World.service`.

    ::

        async with bank.request("charge"):  # the request travels
            charges.append(order)           # this is done by the bank, in one moment
                                            # and the answer travels back

    Each request is a site of the plan: ``worker-1's 2nd bank.charge``.

    Attributes:
        name: what faults and stories call it.
        latency_ms: how long a request travels, and an answer.
    """

    world: World
    name: str
    latency_ms: float

    def request(self, action: str) -> _Request:
        """Something is asked of it; what stands in the block is done at its end, and awaits nothing.

        Raises:
            ServiceFailed: on entering or on leaving: the request, or the answer, was lost.
        """
        return _Request(self, action)


class _Request:
    """One request, on its way there and back."""

    def __init__(self, service: Service, action: str) -> None:
        self._service = service
        self._world = service.world
        self._action = action
        self._faults: Sequence[tuple[int, Fault]] = ()

    async def __aenter__(self) -> None:
        process = CURRENT.get()
        if process is None:
            raise RuntimeError(f"{self._service.name} is called by the processes of the world, not by the scenario")
        self._process = process
        self._host: Host = process.host
        self._faults = self._world.strikes.at(self._host.name, f"{self._service.name}.{self._action}")
        await self._travel()
        await self._meet(before=True)
        if self._process.is_dead:
            await trio.sleep_forever()  # who is let go when the run is over asks for nothing any more

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is not None:
            return
        self._note("done")
        await self._meet(before=False)
        await self._travel()

    async def _travel(self) -> None:
        await trio.sleep(self._service.latency_ms / 1000)

    async def _meet(self, *, before: bool) -> None:
        """What the plan has for this moment: just before the service does it, or just after."""
        for number, fault in self._faults:
            if _is_due(fault, before=before):
                await self._strike(number, fault)

    async def _strike(self, number: int, fault: Fault) -> None:
        strikes = self._world.strikes
        match fault.effect:
            case LoseRequest() | LoseReply():
                strikes.note(number, fault)
                self._note("lost" if isinstance(fault.effect, LoseRequest) else "unheard")
                await self._travel()
                raise ServiceFailed(f"the connection to {self._service.name} broke")
            case Delay(ms=ms):
                strikes.note(number, fault)
                await trio.sleep(ms / 1000)
            case effect if effect.strikes != "link":
                strikes.strike(number, fault, self._host, None)
                await trio.lowlevel.checkpoint()  # from which one that was killed does not come back
            case _:
                pass

    def _note(self, outcome: Literal["done", "lost", "unheard"]) -> None:
        where = (self._service.name, self._action, IN_HAND.get())
        self._world.note(ServiceCalled(self._world.now_ms, self._host.name, *where, outcome))


def _is_due(fault: Fault, *, before: bool) -> bool:
    match fault.effect:
        case LoseRequest() | Delay():
            return before
        case LoseReply():
            return not before
        case _:
            return isinstance(fault.when, Site) and fault.when.before is before
