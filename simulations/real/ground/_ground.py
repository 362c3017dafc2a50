"""A real server, the proxy before it, the processes behind that, and who strikes which of them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import Final, Literal

import trio
from attrs import define

from ....wire import Client, Retry, ServerAddress, Timeouts
from ...history import UNPLANNED, FaultStruck
from ...plan import At, Fault, PauseServer, Plan
from .._server import RedisServer
from ._changes import CONFIGURATION, AppendOnlyTail, Changes, OnItsWay
from ._conversation import Shared
from ._journal import SERVER, Journal
from ._processes import Processes
from ._proxy import Proxy
from ._server_faults import ServerFaults, answer_of
from ._sites import Due, Sites
from ._stalls import watch_stalls
from ._starting import Starter

LOOK_SECONDS: Final = 0.02
"""Between two looks at what has changed without a reply that passed: what has expired, what faults did."""


@define(eq=False)
class RealGround:
    """Where a plan plays in real time.

    Attributes:
        client: a link to the server that no fault is done to.
    """

    plan: Plan
    server: RedisServer
    client: Client
    journal: Journal
    sites: Sites
    changes: Changes
    nursery: trio.Nursery
    proxy: Proxy
    processes: Processes
    server_faults: ServerFaults
    groups: dict[tuple[str, str], None]

    async def strike(self, due: Due) -> None:
        """Do what a fault does, to whom it may concern."""
        self.journal.write_struck(due.number, due.fault)
        if due.fault.effect.strikes == "handler":
            return  # the process does that to its handler itself
        for who in (self.proxy, self.server_faults, self.processes):
            if await who.strike(due):
                return
        raise ValueError(f"{due.fault.effect.kind} can't be done to a real server: look at `expressible` before")

    def tell_stall(self, ms: float) -> None:
        """The machine had the proxy stand still: to everybody that is a server that hangs."""
        if self.journal.begun is None:
            return
        at_ms = max(0.0, self.journal.now_ms() - ms)
        self.journal.write(FaultStruck(at_ms, SERVER, Fault(At(at_ms), PauseServer(ms)), UNPLANNED))

    async def strike_by_time(self) -> None:
        """Strike what is due at moments, each at its own."""
        async with trio.open_nursery() as nursery:
            for number, fault in enumerate(self.plan.faults):
                if isinstance(fault.when, At):
                    nursery.start_soon(self._strike_at, fault.when.ms, Due(number, fault))

    async def _strike_at(self, ms: float, due: Due) -> None:
        await trio.sleep(max(0.0, ms - self.journal.now_ms()) / 1000)
        await self.strike(due)

    async def heal(self) -> None:
        """No fault strikes any more, and what hangs lets go; what is broken for good vanishes."""
        self.sites.end()
        for name in self.plan.broken_for_good:
            self.processes.end_for_good(name)
        self.proxy.heal()
        self.processes.tell_healed()
        await self.server_faults.wait_up()


@asynccontextmanager
async def open_ground(
    plan: Plan, journal: Journal, binary: Path | None, starter: Starter, scenario: str, plant: str = ""
) -> AsyncIterator[RealGround]:
    """Start a server and what stands before it; processes are started by whoever wants them.

    Args:
        plan: what is to happen.
        journal: where it is written down.
        binary: the redis-server.
        starter: starts processes.
        scenario: where its processes find the scenario.
        plant: a bug that they are to have, by its name.

    Raises:
        ServerNotFound, ServerFailed: there is no such server, or it does not start.
    """
    policy: Literal["always", "no"] = "always" if plan.shape.appendfsync == "always" else "no"
    server = RedisServer(binary, config={**CONFIGURATION, "appendfsync": policy})
    try:
        await trio.to_thread.run_sync(server.start)
        client = Client(
            ServerAddress.parse(server.url),
            timeouts=Timeouts(reply_seconds=60),
            retry=Retry(max_retries=None, base_delay_seconds=0.02, max_delay_seconds=0.1),
            rng=Random(plan.seed),  # noqa: S311 - jitter between tries
        )
        async with trio.open_nursery() as nursery:
            await nursery.start(client.run)
            ground = _ground(plan, journal, server, client, starter, scenario, plant, nursery)
            nursery.start_soon(_look, ground.changes)
            nursery.start_soon(watch_stalls, ground.tell_stall)
            yield ground
            ground.changes.read()
            nursery.cancel_scope.cancel()
    finally:
        server.stop()


def _ground(
    plan: Plan,
    journal: Journal,
    server: RedisServer,
    client: Client,
    starter: Starter,
    scenario: str,
    plant: str,
    nursery: trio.Nursery,
) -> RealGround:
    async def strike(due: Due) -> None:
        await ground.strike(due)

    def abandon(commands: Sequence[OnItsWay]) -> None:
        nursery.start_soon(_wait_over, client, changes, commands)

    sites, groups = Sites(plan), dict[tuple[str, str], None]()
    changes = Changes(AppendOnlyTail(server.folder), journal)
    proxy = Proxy(Shared(journal, sites, changes, strike, abandon), server.port, nursery)
    processes = Processes(starter, server.folder, scenario, plant, journal, sites, proxy, groups, nursery, strike)
    faults = ServerFaults(server, client, nursery, proxy, changes, groups)
    ground = RealGround(plan, server, client, journal, sites, changes, nursery, proxy, processes, faults, groups)
    return ground


async def _wait_over(client: Client, changes: Changes, commands: Sequence[OnItsWay]) -> None:
    """Wait until the server has read what came on a connection that has ended, and done it."""
    for _ in range(2):  # in the turn that answers the first, it may read that connection behind ours
        await answer_of(client, "PING")
    changes.over(commands)


async def _look(changes: Changes) -> None:
    while True:
        changes.read()
        await trio.sleep(LOOK_SECONDS)
