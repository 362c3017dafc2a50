"""When each key was used last, and how often: what OBJECT IDLETIME and FREQ tell, and eviction goes by."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from ._engine import Engine

NEW: Final = 5
"""What a key counts that was just made, so that it does not go before it can be used."""
MOST: Final = 255
_MINUTE_US: Final = 60_000_000


class Uses:
    """Of the keys of one database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._last_us: dict[bytes, int] = {}
        self._counts: dict[bytes, tuple[int, int]] = {}
        """How often, on a logarithmic scale, and in which minute that was counted."""

    def note(self, key: bytes) -> None:
        """A key was used by the client whose command runs."""
        engine = self._engine
        session = engine.running
        if session is not None and session.no_touch and session.last_command != "touch":
            return
        eviction = engine.eviction
        if eviction.ignores_reading:
            return
        self._last_us[key] = engine.now_us
        if eviction.counts_uses:
            self._counts[key] = (self._count_up(self.frequency(key)), engine.now_us // _MINUTE_US)

    def note_new(self, key: bytes) -> None:
        """A key holds another value."""
        self._last_us[key] = self._engine.now_us

    def restore(self, key: bytes, *, idle_s: int | None = None, frequency: int | None = None) -> None:
        """A key comes with how long nobody used it before, or how often it was used."""
        engine = self._engine
        if idle_s is not None and not engine.eviction.counts_uses:
            self._last_us[key] = engine.now_us - idle_s * 1_000_000
        if frequency is not None and engine.eviction.counts_uses:
            self._counts[key] = (frequency, engine.now_us // _MINUTE_US)

    def forget(self, key: bytes) -> None:
        """A key has gone."""
        self._last_us.pop(key, None)
        self._counts.pop(key, None)

    def last_us(self, key: bytes) -> int:
        """When it was used last."""
        return self._last_us.get(key, self._engine.started_us)

    def idle_s(self, key: bytes) -> int:
        """For how many seconds nobody used it."""
        return max(0, self._engine.now_us // 1_000_000 - self.last_us(key) // 1_000_000)

    def frequency(self, key: bytes) -> int:
        """How often it was used, less as time goes by."""
        count, minute = self._counts.get(key, (NEW, self.last_us(key) // _MINUTE_US))
        decay = self._engine.configuration.number("lfu-decay-time")
        return max(0, count - (self._engine.now_us // _MINUTE_US - minute) // decay) if decay else count

    def _count_up(self, count: int) -> int:
        factor = self._engine.configuration.number("lfu-log-factor")
        likely = self._engine.rng.random() < 1 / (max(0, count - NEW) * factor + 1)
        return count + 1 if count < MOST and likely else count
