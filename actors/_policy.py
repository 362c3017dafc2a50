"""When to restart what: the decisions of a supervisor, without clock and without Trio.

From OTP (https://www.erlang.org/doc/system/sup_princ): strategies, restart types, and a limit on the intensity of
restarts for each supervisor. From Akka: a delay that grows. Our own: the delay follows from the number of restarts
within the limit's period, so it falls back by itself when that passes; and children that end together count as one
restart, since they mostly have one cause.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from enum import Enum

from attrs import field, frozen, validators

from ..wire import number, whole


class Restart(Enum):
    """Which ends of a child are followed by another start."""

    PERMANENT = "permanent"
    """Every one."""
    TRANSIENT = "transient"
    """Crashes only."""
    TEMPORARY = "temporary"
    """None."""


class Strategy(Enum):
    """Who is restarted together with a child. Siblings that have finished for good stay finished."""

    ONE_FOR_ONE = "one for one"
    """Nobody: siblings do not depend on each other."""
    REST_FOR_ONE = "rest for one"
    """Those that were started after it: each depends on the ones before."""
    ONE_FOR_ALL = "one for all"
    """All: they depend on each other."""


@frozen
class Limits:
    """How many restarts within which time are borne before the supervisor itself gives up.

    Attributes:
        restarts: borne within a period; one more is too many. OTP's default is 1 in 5 s, for restarts without delay.
        period_seconds: how long a restart counts.
    """

    restarts: int = field(default=5, validator=[whole, validators.ge(0)])
    period_seconds: float = field(default=60.0, validator=[number, validators.gt(0)])


@frozen
class Backoff:
    """How long to wait before a restart: doubled by each within the period of the limits, up to half more for jitter.

    Attributes:
        initial_seconds: before the first restart.
        max_seconds: at most, jitter included.
    """

    initial_seconds: float = field(default=0.1, validator=[number, validators.ge(0)])
    max_seconds: float = field(default=30.0, validator=[number, validators.ge(0)])

    def delay(self, restarts: int, draw: float) -> float:
        """Seconds before the restart that is the given one within the period.

        Args:
            restarts: 1 for the first.
            draw: a random number from 0 to 1.
        """
        doublings = min(restarts - 1, 60)  # Beyond that a float would overflow, long after the bound was reached.
        return min(self.max_seconds, self.initial_seconds * 2.0**doublings * (1 + draw / 2))


@frozen
class End:
    """A child came to an end by itself."""

    name: str
    restart: Restart
    crashed: bool

    @property
    def wants_restart(self) -> bool:
        """Whether the child's restart type asks for another start."""
        return self.restart is Restart.PERMANENT or (self.restart is Restart.TRANSIENT and self.crashed)


@frozen
class LeaveEnded:
    """Nobody is restarted."""


@frozen
class RestartThese:
    """These are stopped, as far as they run, and started again after the delay."""

    names: tuple[str, ...]
    """In the order of their start."""
    delay_seconds: float
    restarts: int
    """Restarts within the period, this one included."""


@frozen
class GiveUp:
    """That was one restart too many; the supervisor stops everything and fails."""

    name: str


Decision = LeaveEnded | RestartThese | GiveUp


class Policy:
    """The memory of one supervisor's restarts, and what follows from it."""

    def __init__(self, strategy: Strategy, limits: Limits, backoff: Backoff) -> None:
        self._strategy = strategy
        self._limits = limits
        self._backoff = backoff
        self._times: deque[float] = deque()

    def decide(self, ends: Sequence[End], running: Sequence[str], *, now: float, draw: float) -> Decision:
        """What to do about children that ended together.

        Args:
            ends: who ended.
            running: the names, in the order of their start, of all that have not finished for good, `ends` included.
            now: the time in seconds; later than at the last call, or the same.
            draw: a random number from 0 to 1, for the jitter.
        """
        to_restart = {end.name for end in ends if end.wants_restart}
        if not to_restart:
            return LeaveEnded()
        while self._times and self._times[0] <= now - self._limits.period_seconds:
            self._times.popleft()
        self._times.append(now)
        if len(self._times) > self._limits.restarts:
            return GiveUp(next(name for name in running if name in to_restart))
        restarts = len(self._times)
        gone = {end.name for end in ends} - to_restart
        names = tuple(name for name in self._affected(to_restart, running) if name not in gone)
        return RestartThese(names, self._backoff.delay(restarts, draw), restarts)

    def _affected(self, to_restart: set[str], running: Sequence[str]) -> Sequence[str]:
        if self._strategy is Strategy.ONE_FOR_ALL:
            return running
        if self._strategy is Strategy.REST_FOR_ONE:
            first = next(index for index, name in enumerate(running) if name in to_restart)
            return running[first:]
        return [name for name in running if name in to_restart]
