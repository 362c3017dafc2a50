"""When an event that recurs is due: pure decisions, without Redis or Trio.

A recurrence is kept in Redis as a line of text, so that any process can tell the next time. What was due while nobody
looked is *missed*: it is made up for once, each time, or not at all.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from datetime import datetime, timezone
from itertools import count, islice, takewhile
from typing import Final, Literal, cast
from zoneinfo import ZoneInfo

from attrs import Attribute, field, frozen

from ..wire import number_or_none

Missed = Literal["once", "all", "skip"]
"""What is done about times that nobody saw: one event for all of them, one for each, or none."""

LATE_MS: Final = 60_000
"""What is later than this is missed, where that matters: as long as the rests between the times of cron."""

TICKS_MAX: Final = 100
"""Times that are made up for in one step; what is left follows at once."""

EVERY_SECONDS_MIN: Final = 1.0
"""Between two times, at least: each is a look of some process, and an entry."""


class CronMissing(ImportError):
    """Times in cron's words need the package `cronsim`."""


def _check_missed(_recurrence: object, _attribute: Attribute[str], missed: str) -> None:
    if missed not in ("once", "all", "skip"):
        raise ValueError(f"missed must be 'once', 'all' or 'skip', not {missed!r}")


def _check_every(_recurrence: Recurrence, _attribute: Attribute[float], seconds: float | None) -> None:
    if seconds is not None and not (math.isfinite(seconds) and seconds >= EVERY_SECONDS_MIN):
        raise ValueError(f"every must be {EVERY_SECONDS_MIN:g} or more seconds, not {seconds!r}")


def _check_zone(_recurrence: Recurrence, _attribute: Attribute[str], name: str) -> None:
    _zone(name)


@frozen
class Recurrence:
    """How an event recurs: every so many seconds, or at the times that a cron expression says.

    Attributes:
        every: seconds from one time to the next; None: as `cron` says.
        cron: minute, hour, day of the month, month, day of the week.
        zone: the time zone of `cron`, as "Europe/Berlin".
        missed: what is done about times that nobody saw.
        until_ms: no time after this, in milliseconds since 1970; None: no end.
    """

    every: float | None = field(default=None, validator=[number_or_none, _check_every])
    cron: str | None = None
    zone: str = field(default="UTC", validator=_check_zone)
    missed: Missed = field(default="once", validator=_check_missed)
    until_ms: int | None = None

    def __attrs_post_init__(self) -> None:
        if (self.every is None) == (self.cron is None):
            raise ValueError("an event recurs either every so many seconds, or as cron says: give one of the two")
        if self.cron is not None:
            next(self._ticks_after(0), None)  # so that mistakes are told here

    @property
    def rule(self) -> str:
        """As it is kept in Redis."""
        until = "-" if self.until_ms is None else str(self.until_ms)
        if self.cron is None:
            return f"every {self.every!r} {self.missed} {until}"
        return f"cron {self.zone} {self.missed} {until} {self.cron}"

    @classmethod
    def parse(cls, rule: str) -> Recurrence:
        """A recurrence as it is kept in Redis.

        Raises:
            ValueError: it is none.
            CronMissing: it can't be told here.
        """
        try:
            kind, what, missed, until, *cron = rule.split(" ", 4)
            until_ms = None if until == "-" else int(until)
            known = cast("Missed", missed)
            if kind == "cron":
                return cls(cron=cron[0], zone=what, missed=known, until_ms=until_ms)
            return cls(every=float(what), missed=known, until_ms=until_ms)
        except (ValueError, IndexError) as error:
            raise ValueError(f"{rule!r} says not how an event recurs: {error}") from error

    def first(self, now_ms: int) -> int | None:
        """The first time after now; None: there is none."""
        return next(self._until(self._ticks_after(now_ms)), None)

    def plan(self, due_ms: int, now_ms: int) -> tuple[Sequence[int], int | None]:
        """The times for which an event is made now, and when it is due again; None: never.

        Args:
            due_ms: when it was due.
            now_ms: what time it is: not before that.
        """
        ticks = self._until(self._ticks_from(due_ms))
        if self.missed == "all":
            made = list(islice(takewhile(lambda tick: tick <= now_ms, ticks), TICKS_MAX))
            seen_ms = made[-1] if made else due_ms
        else:
            is_late = self.missed == "skip" and now_ms - due_ms > LATE_MS
            made, seen_ms = list(islice(ticks, 0 if is_late else 1)), now_ms
        return made, next(self._until(self._ticks_after(seen_ms, due_ms)), None)

    def _until(self, ticks: Iterator[int]) -> Iterator[int]:
        return takewhile(lambda tick: self.until_ms is None or tick <= self.until_ms, ticks)

    def _ticks_from(self, due_ms: int) -> Iterator[int]:
        yield due_ms
        yield from self._ticks_after(due_ms, due_ms)

    def _ticks_after(self, ms: int, due_ms: int | None = None) -> Iterator[int]:
        """The times after a moment; of those that come every so often, counted from one of them."""
        if self.every is None:
            yield from _cron_ticks(self.cron or "", self.zone, ms)
            return
        step = round(self.every * 1000)
        start = ms if due_ms is None else due_ms
        yield from count(start + ((ms - start) // step + 1) * step, step)


def _cron_ticks(expression: str, zone: str, ms: int) -> Iterator[int]:
    try:
        from cronsim import CronSim, CronSimError  # noqa: PLC0415 - an optional extra
    except ImportError as error:
        raise CronMissing("times in cron's words need an extra: pip install 'redis-streams-trio[cron]'") from error
    try:
        times = CronSim(expression, datetime.fromtimestamp(ms // 1000, _zone(zone)))
    except CronSimError as error:
        raise ValueError(f"{expression!r} is no cron expression like '0 3 * * *': {error}") from None
    for time in times:
        yield int(time.timestamp()) * 1000


def _zone(name: str) -> ZoneInfo | timezone:
    if name == "UTC":
        return timezone.utc
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # KeyError: ZoneInfoNotFoundError
        raise ValueError(f"{name!r} is no time zone like 'Europe/Berlin' or 'UTC'") from None
