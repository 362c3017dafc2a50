"""How much memory things would take: an estimate that grows with the data, no more."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Final, cast

from .._keyspace import Value

if TYPE_CHECKING:
    from .._engine import Engine

EMPTY_SERVER: Final = 900_000
PER_KEY: Final = 64
PER_ENTRY: Final = 40
"""Of whatever a stream, hash, list or set has, beside its bytes."""
SAMPLES: Final = 5
"""Looked at for the bytes of all entries, as MEMORY USAGE does."""


def memory_of(key: bytes, value: Value) -> int:
    """MEMORY USAGE of a key."""
    if isinstance(value, bytes):
        return PER_KEY + len(key) + len(value)
    entries = entries_of(value)
    return PER_KEY + len(key) + int(entries * (PER_ENTRY + _bytes_of_entry(value)))


def entries_of(value: Value) -> int:
    """How many of whatever it has."""
    length = getattr(value, "length", None)
    return length if isinstance(length, int) else len(_parts(value))


def _parts(value: Value) -> Collection[object]:
    for name in ("members", "fields", "scores", "items"):
        parts = cast("object", getattr(value, name, None))
        if isinstance(parts, Collection):
            return cast("Collection[object]", parts)
    return (value,)


def _bytes_of_entry(value: Value) -> float:
    """The bytes of an entry, as a few of them have."""
    parts = _parts(value)
    held = cast("Mapping[object, object]", parts) if isinstance(parts, Mapping) else {}
    sizes = [_size(part) + _size(held.get(part)) for part in islice(parts, SAMPLES)]
    return sum(sizes) / len(sizes) if sizes else 0


def _size(part: object) -> int:
    return len(part) if isinstance(part, bytes) else 0 if part is None else 8


class Ledger:
    """What all keys take, kept up to date while maxmemory asks for it with each command."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._changed: set[tuple[int, bytes]] = set()
        self._sizes: dict[tuple[int, bytes], int] = {}
        self._total = 0
        self.note = self._changed.add
        """A key, with the number of its database, was changed."""
        self.count_anew()

    def count_anew(self) -> None:
        """Everything may be elsewhere."""
        self._sizes.clear()
        self._total = 0
        self._changed.update((each.index, key) for each in self._engine.databases for key in each.values)

    def used(self) -> int:
        """What all keys take together."""
        while self._changed:
            place = self._changed.pop()
            value = self._engine.databases[place[0]].values.get(place[1])
            size = 0 if value is None else memory_of(place[1], value)
            self._total += size - self._sizes.pop(place, 0)
            if size:
                self._sizes[place] = size
        return self._total


def used_memory(engine: Engine) -> int:
    """The used_memory of INFO."""
    if engine.ledger is not None:
        return EMPTY_SERVER + engine.pubsub.bytes + engine.ledger.used()
    held = sum(memory_of(key, value) for database in engine.databases for key, value in database.values.items())
    return EMPTY_SERVER + engine.pubsub.bytes + held
