"""Who waits for which keys, and until when: the bookkeeping alone. What a wait comes to is the engine's business.

Those who wait for a key stand in a queue in the order in which they began; a signal marks the key, and when the command
that gave it is over, all in the queue look again. The ends of waits are in one heap; a wait that ended otherwise stays
there until its time comes.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Iterator

from ._session import Block, Session

Place = tuple[int, bytes]
"""A database and a key."""


class Waiting:
    """The sessions that wait."""

    def __init__(self) -> None:
        self._queues: dict[Place, dict[Session, Block]] = {}
        self.ready: dict[Place, None] = {}
        """The keys that were signalled; not to be changed."""
        self._ends: list[tuple[float, int, Session, Block]] = []
        """When a wait is over, or has to look again; the number is different in each, so that no sessions compare."""
        self._numbers = itertools.count()

    @property
    def keys(self) -> int:
        """How many keys are waited for."""
        return len(self._queues)

    def begin(self, session: Session, block: Block) -> None:
        """A session waits from now on."""
        session.block = block
        for key in block.keys:
            self._queues.setdefault((block.database, key), {}).setdefault(session, block)
        self._note_end(session, block, block.deadline_ms)
        self.look_again(session, block)

    def end(self, session: Session) -> None:
        """A session waits no more, if it did."""
        block, session.block = session.block, None
        if block is not None:
            self._leave(session, block)

    def go_behind(self, session: Session, block: Block) -> None:
        """A session that looked in vain waits behind the others."""
        self._leave(session, block)
        for key in block.keys:
            self._queues.setdefault((block.database, key), {})[session] = block

    def look_again(self, session: Session, block: Block) -> None:
        """Have `take_due` give this wait when it says so."""
        self._note_end(session, block, block.look_again_ms)

    def signal(self, place: Place) -> None:
        """Something happened to a key that sessions may wait for."""
        if place in self._queues:
            self.ready[place] = None

    def take_ready(self) -> Iterator[tuple[Session, Block, bytes]]:
        """The waits for keys that were signalled, first come, first served; what is done for one may signal more."""
        while self.ready:
            ready, self.ready = self.ready, {}
            for place in ready:
                for session, block in list(self._queues.get(place, {}).items()):
                    if session.block is block:
                        yield session, block, place[1]

    def take_due(self, timer_ms: float) -> Iterator[tuple[Session, Block]]:
        """The waits whose time has come, to end or to look again."""
        while self._ends and self._ends[0][0] <= timer_ms:
            _, _, session, block = heapq.heappop(self._ends)
            if session.block is block:
                yield session, block

    def next_end_ms(self) -> float | None:
        """When `take_due` has something to give at the earliest."""
        while self._ends and self._ends[0][2].block is not self._ends[0][3]:
            heapq.heappop(self._ends)
        return self._ends[0][0] if self._ends else None

    def _note_end(self, session: Session, block: Block, at_ms: float | None) -> None:
        if at_ms is not None:
            heapq.heappush(self._ends, (at_ms, next(self._numbers), session, block))

    def _leave(self, session: Session, block: Block) -> None:
        for key in block.keys:
            place = (block.database, key)
            queue = self._queues.get(place)
            if queue is not None:
                queue.pop(session, None)
                if not queue:
                    del self._queues[place]
