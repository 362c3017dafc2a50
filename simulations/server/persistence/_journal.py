"""Every change in its order: what an append-only file holds, and what replicas receive.

The engine is deterministic: the same commands at the same times on the same state do the same again. So the state
after any number of changes is what those changes make of an empty server, and a crash, a stale replica or a snapshot is
no more than a position in the journal.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from attrs import define, field, frozen

from .._session import Words

if TYPE_CHECKING:
    from .._engine import Engine


@frozen
class Change:
    """A command that changed something.

    Attributes:
        database: where.
        words: the command.
        now_us: the wall clock at that moment.
        group: the same number for commands that no crash and no failover can part: those of one EXEC.
    """

    database: int
    words: Words
    now_us: int
    group: int


@define
class Journal:
    """All changes since the server was empty."""

    changes: list[Change] = field(factory=list)

    def __len__(self) -> int:
        return len(self.changes)

    def note(self, database: int, words: Words, now_us: int, group: int) -> None:
        """Add a change."""
        self.changes.append(Change(database, words, now_us, group))

    def whole_groups(self, position: int) -> int:
        """The last position up to here that parts no group."""
        changes = self.changes
        while 0 < position < len(changes) and changes[position].group == changes[position - 1].group:
            position -= 1
        return position


def replay(engine: Engine, changes: Sequence[Change]) -> None:
    """Have an engine do these changes. Nobody is woken or answered."""
    session = engine.connect("journal")
    for change in changes:
        engine.now_us = change.now_us
        session.database = change.database
        engine.run(session, change.words, nested=True)
    engine.disconnect(session)
