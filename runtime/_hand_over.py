"""Between the Trio thread and the thread that called ``subscribe``: batches of events one way, verdicts the other.

The Trio side is a worker of the consumer: it puts a batch into a queue and waits for the verdicts. The other side runs
the handler on one event after the other and answers after the last one, or after `SLICE_SECONDS` with what it has: the
rest is offered again. So an acknowledgement never waits long for a slow neighbour, and fast handlers cost one crossing
between threads for a whole batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, final

import trio
from attrs import frozen

from ..actors import Reply, Verdict
from ._event import Event

SLICE_SECONDS: Final = 0.02
"""How long verdicts gather at most: short beside any lease, long beside a crossing between threads (about 0.1 ms)."""


@frozen
class Batch:
    """Events that wait for the subscribing thread, and where its verdicts go."""

    events: Sequence[Event[object]]
    reply: Reply[Sequence[Verdict]]
    token: trio.lowlevel.TrioToken

    def answer(self, verdicts: Sequence[Verdict]) -> None:
        """Send verdicts for the first so many events."""
        try:
            self.token.run_sync_soon(self.reply.set, verdicts)
        except trio.RunFinishedError:
            pass  # Nobody waits for them any more: the entries stay pending and are delivered again.


@final
class Closed:
    """Put into the queue to wake a subscriber that is to return."""
