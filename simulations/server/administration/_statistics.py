"""What INFO counts."""

from __future__ import annotations

from attrs import define, field


@define
class CommandCount:
    """One command, by its full name.

    Attributes:
        calls: how often it ran.
        microseconds: how long it took in all.
        failed: how often it ended in an error.
        rejected: how often it was refused before it ran.
        durations: how often it took so many microseconds.
    """

    calls: int = 0
    microseconds: int = 0
    failed: int = 0
    rejected: int = 0
    durations: dict[int, int] = field(factory=dict)


@define
class Statistics:
    """Counters since the server started, or since CONFIG RESETSTAT.

    Attributes:
        by_command: in the order in which they were first called.
        errors: error replies by their code: "ERR", "WRONGTYPE", …
        connections: clients that ever came.
        expired, evicted: keys that expired, and that went as memory had run out.
        expired_unseen: those that expired before somebody looked at them.
        freed_apart: values that were so large that they were given back in the background.
        hits, misses: look-ups of keys by commands that read.
        bytes_in, bytes_out: what clients sent and were sent.
        refused: clients that were one too many.
    """

    by_command: dict[str, CommandCount] = field(factory=dict)
    errors: dict[str, int] = field(factory=dict)
    connections: int = 0
    expired: int = 0
    evicted: int = 0
    expired_unseen: int = 0
    freed_apart: int = 0
    hits: int = 0
    misses: int = 0
    bytes_in: int = 0
    bytes_out: int = 0
    refused: int = 0

    def of(self, name: str) -> CommandCount:
        """The counters of one command."""
        found = self.by_command.get(name)
        if found is None:
            found = self.by_command[name] = CommandCount()
        return found

    def note_error(self, text: bytes) -> None:
        """Count an error reply."""
        code = text.split(b" ", 1)[0].decode("latin-1")
        self.errors[code] = self.errors.get(code, 0) + 1

    @property
    def commands(self) -> int:
        """How many commands ran."""
        return sum(count.calls for count in self.by_command.values())
