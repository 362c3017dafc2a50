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
class Way:
    """How one thing is done with a server.

    Attributes:
        need: what is to be done.
        taken: how it is done with this server.
        is_newer: whether that is by the newer command; False: by what stands in for it.
        newer: the newer command.
        since: the version of Redis that has it.
    """

    need: str
    taken: str
    is_newer: bool
    newer: str
    since: str


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
    def drops_deleted(self) -> bool:
        """XCLAIM drops pending entries that were deleted from the stream (7.0)."""
        return self.version >= (7, 0, 0)

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

    def ways(self) -> Sequence[Way]:
        """For each thing that is done differently from version to version, the way that is taken with this server."""
        return [
            _way(
                self.pending_idle, "finding idle entries", "6.2", "XPENDING … IDLE", "XPENDING, picked by this process"
            ),
            _way(self.drops_deleted, "deleted entries that are pending", "7.0", "XCLAIM drops them", "acknowledged"),
            _way(self.lag, "lag of a group", "7.0", "XINFO GROUPS", "unknown"),
            _way(self.wait_fsync, 'durability="fsynced"', "7.2", "WAITAOF", "not to be had"),
            _way(self.publish_token, "publishing once", "8.6", "XADD … IDMP", "a script, tokens in two hashes"),
        ]


def _way(newer: bool, need: str, since: str, command: str, fallback: str) -> Way:  # noqa: FBT001 - one row of a table
    return Way(need, command if newer else fallback, newer, command, since)


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
