"""The parameters of CONFIG GET and SET: those that mean something here, and those that clients ask for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

DEFAULTS: Final[Mapping[str, str]] = {
    "stream-node-max-entries": "100",
    "stream-node-max-bytes": "4096",
    "databases": "16",
    "requirepass": "",
    "notify-keyspace-events": "",
    "maxmemory": "0",
    "maxmemory-policy": "noeviction",
    "min-replicas-to-write": "0",
    "min-replicas-max-lag": "10",
    "replica-serve-stale-data": "yes",
    "replica-read-only": "yes",
    "appendonly": "no",
    "appendfsync": "everysec",
    "save": "",
    "maxclients": "10000",
    "timeout": "0",
    "hz": "10",
    "proto-max-bulk-len": "536870912",
}


class Configuration:
    """Values by name, as text."""

    def __init__(self, given: Mapping[str, str] | None = None) -> None:
        self._values = {**DEFAULTS, **(given or {})}

    def __getitem__(self, name: str) -> str:
        return self._values[name]

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def names(self) -> list[str]:
        """All parameters, in the order of their names."""
        return sorted(self._values)

    def number(self, name: str) -> int:
        """A parameter that is a whole number."""
        return int(self._values[name])

    def set(self, name: str, value: str) -> None:
        """Set a parameter that exists."""
        self._values[name] = value
