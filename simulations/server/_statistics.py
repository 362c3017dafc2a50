"""What INFO counts."""

from __future__ import annotations

from attrs import define, field


@define
class Statistics:
    """Counters since the server started, or since CONFIG RESETSTAT.

    Attributes:
        calls: how often each command ran, by its full name.
        failed: how often it ended in an error.
        rejected: how often it was refused before it ran.
        errors: error replies by their code: "ERR", "WRONGTYPE", …
        connections: clients that ever came.
        expired: keys that expired.
        hits, misses: look-ups of keys by commands that read.
    """

    calls: dict[str, int] = field(factory=dict)
    failed: dict[str, int] = field(factory=dict)
    rejected: dict[str, int] = field(factory=dict)
    errors: dict[str, int] = field(factory=dict)
    commands: int = 0
    connections: int = 0
    expired: int = 0
    hits: int = 0
    misses: int = 0

    def note_error(self, text: bytes) -> None:
        """Count an error reply."""
        code = text.split(b" ", 1)[0].decode("latin-1")
        self.errors[code] = self.errors.get(code, 0) + 1
