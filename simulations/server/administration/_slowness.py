"""Commands that take long: noticed, and noted where SLOWLOG and LATENCY look."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from .._facts import flags_of
from .._session import Session, Words
from ..access._secrets import without_secrets
from ._latency import LatencyMonitor
from ._slow_log import SlowLog

if TYPE_CHECKING:
    from .._engine import Engine


class Slowness:
    """What takes long in one engine.

    Attributes:
        log: of SLOWLOG.
        events: of LATENCY.
        stopwatch: nanoseconds that go by while something runs; whoever feeds the engine may give it one that goes.
        least_us: what takes so long is noted somewhere.
    """

    def __init__(self, engine: Engine) -> None:
        self.log = SlowLog()
        self.events = LatencyMonitor()
        self.stopwatch: Callable[[], int] = int
        self.least_us = math.inf
        self._engine = engine

    def anew(self) -> Slowness:
        """The same, with nothing noted."""
        other = Slowness(self._engine)
        other.stopwatch = self.stopwatch
        other.settings_changed()
        return other

    def settings_changed(self) -> None:
        """CONFIG SET was said."""
        settings = self._engine.configuration
        slow_us, event_ms = settings.number("slowlog-log-slower-than"), settings.number("latency-monitor-threshold")
        self.least_us = min(slow_us if slow_us >= 0 else math.inf, event_ms * 1000 if event_ms else math.inf)

    def note_command(self, session: Session, name: str, words: Words, took_us: int) -> None:
        """A command took so long."""
        engine, flags = self._engine, flags_of(self._engine.profile, name)
        least_us = engine.configuration.number("slowlog-log-slower-than")
        # What a script does is the script's.
        if 0 <= least_us <= took_us and "skip_slowlog" not in flags and not session.in_script:
            shown = without_secrets(engine.profile, name, words)
            most = engine.configuration.number("slowlog-max-len")
            at_s = engine.now_ms // 1000
            self.log.note(shown, took_us, at_s=at_s, address=session.address, name=session.name, most=most)
        self.note_event("fast-command" if "fast" in flags else "command", took_us)

    def note_event(self, name: str, took_us: int) -> None:
        """Something took so long; it is noted if that is too long."""
        least_ms = self._engine.configuration.number("latency-monitor-threshold")
        if 0 < least_ms * 1000 <= took_us:
            self.events.note(name, self._engine.now_ms // 1000, took_us // 1000)
