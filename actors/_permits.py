"""Permits to begin: in a group that handles at most once, an event begins only when it is known to be acknowledged.

A worker asks for what it took, all of it at once. Asked for, an entry is *finished* in the hold, as one with a verdict:
nobody begins it, hands it back or takes it for lost. The settle that acknowledges it answers. Pure bookkeeping, without
Redis::

    asked ──┬─ acknowledged ──> granted: its place is kept until its handler has ended, but it is not held any more
            ├─ not ours ──────> refused: another consumer has it
            └─ unsure ────────> refused, and dropped: it may have been acknowledged by a try whose answer was lost
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Literal

import trio
from attrs import define, field

from ..wire import Entry

Delivery = Literal["at_least_once", "at_most_once"]
"""When a group acknowledges: after the handler returned, or before it begins."""


@define(eq=False)
class Permit:
    """What one worker asked for, and what became of it.

    Attributes:
        asked: by their ids, those without an answer.
        granted: those that it may begin.
        is_wanted: False from the moment when the worker is gone: what is granted then, nobody begins.
        answered: set when nothing is left to be answered.
    """

    asked: dict[bytes, Entry]
    granted: list[Entry] = field(factory=list[Entry])
    is_wanted: bool = True
    answered: trio.Event = field(factory=trio.Event)

    def take(self, raw_id: bytes) -> Entry:
        """This one is answered."""
        entry = self.asked.pop(raw_id)
        if not self.asked:
            self.answered.set()
        return entry


@define(eq=False)
class Permits:
    """Those of one consumer.

    Attributes:
        begun: places of what was granted to a worker that is there, and has not come to its end.
    """

    begun: int = 0
    doubted: set[bytes] = field(factory=set[bytes])
    """What may have been acknowledged in a former history of the group, and is asked for in the present one."""
    _asked: dict[bytes, Permit] = field(factory=dict[bytes, Permit])

    def ask(self, entries: Iterable[Entry]) -> Permit:
        """For these, which are held."""
        permit = Permit({entry.raw_id: entry for entry in entries})
        self._asked.update(dict.fromkeys(permit.asked, permit))
        return permit

    def grant(self, raw_ids: Iterable[bytes], refused: Collection[bytes]) -> Sequence[bytes]:
        """These are settled, but for the refused ones; returns what is acknowledged and wanted by nobody any more."""
        unwanted: list[bytes] = []
        for raw_id in raw_ids:
            permit = self._asked.pop(raw_id, None)
            if permit is None:
                continue
            entry = permit.take(raw_id)
            if raw_id in refused:
                continue
            if permit.is_wanted:
                permit.granted.append(entry)
                self.begun += 1
            else:
                unwanted.append(raw_id)
        return unwanted

    def refuse(self, raw_ids: Iterable[bytes]) -> Sequence[bytes]:
        """None of these is to begin; returns those that somebody had asked for."""
        refused = [raw_id for raw_id in raw_ids if raw_id in self._asked]
        for raw_id in refused:
            self._asked.pop(raw_id).take(raw_id)
        return refused

    def unanswered(self) -> Sequence[bytes]:
        """What nobody has said anything of."""
        return tuple(self._asked)
