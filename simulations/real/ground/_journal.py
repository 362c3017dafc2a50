"""The run's journal: its records on one clock, whoever wrote them down."""

from __future__ import annotations

import time

import trio
from attrs import define, field
from typing_extensions import override

from ...history import FaultStruck, Record
from ...plan import Fault

SERVER = "server"
CREEP = 50
"""How much slower time goes before the beginning: processes take seconds to start. Standing still it would hang."""


class RunClock(trio.abc.Clock):
    """Trio's clock, from the beginning of the run, as scenarios have it in virtual time."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    @override
    def start_clock(self) -> None:
        pass

    @override
    def current_time(self) -> float:
        return self._journal.seconds()

    @override
    def deadline_to_sleep_time(self, deadline: float) -> float:
        left = deadline - self.current_time()
        return left * CREEP if self._journal.begun is None else left


@define(eq=False)
class Journal:
    """What has happened so far.

    Attributes:
        begun: when the run began, on the monotonic clock, which all processes of a machine share; None before.
        records: in the order in which they were written down; `in_order` has them by their times.
    """

    begun: float | None = None
    records: list[Record] = field(factory=list[Record])
    struck: set[int] = field(factory=set[int])
    _created: float = field(factory=time.monotonic, init=False)

    def begin(self) -> float:
        """Time begins now: everybody is there."""
        self.begun = time.monotonic()
        return self.begun

    def now_ms(self) -> float:
        """Milliseconds since the run began."""
        return 0.0 if self.begun is None else (time.monotonic() - self.begun) * 1000

    def seconds(self) -> float:
        """The same in seconds; before the beginning time creeps, so that nobody's first second is over before it."""
        return (time.monotonic() - self._created) / CREEP if self.begun is None else time.monotonic() - self.begun

    def write(self, record: Record) -> None:
        """Add a record."""
        self.records.append(record)

    def write_struck(self, number: int, fault: Fault) -> None:
        """A fault of the plan happens now."""
        self.struck.add(number)
        where = SERVER if fault.effect.strikes == "server" else fault.when.host or SERVER
        self.write(FaultStruck(self.now_ms(), where, fault, number))

    def in_order(self) -> list[Record]:
        """All records by their times; those of one moment as they were written down."""
        return sorted(self.records, key=lambda record: record.at_ms)
