"""Who has a lane in the picture: those who publish above, the servers in the middle, those who handle below."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final, Literal

from attrs import frozen

from ..history import (
    Applied,
    FaultStruck,
    HandlerEnded,
    HandlerStarted,
    History,
    Phase,
    ProcessEnded,
    Publishing,
    Record,
    Sent,
)
from ..plan import FailOver

TOP: Final = 62.0
"""Below the axis, the phases and the faults' numbers."""
SPACE: Final = 34.0
"""Between lanes: room for arrows to be seen."""
ROW: Final = 20.0
"""Height of a handler's bar with the space around it."""
SERVER: Final = "server"


@frozen
class Lane:
    """A stripe of the picture.

    Attributes:
        rows: handlers that run at the same time lie one below the other.
        y: of its upper edge.
    """

    name: str
    kind: Literal["producer", "server", "worker"]
    rows: int
    y: float

    @property
    def height(self) -> float:
        """Of the whole stripe."""
        return 14 + ROW * self.rows

    @property
    def line(self) -> float:
        """Where its own arrows begin."""
        return self.y + (self.height / 2 if self.kind == "server" else 7)


@frozen
class Lanes:
    """All lanes from top to bottom, by name; what rows the runs of handlers lie in; and where each client is served."""

    by_name: Mapping[str, Lane]
    row_of_run: Mapping[int, int]
    server_of_client: Mapping[int, int]

    @property
    def bottom(self) -> float:
        """Where the last lane ends."""
        return max((lane.y + lane.height for lane in self.by_name.values()), default=TOP)

    def of(self, record: Record) -> Lane | None:
        """The lane where a record happened."""
        if record.host == SERVER:
            number = record.server if isinstance(record, Applied) else 0
            return self.server(number)
        return self.by_name.get(record.host)

    def server(self, number: int) -> Lane:
        """A server's lane; there is always a first one."""
        return self.by_name.get(server_name(number)) or self.by_name[SERVER]

    def serving(self, client: int) -> Lane:
        """The lane of the server that a connection leads to."""
        return self.server(self.server_of_client.get(client, 0))


def server_name(number: int) -> str:
    """What a server is called in the picture: a failover counts on."""
    return SERVER if number == 0 else f"{SERVER} {number + 1}"


def lanes_of(history: History) -> Lanes:
    """Who took part, in which order, and with how many rows."""
    rows_of_run, rows = _rows(history)
    takeovers = sum(isinstance(record.fault.effect, FailOver) for record in history.of(FaultStruck))
    servers = range(1 + max(takeovers, *(record.server for record in history.of(Applied)), 0))
    publish = {record.host for record in history.of(Publishing)}
    handle = {record.host for record in history.of(HandlerStarted)}
    hosts = sorted({_host(record) for record in history.records} - {"", SERVER}, key=_natural)
    producers = [host for host in hosts if host in publish and host not in handle]
    workers = [host for host in hosts if host not in producers]
    order: list[tuple[str, Literal["producer", "server", "worker"], int]] = [
        *((host, "producer", 1) for host in producers),
        *((server_name(number), "server", 1) for number in servers),
        *((host, "worker", rows.get(host, 1)) for host in workers),
    ]
    return Lanes(_stacked(order), rows_of_run, _served(history))


def _stacked(order: Sequence[tuple[str, Literal["producer", "server", "worker"], int]]) -> Mapping[str, Lane]:
    lanes: dict[str, Lane] = {}
    y = TOP
    for name, kind, rows in order:
        lanes[name] = Lane(name, kind, rows, y)
        y += lanes[name].height + SPACE
    return lanes


def _host(record: Record) -> str:
    """Who gets a lane for it: not whom a fault or a phase names in passing."""
    return "" if isinstance(record, FaultStruck | Phase) else record.host


def _natural(name: str) -> tuple[tuple[int, str], ...]:
    """So that worker-10 comes after worker-9."""
    return tuple((int(part), "") if part.isdigit() else (0, part) for part in re.split(r"(\d+)", name))


def _rows(history: History) -> tuple[Mapping[int, int], Mapping[str, int]]:
    """For each run of a handler the first row that is free on its host, and how many rows each host needs."""
    busy: dict[str, dict[int, int]] = {}
    row_of_run: dict[int, int] = {}
    needed: dict[str, int] = {}
    for record in history.records:
        rows = busy.setdefault(record.host, {})
        match record:
            case HandlerStarted():
                taken = set(rows.values())
                row = next(row for row in range(len(taken) + 1) if row not in taken)
                rows[record.run] = row_of_run[record.run] = row
                needed[record.host] = max(needed.get(record.host, 1), row + 1)
            case HandlerEnded():
                rows.pop(record.run, None)
            case ProcessEnded():
                rows.clear()
            case _:
                pass
    return row_of_run, needed


def _served(history: History) -> Mapping[int, int]:
    """Which server a connection leads to: where its changes were made; else the newest one of its time."""
    served: dict[int, int] = {}
    newest = 0
    for record in history.records:
        match record:
            case FaultStruck() if isinstance(record.fault.effect, FailOver):
                newest += 1  # before it changed anything
            case Applied():
                newest = max(newest, record.server)
                if record.client:
                    served[record.client] = record.server
            case Sent():
                served.setdefault(record.client, newest)
            case _:
                pass
    return served
