"""What the server at the other end can do.

Newer commands are used where they are, and each has a fallback for older servers, down to 5.0.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from attrs import frozen

Version = tuple[int, int, int]

OLDEST: Final[Version] = (5, 0, 0)
"""The first version with streams; assumed of a server that does not say its own."""

PROBED: Final = ("XAUTOCLAIM", "XACKDEL", "XDELEX", "XCFGSET", "XNACK", "WAITAOF")
"""Commands that came after 5.0 and are asked for by name: forks count versions of their own."""


@frozen
class Capabilities:
    """A server's version, and which of the newer commands it has.

    Attributes:
        version: as INFO says it; of a fork not its own number, but the Redis version that it is compatible with.
            OLDEST where this user may not ask.
        commands: those of `PROBED` that the server has.
    """

    version: Version = OLDEST
    commands: frozenset[str] = frozenset()

    @property
    def pending_idle(self) -> bool:
        """XPENDING … IDLE (6.2): the server itself picks the entries that have been idle for long enough."""
        return self.version >= (6, 2, 0)

    @property
    def autoclaim(self) -> bool:
        """XAUTOCLAIM (6.2)."""
        return "XAUTOCLAIM" in self.commands

    @property
    def lag(self) -> bool:
        """XINFO GROUPS tells how far behind a group is (7.0)."""
        return self.version >= (7, 0, 0)

    @property
    def claim_in_read(self) -> bool:
        """XREADGROUP … CLAIM (8.4): idle and new entries in one read."""
        return self.version >= (8, 4, 0) and "XACKDEL" in self.commands

    @property
    def publish_token(self) -> bool:
        """XADD … IDMP (8.6): a repeated publish appends once."""
        return "XCFGSET" in self.commands

    @property
    def wait_fsync(self) -> bool:
        """WAITAOF (7.2): waits until what was written is on the disk."""
        return "WAITAOF" in self.commands

    @property
    def ack_and_delete(self) -> bool:
        """XACKDEL (8.2): acknowledge, and delete when no group needs the entry any more."""
        return "XACKDEL" in self.commands

    def table(self) -> Sequence[tuple[str, bool]]:
        """Each capability by its name, for a person to read."""
        names = ("pending_idle", "autoclaim", "lag", "claim_in_read", "publish_token", "wait_fsync", "ack_and_delete")
        return [(name, bool(getattr(self, name))) for name in names]


def parse_version(info: str) -> Version:
    """The version in the answer to INFO server; the oldest where there is none."""
    value = info_field(info, "redis_version")
    if not value:
        return OLDEST
    numbers = [int(part) for part in value.split(".") if part.isdecimal()]
    major, minor, patch = (*numbers, 0, 0, 0)[:3]
    return (major, minor, patch)


def info_field(info: str, wanted: str) -> str:
    """One field of an answer to INFO; "" where there is none."""
    for line in info.splitlines():
        name, _, value = line.partition(":")
        if name == wanted:
            return value.strip()
    return ""
