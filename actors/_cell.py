"""One child of a supervisor through all its incarnations: started, ended, stopped; never two at a time.

::

    WAITING ─> STARTING ─> RUNNING ─┬─> FINISHED / FAILED
                  ^                 ├─> BACKING_OFF ─┐
                  └─────────────────┼────────────────┘
                                    └─> STOPPING ─> STOPPED
"""

from __future__ import annotations

import sys
from collections.abc import Callable

import trio
from attrs import define, field

from ._child import Child
from ._errors import StartTimeout
from ._observer import (
    ChildCrashed,
    ChildFinished,
    ChildStarted,
    ChildStopped,
    ChildStopping,
    Observer,
    StuckAfterCancel,
    in_words,
)
from ._snapshot import Snapshot, State
from ._stage import Stage

if sys.version_info < (3, 11):
    from exceptiongroup import BaseExceptionGroup


@define(eq=False)
class Cell:
    """Where one child lives.

    Attributes:
        child: who.
        path: the child's.
        on_end: called with this cell when an incarnation has ended by itself, after it had started.
    """

    child: Child
    path: str
    observer: Observer
    on_end: Callable[[Cell], None]
    state: State = State.WAITING
    incarnation: int = 0
    error: BaseException | None = None
    """What the last incarnation ended with; None where it returned."""
    last_crash: str | None = None
    stage: Stage | None = None
    _scope: trio.CancelScope = field(factory=trio.CancelScope)
    _gone: trio.Event = field(factory=trio.Event)

    @property
    def lives(self) -> bool:
        """Whether an incarnation is there."""
        return self.state in (State.STARTING, State.RUNNING, State.STOPPING)

    async def start(self, nursery: trio.Nursery) -> None:
        """Start an incarnation and wait until it says that it is up, or has returned.

        Raises:
            StartTimeout: it did not say so in time, and was cancelled.
            Exception: what it raised before it was up.
        """
        self.incarnation += 1
        self.state = State.STARTING
        self.error = None
        self._scope, self._gone = trio.CancelScope(), trio.Event()
        self.stage = Stage(self.child.name, self.path, self.incarnation, self.observer)
        with trio.move_on_after(self.child.start_timeout_seconds) as limit:
            await nursery.start(self._live, self.stage)
        if limit.cancelled_caught:
            self.error = StartTimeout(f"{self.path} did not start within {self.child.start_timeout_seconds:g} s")
            self.state = State.FAILED
            self._note_crash(self.error)
            raise self.error

    async def _live(self, stage: Stage, *, task_status: trio.TaskStatus[None]) -> None:
        def started() -> None:
            self.state = State.RUNNING
            self.observer(ChildStarted(self.path, stage.incarnation))
            task_status.started()

        stage._on_started = started  # noqa: SLF001 - the other half of the same mechanism
        try:
            # The try stands outside the scope: inside, a crash mixed with the scope's own Cancelled would be missed.
            with self._scope:
                await self.child.run(stage)
        except BaseException as error:
            self._end(error)
            # Before the start it is the starter's to handle; and a cancellation from outside is nobody's to keep.
            if not stage.has_started or _holds_cancelled(error):
                raise
        else:
            stage.started()
            self._end(None)

    def _end(self, error: BaseException | None) -> None:
        by_itself = self.state is State.RUNNING
        self.error = error
        if self.state is State.STOPPING or _holds_cancelled(error):
            self.state = State.STOPPED
        else:
            self.state = State.FINISHED if error is None else State.FAILED
        if error is not None and not _holds_cancelled(error):
            self._note_crash(error)
        elif by_itself:
            self.observer(ChildFinished(self.path, self.incarnation))
        self._gone.set()
        if by_itself:
            self.on_end(self)

    def _note_crash(self, error: BaseException) -> None:
        self.last_crash = in_words(error)
        self.observer(ChildCrashed(self.path, self.incarnation, error))

    async def stop(self) -> None:
        """Tell the incarnation to drain, give it its grace, then cancel it; return when it is gone."""
        if not self.lives or self.stage is None:
            if self.state in (State.BACKING_OFF, State.WAITING):
                self.state = State.STOPPED
            return
        self.state = State.STOPPING
        self.observer(ChildStopping(self.path, self.incarnation))
        self.stage.drain()
        cut = not await self._wait_gone(self.child.grace_seconds)
        if cut:
            self._scope.cancel()
            if not await self._wait_gone(max(self.child.grace_seconds, 1.0)):
                self.observer(StuckAfterCancel(self.path, self.incarnation))
                await self._gone.wait()
        self.state = State.STOPPED
        self.observer(ChildStopped(self.path, self.incarnation, cut))

    async def _wait_gone(self, seconds: float) -> bool:
        with trio.move_on_after(seconds):
            await self._gone.wait()
        return self._gone.is_set()

    def snapshot(self) -> Snapshot:
        """The child as it is now, with all below it."""
        below = self.child.supervisor
        return Snapshot(
            self.child.name,
            self.path,
            self.state,
            self.incarnation,
            self.last_crash,
            self.stage.status if self.stage is not None else None,
            tuple(mailbox.statistics() for mailbox in self.child.mailboxes),
            below.children() if below is not None else (),
        )


def _holds_cancelled(error: BaseException | None) -> bool:
    if isinstance(error, BaseExceptionGroup):
        return any(_holds_cancelled(inner) for inner in error.exceptions)
    return isinstance(error, trio.Cancelled)
