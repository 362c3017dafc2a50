"""A plan: everything that makes one run what it is. Two runs of a plan are the same run.

Faults are addressed by *site and turn*: "the second `settle` of worker-1", not "the 417th command". So they stay where
they are when a shrinker takes other parts of the plan away.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from attrs import field, frozen, validators
from typing_extensions import override

from ._effects import Effect

HANDLER: Final = "handler"
CONNECT: Final = "connect"
FORMAT: Final = 1
"""Of the JSON; a plan of another format is refused rather than read wrongly."""


@frozen
class Site:
    """A place that a run comes by, again and again.

    Attributes:
        host: whose: a process of the scenario, by its name.
        action: what it does there: a Redis command in capitals (``XREADGROUP``), one of our scripts by its name
            (``settle``), ``connect``, or ``handler``.
        turn: the how-manieth time of that host, from 1.
        before: whether the fault comes before the action is done, or after it.
    """

    host: str
    action: str
    turn: int = field(default=1, validator=validators.ge(1))
    before: bool = True

    @override
    def __str__(self) -> str:
        """As in ``worker-1's 2nd settle``."""
        return f"{self.host}'s {ordinal(self.turn)} {self.action}"


@frozen
class At:
    """A moment.

    Attributes:
        ms: virtual time since the start.
        host: whom it strikes, where that matters.
    """

    ms: float = field(converter=float, validator=validators.ge(0))
    host: str = ""

    @override
    def __str__(self) -> str:
        """As in ``at 1200 ms``."""
        return f"at {self.ms:g} ms"


@frozen
class Fault:
    """One thing that goes wrong, and when."""

    when: Site | At
    effect: Effect

    def in_words(self) -> str:
        """As in ``the server runs worker-1's 2nd settle, and the connection is reset before the reply arrives``."""
        told = self.effect.in_words(site=str(self.when), host=self.when.host or "a client")
        if isinstance(self.when, At):
            return f"{self.when}: {told}"
        if "{site}" in self.effect.words:
            return told
        return f"{'before' if self.when.before else 'after'} {self.when}: {told}"


@frozen
class PlannedEvent:
    """One event that the workload publishes.

    Attributes:
        at_ms: when, since the start.
        key: what it is about; events of one key belong in one order.
        slow_ms: how long its handler takes.
        fails: how many of its deliveries fail; -1: all of them (a poison event).
        undecodable: whether it is written in a way that no codec reads.
    """

    at_ms: float = field(default=0.0, converter=float, validator=validators.ge(0))
    key: str = "a"
    slow_ms: float = field(default=0.0, converter=float, validator=validators.ge(0))
    fails: int = field(default=0, validator=validators.ge(-1))
    undecodable: bool = False


@frozen
class Shape:
    """How the application and the server are made up.

    Attributes:
        workers: processes that handle events; 0 where the scenario has a number of its own.
        consumers, concurrency, prefetch: as of `GroupOptions`, in each of them.
        profile: the version of Redis.
        appendfsync: "always", "everysec" or "no"; "" without an append-only file.
        latency_ms: from a host to the server, one way; each message takes up to twice as long.
    """

    workers: int = field(default=2, validator=validators.ge(0))
    consumers: int = field(default=1, validator=validators.ge(1))
    concurrency: int = field(default=1, validator=validators.ge(1))
    prefetch: int | None = field(default=None, validator=validators.optional(validators.ge(1)))
    profile: str = "7.0"
    appendfsync: Literal["always", "everysec", "no", ""] = field(
        default="always", validator=validators.in_(("always", "everysec", "no", ""))
    )
    latency_ms: float = field(default=0.5, converter=float, validator=validators.ge(0))


@frozen
class Schedule:
    """In which order tasks run that could run at the same time.

    Attributes:
        kind: ``batch`` shuffles each batch of runnable tasks; ``walk`` runs one of them at a time, drawn anew each
            time; ``pct`` runs the one with the highest of random priorities, which change at a few moments; ``fifo``
            runs them by age, apart from `deviations`.
        deviations: at these steps, which of the runnable tasks run, by their place by age; the others wait.
    """

    kind: Literal["batch", "walk", "pct", "fifo"] = field(
        default="batch", validator=validators.in_(("batch", "walk", "pct", "fifo"))
    )
    deviations: Mapping[int, tuple[int, ...]] = field(factory=dict[int, tuple[int, ...]])


@frozen
class Plan:
    """Everything that makes one run what it is.

    Attributes:
        seed: of every random stream that is not said otherwise here.
        scenario: the name of a built-in one, or ``file.py:function``.
        shape: how the application and the server are made up.
        events: what the workload publishes, by time.
        faults: what goes wrong.
        schedule: the order of tasks.
        buggify: whether rare branches of the production code are taken on purpose.
        broken_for_good: hosts that are not healed when the faults end.
    """

    seed: int
    scenario: str
    shape: Shape = Shape()
    events: tuple[PlannedEvent, ...] = ()
    faults: tuple[Fault, ...] = ()
    schedule: Schedule = Schedule()
    buggify: bool = False
    broken_for_good: tuple[str, ...] = ()


def ordinal(number: int) -> str:
    """1st, 2nd, 3rd, 4th."""
    tens = number % 100
    ending = "th" if 10 < tens < 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"
