"""Which faults touched whom, and when.

A fault is felt for longer than it lasts: a connection through which nothing passes is noticed when a reply is late, and
who was refused waits before the next try, the longer the longer it went on. So each is taken to be felt for twice its
own time and some more: `SILENCE_MS` where nobody hears that something is wrong, `AFTERMATH_MS` where they do.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from attrs import frozen

from ..history import FaultStruck, History, Phase
from ..plan import (
    Blackhole,
    CrashServer,
    CutPower,
    Delay,
    DeleteEntries,
    Effect,
    FailOver,
    ForgetScripts,
    Hang,
    LosePower,
    Partition,
    Raise,
    Refuse,
    RestartEmpty,
    Site,
    Slow,
)

SILENCE_MS = 10_000.0
"""A blocking read is given up 5 s after its BLOCK of up to 5 s: by then the last connection is a new one."""

AFTERMATH_MS = 5000.0
"""A new connection, a few tries with backoff, or the restarts of an actor: each is a matter of a second or two."""

_SILENT = (Blackhole, CrashServer, CutPower, FailOver, LosePower, Partition, Refuse, RestartEmpty)


@frozen
class Touch:
    """A fault while it is felt. `host` is "" if everybody feels it."""

    struck: FaultStruck
    place: int
    host: str
    from_ms: float
    until_ms: float

    def meets(self, hosts: frozenset[str], from_ms: float, until_ms: float) -> bool:
        """Whether one of these felt it within a span of time."""
        return (not self.host or self.host in hosts) and self.from_ms <= until_ms and self.until_ms >= from_ms


def touches(history: History) -> Sequence[Touch]:
    """All faults that struck; worked out once."""
    return history.once(_touches)


def _touches(history: History) -> Sequence[Touch]:
    heals_ms = next((record.at_ms for record in history.of(Phase) if record.name == "healing"), math.inf)
    return tuple(_each_touch(history, heals_ms))


def _each_touch(history: History, heals_ms: float) -> Iterator[Touch]:
    for place, record in enumerate(history.records):
        if isinstance(record, FaultStruck):
            effect, when = record.fault.effect, record.fault.when
            host = "" if effect.strikes == "server" and effect.kind != "kill-clients" else when.host
            until_ms = record.at_ms + _felt_ms(effect)
            if host in history.plan.broken_for_good and isinstance(effect, Partition | Refuse):
                until_ms = max(until_ms, heals_ms)
            yield Touch(record, place, host, record.at_ms, until_ms)


def _felt_ms(effect: Effect) -> float:
    match effect:
        case Raise() | ForgetScripts() | DeleteEntries():
            felt_ms = 0.0
        case Hang():
            felt_ms = math.inf
        case Delay(ms=ms) | Slow(ms=ms):
            felt_ms = ms
        case _:
            spans = (getattr(effect, name, 0.0) for name in ("ms", "loading_ms", "lag_ms", "split_ms"))
            own_ms = sum(abs(span) for span in spans if isinstance(span, float))
            felt_ms = 2 * own_ms + (SILENCE_MS if isinstance(effect, _SILENT) else AFTERMATH_MS)
    return felt_ms


def raises_after_the_end(touch: Touch) -> bool:
    """Whether this fault has a handler fail that had noted its end already."""
    when = touch.struck.fault.when
    return isinstance(touch.struck.fault.effect, Raise) and isinstance(when, Site) and not when.before
