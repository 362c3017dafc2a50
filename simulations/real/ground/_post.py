"""A process of the run and the run itself, from the process' side: what happens here is told there, as it happens.

The line is a socket that the process inherits. What was told before a SIGKILL arrives all the same: the kernel has it.
Where a fault may be due the process asks, and stands still until it is answered: so the fault strikes at exactly that
moment, be it the process' own SIGKILL.
"""

from __future__ import annotations

import json
import signal
import socket
from collections.abc import Mapping, Sequence
from typing import Final

from attrs import asdict, define, field, frozen
from cattrs import structure
from typing_extensions import Self

from ...history import Record
from ._journal import Journal
from ._lines import record_to_line

HEALED: Final = signal.SIGURG
"""Tells a process that the faults have ended; one that does not listen yet is not ended by it, as by most signals."""


@frozen
class Posting:
    """What a process is told when it starts.

    Attributes:
        host: its name in the plan.
        consumer_name: what it calls itself; a twin has another one's name.
        url: where it finds Redis.
        incarnation: which one of its host it is, from 1.
        serial: which one of all processes of the run it is, from 1.
        plan: the plan, as JSON.
        scenario: where the scenario is found.
        plant: a bug that it is to have, by its name.
    """

    host: str
    consumer_name: str
    url: str
    incarnation: int
    serial: int
    plan: str
    scenario: str
    plant: str = ""

    def to_argument(self) -> str:
        """As one word of a command line."""
        return json.dumps(asdict(self))

    @classmethod
    def from_argument(cls, word: str) -> Self:
        """Read from it."""
        return structure(json.loads(word), cls)


@define(eq=False)
class Post:
    """The process' end of the line.

    Args:
        posting: what the process was told.
        descriptor: of its end of the line.
    """

    posting: Posting
    _descriptor: int
    _socket: socket.socket = field(init=False)
    _heard: bytes = field(default=b"", init=False)
    clock: Journal = field(factory=Journal, init=False)
    """What time it is in the run; what happened is written down elsewhere."""

    def __attrs_post_init__(self) -> None:
        self._socket = socket.socket(fileno=self._descriptor)

    def now_ms(self) -> float:
        """Milliseconds since the run began."""
        return self.clock.now_ms()

    def wait_begin(self) -> None:
        """Say that this process is ready, and wait until all are."""
        self.clock.begun = structure(self._ask({"ready": True}), float)

    def tell(self, record: Record) -> None:
        """Have a record written down."""
        self._send(record_to_line(record))

    def tell_group(self, stream: str, group: str) -> None:
        """Handlers read this group."""
        self._send(json.dumps({"group": [stream, group]}))

    def past(self, name: str) -> int:
        """How often this host has come by something of its own."""
        return structure(self._ask({"past": name}), int)

    def pass_by(self, name: str) -> int:
        """Come by it once more, for how often it was before."""
        return structure(self._ask({"pass by": name}), int)

    def restart(self, host: str, after_seconds: float) -> None:
        """Have another host's process stopped, and started again."""
        self._send(json.dumps({"restart": host, "after": after_seconds}))

    def due_at(self, action: str) -> Sequence[int]:
        """Come by a site; which faults are due there, by their places in the plan."""
        return structure(self._ask({"site": action}), list[int])

    def strike(self, number: int) -> None:
        """Have this fault strike; it has when this returns, unless it is this process' own end."""
        self._ask({"strike": number})

    def _ask(self, question: Mapping[str, object]) -> object:
        self._send(json.dumps(question))
        while b"\n" not in self._heard:
            data = self._socket.recv(4096)
            if not data:
                raise SystemExit("the run is over")
            self._heard += data
        line, _, self._heard = self._heard.partition(b"\n")
        return json.loads(line)

    def _send(self, line: str) -> None:
        # It blocks, for the moment that the run takes to read: nobody has to wait for having told.
        self._socket.sendall(line.encode() + b"\n")
