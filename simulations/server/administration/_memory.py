"""How much memory things would take: an estimate that grows with the data, no more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .._keyspace import Value

if TYPE_CHECKING:
    from .._engine import Engine

EMPTY_SERVER: Final = 900_000
PER_KEY: Final = 64
PER_ENTRY: Final = 40
"""Of whatever a stream, hash, list or set has."""


def memory_of(key: bytes, value: Value) -> int:
    """MEMORY USAGE of a key."""
    if isinstance(value, bytes):
        return PER_KEY + len(key) + len(value)
    length = getattr(value, "length", None)
    return PER_KEY + len(key) + PER_ENTRY * (length if isinstance(length, int) else 1)


def used_memory(engine: Engine) -> int:
    """The used_memory of INFO."""
    held = sum(memory_of(key, value) for database in engine.databases for key, value in database.values.items())
    return EMPTY_SERVER + held
