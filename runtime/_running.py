"""What exists only while a runtime runs, and how other threads reach it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Final

import trio
from attrs import define, field

from ..actors import Supervisor
from ..wire import Client
from ._errors import NotRunning
from ._publishing import Publishing

AT_ONCE_SECONDS: Final = 2.0
"""What a stop at once has to settle and to hand back: some round trips."""


def check_trio() -> None:
    """Look whether Trio runs here.

    Raises:
        RuntimeError: it does not, as under asyncio.
    """
    try:
        trio.lowlevel.current_task()
    except RuntimeError:
        raise RuntimeError(
            "a Runtime needs Trio: begin with trio.run(main). Without it there are StreamProducer and StreamConsumer"
        ) from None


@define(eq=False)
class Running:
    """One run of a runtime."""

    client: Client
    root: Supervisor
    scope: trio.CancelScope
    publishing: Publishing
    stopping: trio.Event = field(factory=trio.Event, init=False)
    token: trio.lowlevel.TrioToken = field(factory=trio.lowlevel.current_trio_token, init=False)

    def stop(self, *, at_once: bool) -> None:
        """Begin to stop, from any thread."""
        if _in_run_of(self.token):
            self._stop(at_once=at_once)
        else:
            with suppress(trio.RunFinishedError):
                self.token.run_sync_soon(partial(self._stop, at_once=at_once))

    def call(self, function: Callable[[], None]) -> None:
        """Call a plain function in the thread of the run, from any thread; returns when it has returned."""
        if _in_run_of(self.token):
            function()
        else:
            trio.from_thread.run_sync(function, trio_token=self.token)

    def _stop(self, *, at_once: bool) -> None:
        self.stopping.set()
        self.scope.cancel()
        if at_once:
            self.root.hurry(trio.current_time() + AT_ONCE_SECONDS)


@define(eq=False)
class Up:
    """Tells whoever waits for a runtime to be up, and remembers whether it was."""

    waiter: trio.TaskStatus[None]
    _told: bool = field(default=False, init=False)

    def started(self, value: None = None) -> None:
        """It is up."""
        self._told = True
        self.waiter.started(value)

    def raise_if_never(self) -> None:
        """Raise `NotRunning` where somebody waits in vain: Trio's own error would be about its inner workings."""
        if not self._told and self.waiter is not trio.TASK_STATUS_IGNORED:
            raise NotRunning("the runtime was stopped before it was up")


def _in_run_of(token: trio.lowlevel.TrioToken) -> bool:
    """Whether this is the thread of that Trio run."""
    try:
        return trio.lowlevel.current_trio_token() is token
    except RuntimeError:
        return False
