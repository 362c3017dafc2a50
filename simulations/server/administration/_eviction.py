"""maxmemory: which keys go when memory runs out.

A real server looks at a few keys at a time and takes the best of these; here it is the best of all, which is what the
few are to come near to.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from ._memory import Ledger, used_memory

if TYPE_CHECKING:
    from .._engine import Engine
    from .._keyspace import Database

Candidate = tuple[float, int, bytes]
"""What it is worth (the least goes first), its database, the key."""

AT_ONCE: Final = 64
"""Candidates looked for at once, so that not every key that goes costs a look at all of them."""


class Eviction:
    """The policy of one engine, and what keys take while there is a limit."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._candidates: list[Candidate] = []
        """The last ones first."""
        self.most = 0
        self.policy = "noeviction"
        self.counts_uses = False
        self.ignores_reading = False

    def settings_changed(self) -> None:
        """CONFIG SET was said."""
        engine, settings = self._engine, self._engine.configuration
        self.most, self.policy = settings.number("maxmemory"), settings["maxmemory-policy"]
        self.counts_uses, self.ignores_reading = self.policy.endswith("lfu"), self.policy.endswith("lrm")
        self._candidates.clear()
        if not self.most:
            engine.ledger = None
        elif engine.ledger is None:
            engine.ledger = Ledger(engine)

    def make_room(self, bytes_asking: int = 0) -> bool:
        """Have keys go until there is memory enough; returns whether there is.

        Args:
            bytes_asking: what a command takes that is to run.
        """
        engine, most = self._engine, self.most - bytes_asking
        if not self.most or used_memory(engine) <= most:
            return True
        if engine.is_paused:
            return True
        if engine.role.replica_of is not None and engine.configuration["replica-ignore-maxmemory"] == "yes":
            return True
        if self.policy == "noeviction":
            return False
        began = engine.slowness.stopwatch()
        while used_memory(engine) > most:
            chosen = self._choose()
            if chosen is None:
                return False
            database, key = chosen
            database.evict(key)
        engine.slowness.note_event("eviction-cycle", (engine.slowness.stopwatch() - began) // 1000)
        return True

    def _choose(self) -> tuple[Database, bytes] | None:
        """The key that goes first."""
        databases = self._engine.databases
        while True:
            if not self._candidates:
                self._candidates = heapq.nsmallest(AT_ONCE, self._all())[::-1]
                if not self._candidates:
                    return None
            worth, index, key = self._candidates.pop()
            if key in databases[index].values and (self._is_random or self._worth(databases[index], key) == worth):
                return databases[index], key

    @property
    def _is_random(self) -> bool:
        return self.policy.endswith("random")

    def _all(self) -> Iterator[Candidate]:
        for database in self._engine.databases:
            for key in database.expires if self.policy.startswith("volatile") else database.values:
                yield self._worth(database, key), database.index, key

    def _worth(self, database: Database, key: bytes) -> float:
        if self._is_random:
            return self._engine.rng.random()
        if self.policy.endswith("ttl"):
            return database.expires[key]
        return database.uses.frequency(key) if self.counts_uses else database.uses.last_us(key)
