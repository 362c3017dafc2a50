"""ACL LOG: what was refused to whom."""

from __future__ import annotations

import itertools
from typing import Final

from attrs import define

SAME_WITHIN_MS: Final = 60_000
"""Refusals that are alike are one entry with a count, if they come within a minute."""


@define
class Refusal:
    """One entry.

    Attributes:
        reason: "auth", "command", "key" or "channel".
        context: "toplevel", "multi" or "lua".
        what: the command, key or channel; of a login the command that tried.
        user: who was refused.
        client: the line of CLIENT INFO.
    """

    number: int
    reason: bytes
    context: bytes
    what: bytes
    user: bytes
    client: bytes
    created_ms: int
    updated_ms: int
    count: int = 1


class AclLog:
    """The refusals, the newest first."""

    def __init__(self) -> None:
        self.entries: list[Refusal] = []
        self._numbers = itertools.count()

    def note(
        self, reason: bytes, what: bytes, user: bytes, client: bytes, *, context: bytes, now_ms: int, limit: int
    ) -> None:
        """Add a refusal, to an entry that is alike if there is one."""
        for entry in self.entries:
            if (entry.reason, entry.context, entry.what, entry.user) == (reason, context, what, user) and (
                now_ms - entry.updated_ms <= SAME_WITHIN_MS
            ):
                entry.count += 1
                entry.updated_ms = now_ms
                entry.client = client
                self.entries.remove(entry)
                self.entries.insert(0, entry)
                return
        number = next(self._numbers)
        self.entries.insert(0, Refusal(number, reason, context, what, user, client, now_ms, now_ms))
        del self.entries[limit:]
