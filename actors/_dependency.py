"""What handlers need and may be away, a database or a service: when a group pauses because of it, and when it goes on.

An event that always fails and a database that is away look alike from one handler. They differ in what happens to other
events meanwhile, and that is all that is looked at here: pure decisions, without clock, Redis or Trio.

::

    closed ──(so many different events failed by it, none succeeded in between)──> open
    open ────(its time is over)──> trying: one event, and the next one if that says nothing
    trying ──(that event succeeds)──> closed
    trying ──(it fails by the dependency)──> open, for twice as long

What fails by a dependency while the breaker is open or trying uses up no delivery; nor do the failures that opened it.
While it is closed a failure counts. But an event that has failed so often that it is to be given up gets more time,
until it fails though it had failed between two successes of others: then it is the event, and not the dependency. So
neither an outage too short or too quiet to open the breaker, nor one that comes and goes, buries what is healthy, and
what always fails is buried while others succeed.

Each process has a breaker of its own for each group: what is away for one may be there for another.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterable, Sequence
from random import Random
from typing import Final, Literal

from attrs import Attribute, define, field, frozen, validators

from ..wire import number, whole
from ._verdict import Reject, RetryLater

if sys.version_info < (3, 11):
    from exceptiongroup import BaseExceptionGroup

JITTER: Final = 0.25
"""By how much a pause is longer at random, as a share of it: processes do not all try at once."""

DOUBTS_MAX: Final = 10_000
"""Events of which it is known that they failed at their limit; one that is forgotten comes a few times more."""

Errors = type[Exception] | tuple[type[Exception], ...]


def _as_tuple(errors: Errors) -> tuple[type[Exception], ...]:
    return errors if isinstance(errors, tuple) else (errors,)


def _check_errors(_dependency: object, _attribute: object, errors: Iterable[object]) -> None:
    known = tuple(errors)
    if not known:
        raise ValueError("a dependency needs at least one class of errors that say that it is away")
    for kind in known:
        if not isinstance(kind, type) or not issubclass(kind, Exception):
            raise TypeError(
                f"errors are told apart by their classes, as in (ConnectionError, TimeoutError), not {kind!r}"
            )


def _check_name(_dependency: object, _attribute: Attribute[str], name: str) -> None:
    if not name:
        raise ValueError("a dependency needs a name, as in 'db'")


@frozen
class Dependency:
    """Something that handlers need and that may be away: then their group pauses, and gives up no event for it.

    Attributes:
        name: what messages call it.
        errors: classes of errors by which handlers fail when it is away; choose them so that nothing else raises them.
        after: so many different events in a row have to fail by it, while none succeeds.
        delay_seconds: the first pause, before one event is tried; doubled by each try that fails.
        max_delay_seconds: the longest pause.
    """

    name: str = field(validator=_check_name)
    errors: tuple[type[Exception], ...] = field(converter=_as_tuple, validator=_check_errors)
    after: int = field(default=5, validator=[whole, validators.ge(2)])
    delay_seconds: float = field(default=1.0, validator=[number, validators.gt(0)])
    max_delay_seconds: float = field(default=60.0, validator=[number, validators.gt(0)])

    def explains(self, error: BaseException | None) -> bool:
        """Whether this error says that it is away; a group of errors does if all of them do."""
        if isinstance(error, BaseExceptionGroup):
            return all(map(self.explains, error.exceptions))
        return isinstance(error, self.errors) and not isinstance(error, Reject | RetryLater)

    def pause(self, tries: int, rng: Random) -> float:
        """Seconds until the next try, after so many that failed."""
        seconds = min(self.max_delay_seconds, self.delay_seconds * 2.0 ** min(tries, 60))
        return seconds * (1 + rng.uniform(0, JITTER))


@define
class Failures:
    """Of one event in the present series: whose it is, the number of its last delivery, and how often it failed."""

    consumer: str
    deliveries: int
    times: int = 1

    @property
    def counted(self) -> int:
        """How many of its deliveries are to count if these do not; the first one always does, from its read on."""
        return max(1, self.deliveries - self.times)


State = Literal["closed", "open", "trying"]


class Breaker:
    """Decides for one group in one process. Times are those of any clock that does not go back.

    Args:
        dependencies: what its handlers need.
        rng: for the jitter.
        changed: called whenever the state has changed.
    """

    def __init__(self, dependencies: Sequence[Dependency], rng: Random, changed: Callable[[], None]) -> None:
        self.state: State = "closed"
        self.by: Dependency | None = None
        """Whose absence opened it."""
        self.since = 0.0
        self.until = math.inf
        """When it goes over from open to trying, or looks for something else to try."""
        self.tries = 0
        """Events that were tried in vain since it opened."""
        self.round = 0
        """Times that it began to look for something to try."""
        self._dependencies = dependencies
        self._rng = rng
        self._changed = changed
        self._series: dict[str, dict[bytes, Failures]] = {}
        self._forgiven: dict[str, dict[bytes, Failures]] = {}
        self._trial: bytes | None = None
        self._tried: set[bytes] = set()
        self._was_there = False
        self._asked: set[bytes] = set()
        self._proven: set[bytes] = set()
        self._doubts: dict[bytes, int] = {}

    def dependency(self, error: BaseException | None) -> Dependency | None:
        """Whose absence this error tells of."""
        return next((each for each in self._dependencies if each.explains(error)), None)

    # Whether to begin

    def places(self, most: int) -> int:
        """How many entries a consumer may hold that could hold so many."""
        return {"closed": most, "trying": min(1, most), "open": 0}[self.state]

    def may_begin(self, raw_id: bytes) -> bool:
        """Whether a handler may begin on this event now; while it is tried out, on one at a time."""
        if self.state == "trying" and self._trial is None:
            self._trial = raw_id
        return self.state == "closed" or self._trial == raw_id

    def ended(self, raw_id: bytes) -> None:
        """A run has ended, or was not begun after all. If it was the one that is tried, another one may be."""
        if self._trial == raw_id:
            self._trial = None
            self._changed()

    def eligible(self, raw_ids: Sequence[bytes]) -> Sequence[bytes]:
        """Which of these pending events may be taken now.

        One that always fails shall not be what is tried each time, nor stand before what is new: what was tried in this
        outage is passed over in every other round.
        """
        if self.state != "trying" or self.round % 2 == 0:
            return raw_ids
        return [raw_id for raw_id in raw_ids if raw_id not in self._tried]

    def look(self, now: float) -> None:
        """Let time pass."""
        if now >= self.until and self.by is not None:
            self.until = now + self.by.pause(self.tries, self._rng)
            if self._trial is None:
                self.state = "trying"
                self.round += 1
                self._changed()

    # What came of it

    def succeeded(self, raw_id: bytes) -> float | None:
        """A handler has done its work. If that closes the breaker: since when it was open."""
        self._was_there_for(raw_id)
        self._series.clear()
        if self.state == "closed" or self._trial != raw_id:
            return None
        self.state, self.until, self.by, self.tries, self._trial = "closed", math.inf, None, 0, None
        self.round = 0
        self._tried.clear()
        self._changed()
        return self.since

    def failed(self, raw_id: bytes, deliveries: int, consumer: str, dependency: Dependency, now: float) -> bool:
        """A handler has failed by a dependency; returns whether that opened the breaker, at first or again."""
        self._was_away_for(raw_id)
        if self.state == "closed":
            series = self._series.setdefault(dependency.name, {})
            before = series.get(raw_id)
            times = 1 if before is None or before.consumer != consumer else before.times + 1
            series[raw_id] = Failures(consumer, deliveries, times)
            if len(series) < dependency.after:
                return False
            self._forgive(series)
            self.since = now
        elif self._trial != raw_id:
            return False
        else:
            self._tried.add(raw_id)
            self.tries += 1
        self._open(dependency, now)
        return True

    def failed_otherwise(self, raw_id: bytes, deliveries: int, consumer: str) -> None:
        """A handler has failed by itself: that delivery counts, also if those before it are taken back."""
        for series in self._series.values():
            before = series.get(raw_id)
            if before is not None and before.consumer == consumer:
                before.deliveries = deliveries

    def _open(self, dependency: Dependency, now: float) -> None:
        self.state, self.by, self._trial = "open", dependency, None
        self.until = now + dependency.pause(self.tries, self._rng)
        self._series.clear()
        self._changed()

    def _forgive(self, series: dict[bytes, Failures]) -> None:
        for raw_id, failures in series.items():
            self._forgiven.setdefault(failures.consumer, {})[raw_id] = failures

    def take_forgiven(self, consumer: str) -> dict[bytes, Failures]:
        """The failures of this consumer that opened the breaker, once: they are not to count."""
        return self._forgiven.pop(consumer, {})

    # Whether an event that is at its limit may be given up

    def doubts(self, raw_id: bytes) -> int:
        """How often this event failed at its limit without being given up."""
        return self._doubts.get(raw_id, 0)

    def is_proven(self, raw_id: bytes) -> bool:
        """Whether the event fails, and not the dependency; asked before `failed`, at each failure at its limit.

        It is if it failed between two successes of others, and now fails once more.
        """
        if raw_id in self._proven:
            return True
        if self._was_there:
            self._asked.add(raw_id)
        self._doubts[raw_id] = self._doubts.get(raw_id, 0) + 1
        if len(self._doubts) > DOUBTS_MAX:
            self._forget(next(iter(self._doubts)))
        return False

    def _was_there_for(self, raw_id: bytes) -> None:
        self._was_there = True
        self._proven |= self._asked
        self._asked.clear()
        if raw_id in self._doubts:
            self._forget(raw_id)

    def _was_away_for(self, raw_id: bytes) -> None:
        self._was_there = False
        self._asked &= {raw_id}

    def _forget(self, raw_id: bytes) -> None:
        del self._doubts[raw_id]
        self._asked.discard(raw_id)
        self._proven.discard(raw_id)
