"""The kinds of records. Each has its time in virtual milliseconds and the host where it happened ("server" for Redis).

They are plain attrs classes: a checker matches on them, a report draws them, JSON has them by their class' name.
"""

from __future__ import annotations

from typing import Final, Literal

from attrs import frozen

from ...actors import ActorEvent
from ...wire import LinkEvent
from ..plan import Fault


@frozen
class Record:
    """Something happened.

    Attributes:
        at_ms: virtual milliseconds since the start.
        host: where: the name of a process, or ``server``.
    """

    at_ms: float
    host: str


@frozen
class Publishing(Record):
    """A process begins to publish an event.

    Attributes:
        key: the planned event's, "" for events of users' own making.
        undecodable: whether no codec reads it.
        fails: how many of its deliveries are planned to fail; -1: all.
        once_ms: for how long it is remembered that it was published; 0: not at all.
    """

    stream: str
    event_id: str
    key: str = ""
    undecodable: bool = False
    fails: int = 0
    once_ms: float = 0.0


@frozen
class Published(Record):
    """How publishing ended.

    Attributes:
        outcome: ``acknowledged``; ``unknown`` where it may have been applied or not; ``refused`` where it was not.
        raw_id: the id that the server gave, where it is known.
        error: in words, where there was one.
    """

    stream: str
    event_id: str
    outcome: Literal["acknowledged", "unknown", "refused"]
    raw_id: bytes | None = None
    error: str = ""


@frozen
class Scheduling(Record):
    """A process begins to have an event published later.

    Attributes:
        schedule_id: of the schedule; one that has it already is replaced.
        event_id: of the event; one that recurs has others, made of the schedule's id and the time.
        due_ms: not before this, in virtual milliseconds.
        every_ms: from one time to the next; 0: it does not recur.
        until_ms: no time after this; None: no end.
    """

    stream: str
    schedule_id: str
    event_id: str
    due_ms: float
    every_ms: float = 0.0
    until_ms: float | None = None


@frozen
class SchedulingEnded(Record):
    """How that ended; `outcome` as of `Published`."""

    stream: str
    schedule_id: str
    outcome: Literal["acknowledged", "unknown", "refused"]


@frozen
class Cancelled(Record):
    """A process has something cancelled that was scheduled; `is_told`: it has been, and the process knows."""

    stream: str
    schedule_id: str
    is_told: bool = False


@frozen
class AcknowledgesFirst(Record):
    """A process takes part in a group that handles at most once: what it begins is acknowledged before.

    `in_hand_max` is how many of those it may have at a time: acknowledged, and not handled to their end.
    """

    stream: str
    group: str
    in_hand_max: int


@frozen
class HandlerStarted(Record):
    """A handler begins to run on an event.

    Attributes:
        delivery: the number of this delivery, as the handler sees it.
        run: numbers the runs of the whole history.
        deliveries_max: how many there may be in its group; None: no end.
        finishes: whether it goes on when its event is lost to somebody else, and is not cancelled.
        is_reader: whether it is one of a reader without a group, whose name stands in the place of the group's.
    """

    stream: str
    group: str
    event_id: str
    raw_id: bytes
    delivery: int
    run: int
    key: str = ""
    deliveries_max: int | None = None
    finishes: bool = False
    is_reader: bool = False


@frozen
class HandlerEnded(Record):
    """It ended: returned, refused (raised, or answered False), or was cancelled. A killed one has no such record.

    `error` is what it raised, in words; `away`: it says that something named as a dependency is away.
    """

    stream: str
    group: str
    event_id: str
    raw_id: bytes
    run: int
    outcome: Literal["done", "failed", "cancelled"]
    error: str = ""
    away: bool = False


@frozen
class Sent(Record):
    """A command arrived at the server.

    Attributes:
        client: the number of the connection, unique in the history.
        action: the site's name of it: a command in capitals, or one of our scripts by its name.
        words: the command, as bytes; empty for the reply to a read that had to wait, which has a record of its own.
        reply: what the server answered, as RESP; None where it waits (a blocking read) or was not run.
        answered: whether the reply was let through.
        number: by which `Applied.command` means it, where that is known, as in real time; else 0.
    """

    client: int
    action: str
    words: tuple[bytes, ...]
    reply: bytes | None = None
    answered: bool = True
    number: int = 0


@frozen
class Applied(Record):
    """The server's data changed; `words` is the change in its canonical form, as an append-only file has it.

    Attributes:
        by: the host whose command did it; "" for the server itself and for faults.
        client: the number of its connection; 0 where there is none.
        server: which server: 0 is the first, a failover counts on. In a split brain two of them are alive.
        command: the `Sent.number` of the command that did it; 0: it is the one that its connection sent next.
    """

    words: tuple[bytes, ...]
    by: str = ""
    client: int = 0
    server: int = 0
    command: int = 0


@frozen
class Destroyed(Record):
    """The server lost acknowledged writes: exactly these.

    Attributes:
        entries: stream and id with the fields, one by one.
        acknowledgements: stream, group and id of entries that were settled and are pending or unread again.
        groups: stream and group.
        why: the fault, in words.
    """

    entries: tuple[tuple[str, bytes, tuple[bytes, ...]], ...] = ()
    acknowledgements: tuple[tuple[str, str, bytes], ...] = ()
    groups: tuple[tuple[str, str], ...] = ()
    why: str = ""


UNPLANNED: Final = -1
"""The number of a fault that is none of the plan."""


@frozen
class FaultStruck(Record):
    """A fault of the plan happened; `number` is its place in `Plan.faults`.

    `UNPLANNED` where it has none: in real time a busy machine has processes stand still by itself.
    """

    fault: Fault
    number: int


@frozen
class ServiceCalled(Record):
    """A service outside was called; `host` is who called.

    Attributes:
        service, action: what was asked of whom.
        event_id: the event on which the handler ran that asked; "" where it was no handler.
        outcome: ``done`` at the moment when the service does it; ``lost`` where the request does not arrive;
            ``unheard`` where it was done, and the answer is lost.
    """

    service: str
    action: str
    event_id: str
    outcome: Literal["done", "lost", "unheard"]

    def in_words(self) -> str:
        """As in ``asks bank to charge``."""
        how = {"done": "", "lost": " (the request is lost)", "unheard": " (done, but nobody hears it)"}
        return f"asks {self.service} to {self.action}{how[self.outcome]}"


@frozen
class ProcessStarted(Record):
    """A process started; `incarnation` counts from 1."""

    incarnation: int


@frozen
class ProcessEnded(Record):
    """A process ended.

    Attributes:
        how: ``stopped`` gracefully, ``killed``, ``lost power``, ``failed`` with an error of its own, ``finished``.
        error: in words, where it failed.
    """

    incarnation: int
    how: Literal["stopped", "killed", "lost power", "failed", "finished"]
    error: str = ""


@frozen
class Told(Record):
    """The runtime told its observer something."""

    event: ActorEvent | LinkEvent


@frozen
class Phase(Record):
    """The run enters a phase: ``safety`` with faults, ``healing``, ``stopping``, ``over``."""

    name: Literal["safety", "healing", "stopping", "over"]
