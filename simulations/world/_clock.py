"""Virtual time: it stands still while anybody can run, and then jumps to whatever comes next.

Trio asks its clock how long to sleep only when no task can run. That is the moment to do what the world has scheduled
(a packet arrives, a server's timer fires, a fault strikes) or to go to the next deadline of a task, whichever is
earlier. Nobody ever sleeps.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable
from functools import partial

import trio
from attrs import define
from typing_extensions import override

from ._trio import is_anybody_waiting_for_idle, ready

IDLE_SECONDS = 1.0
"""What Trio is told while a task waits for all others to be blocked: more than nothing, so that it is woken."""


@define(eq=False)
class Timer:
    """Something that will be done; `cancel` it to have it not done."""

    when: float
    action: Callable[[], None] | None

    def cancel(self) -> None:
        """Have it not done."""
        self.action = None


class VirtualClock(trio.abc.Clock):
    """Trio's clock of a simulated run, and the queue of what happens outside of tasks.

    Args:
        on_stuck: called when nothing can ever happen again: a deadlock.
    """

    def __init__(self, on_stuck: Callable[[], None]) -> None:
        self.now = 0.0
        self._on_stuck = on_stuck
        self._timers: list[tuple[float, int, Timer]] = []
        self._number = 0
        self._idle_looks = 0

    def note_turn(self) -> None:
        """Somebody ran."""
        self._idle_looks = 0

    def call_at(self, when: float, action: Callable[[], None]) -> Timer:
        """Do something at a time, in seconds; those of the same time in the order of these calls."""
        self._number += 1
        timer = Timer(max(when, self.now), action)
        heapq.heappush(self._timers, (timer.when, self._number, timer))
        return timer

    async def sleep_until(self, when: float) -> None:
        """As `trio.sleep_until`, for the world's own: without a scope to be cancelled, which takes far longer."""
        if when <= self.now:
            await trio.lowlevel.checkpoint()
            return
        timer = self.call_at(when, partial(trio.lowlevel.reschedule, trio.lowlevel.current_task()))

        def give_up(_raise_cancel: Callable[[], object]) -> trio.lowlevel.Abort:
            timer.cancel()
            return trio.lowlevel.Abort.SUCCEEDED

        await trio.lowlevel.wait_task_rescheduled(give_up)

    async def sleep(self, seconds: float) -> None:
        """As `trio.sleep`."""
        await self.sleep_until(self.now + seconds)

    @override
    def start_clock(self) -> None:
        """Nothing needs to be done."""

    @override
    def current_time(self) -> float:
        return self.now

    @override
    def deadline_to_sleep_time(self, deadline: float) -> float:
        if is_anybody_waiting_for_idle():
            return IDLE_SECONDS
        runnable, timers = ready(), self._timers
        while not runnable and timers and timers[0][0] <= deadline:
            when, _, timer = heapq.heappop(timers)
            if timer.action is not None:
                self.now = max(self.now, when)
                timer.action()
        if not runnable:
            if deadline < math.inf:
                self.now = max(self.now, deadline)
            else:
                # Trio may have something to do that shows only when it looks for events: it has one more look.
                self._idle_looks += 1
                if self._idle_looks > 1:
                    self._on_stuck()
        return 0.0
