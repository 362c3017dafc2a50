"""Between the Trio thread and the thread that called ``subscribe``: batches of events one way, verdicts the other.

The Trio side is a worker of the consumer: it puts a batch into a queue and waits for the verdicts. The other side runs
the handler on one event after the other and answers after the last one, or after `SLICE_SECONDS` with what it has: the
rest is offered again. So an acknowledgement never waits long for a slow neighbour, and fast handlers cost one crossing
between threads for a whole batch.
"""

from __future__ import annotations

import queue
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final, final

import trio
from attrs import define, field, frozen

from ..actors import Failed, Gate, NoReply, Reply, Verdict
from ._ctrl_c import CtrlC
from ._dispatch import failure_of, verdict_of
from ._event import Event

SLICE_SECONDS: Final = 0.02
"""How long verdicts gather at most: short beside any lease, long beside a crossing between threads (about 0.1 ms)."""


@frozen
class _Batch:
    """Events that wait for the subscribing thread, and where its verdicts go."""

    events: Sequence[Event[object]]
    reply: Reply[Sequence[Verdict]]
    token: trio.lowlevel.TrioToken

    def answer(self, verdicts: Sequence[Verdict]) -> None:
        """Send verdicts for the first so many events. When nobody waits any more the entries stay pending."""
        with suppress(trio.RunFinishedError):
            self.token.run_sync_soon(self.reply.set, verdicts)


@final
class _Look:
    """In the queue: nothing to handle, but something to look at."""


@define(eq=False)
class HandOver:
    """One consumer's crossing between the two threads.

    Attributes:
        gate: while it is closed no handler begins.
    """

    gate: Gate = field(factory=Gate, init=False)
    _queue: queue.SimpleQueue[_Batch | _Look | None] = field(factory=queue.SimpleQueue, init=False)
    _waiting: Reply[Sequence[Verdict]] | None = field(default=None, init=False)
    _abandoned: bool = field(default=False, init=False)
    _worked_off: bool = field(default=False, init=False)
    """Whether `work` has come to the end of the queue: there is nothing behind it to wait for."""

    # In the Trio thread

    async def run(self, events: Sequence[Event[object]]) -> Sequence[Verdict]:
        """Have events handled; the verdicts are for the first so many of them, none where nobody handles now."""
        if self._abandoned:
            return ()
        for event in events:
            event.lease.let_finish()
        self._waiting = Reply()
        self._queue.put(_Batch(events, self._waiting, trio.lowlevel.current_trio_token()))
        try:
            return await self._waiting.wait()
        except NoReply:
            return ()

    def abandon(self) -> None:
        """Say that nobody handles any more."""
        self._abandoned = True
        if self._waiting is not None:
            self._waiting.close()

    # In any thread

    def end(self) -> None:
        """Say that no more batches will come; `work` returns."""
        self._queue.put(None)

    # In the subscribing thread

    def work(self, handler: Callable[[Event[object]], object]) -> None:
        """Handle batches until the last one is done; when that is so already, return."""
        if self._worked_off:
            return
        with CtrlC(wake=lambda: self._queue.put(_Look())) as ctrl_c:
            while (batch := self._queue.get()) is not None:
                if isinstance(batch, _Batch):
                    self._work_on(batch, handler, ctrl_c)
                ctrl_c.raise_if_noted()
            self._worked_off = True
            ctrl_c.raise_if_noted()

    def _work_on(self, batch: _Batch, handler: Callable[[Event[object]], object], ctrl_c: CtrlC) -> None:
        verdicts: list[Verdict] = []
        try:
            self._handle(batch, handler, verdicts, ctrl_c)
        finally:
            batch.answer(verdicts)

    def _handle(
        self, batch: _Batch, handler: Callable[[Event[object]], object], verdicts: list[Verdict], ctrl_c: CtrlC
    ) -> None:
        end = time.monotonic() + SLICE_SECONDS
        for event in batch.events:
            if batch.reply.closed or self.gate.is_closed or ctrl_c.noted:
                return  # The time to stop is over, and these were handed back; or they are to be, or to wait.
            if event.lease.lost:
                verdicts.append(Failed(None))  # Not heard by anybody: whoever owns it now handles it.
                continue
            try:
                ctrl_c.in_handler = True
                answer = handler(event)
                ctrl_c.in_handler = False
                verdicts.append(verdict_of(answer))
            except BaseException as error:  # noqa: BLE001 - this is where users' code ends
                ctrl_c.in_handler = False
                verdicts.append(Failed(None))  # If it ends the program: then this event is delivered again.
                verdicts[-1] = failure_of(error, ())
            if time.monotonic() > end:
                return
