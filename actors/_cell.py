"""One child of a supervisor through all its incarnations: started, ended, stopped; never two at a time.

::

    WAITING ─> STARTING ─> RUNNING ─┬─> FINISHED / FAILED
                  ^                 ├─> BACKING_OFF ─┐
                  └─────────────────┼────────────────┘
                                    └─> STOPPING ─> STOPPED
"""

from __future__ import annotations

import math
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
    split_error,
)
from ._snapshot import Snapshot, State
from ._stage import Stage


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
    _up: bool = False
    """Whether the incarnation said that it is up while somebody waited for that."""
    _grace: trio.CancelScope = field(factory=trio.CancelScope)
    """Around the wait for an incarnation that is being stopped."""
    _cancel_at: float = math.inf
    """When its grace ends."""
    _hurry_until: float = math.inf
    """When any grace ends, of this stop or of a later one."""

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
        self._up = False
        self._scope, self._gone = trio.CancelScope(), trio.Event()
        self.stage = Stage(self.child.name, self.path, self.incarnation, self.observer)
        with trio.move_on_after(self.child.start_timeout_seconds):
            await nursery.start(self._live, self.stage, nursery)
        if not self._up:
            # The start was given up: from outside, or at its limit.
            await trio.lowlevel.checkpoint_if_cancelled()
            self.error = StartTimeout(f"{self.path} did not start within {self.child.start_timeout_seconds:g} s")
            self.state = State.FAILED
            self._note_crash(self.error)
            raise self.error

    async def _live(self, stage: Stage, nursery: trio.Nursery, *, task_status: trio.TaskStatus[None]) -> None:
        task = trio.lowlevel.current_task()

        def started() -> None:
            task_status.started()
            # Trio does not move a task whose start was given up: it is cancelled, so what it says is not heard.
            if task.parent_nursery is nursery:
                self._up = True
                self.observer(ChildStarted(self.path, stage.incarnation))
                if self.state is State.STARTING:
                    self.state = State.RUNNING

        stage._on_started = started  # noqa: SLF001 - the other half of the same mechanism
        try:
            # The try stands outside the scope: inside, a crash mixed with the scope's own Cancelled would be missed.
            with self._scope:
                # A start that was called off by now must not enter the child: siblings may be stopping already.
                await trio.lowlevel.checkpoint_if_cancelled()
                await self.child.run(stage)
        except BaseException as error:
            cancelled, crash = split_error(error, trio.Cancelled)
            self._end(crash, cancelled=cancelled is not None)
            if cancelled is not None:
                # From outside, so it goes on its way; not so a crash beside it, which would tear down our siblings.
                raise cancelled from None
            if not self._up:
                raise  # Before the start it is the starter's to handle.
        else:
            stage.started()
            self._end(None, cancelled=False)

    def _end(self, crash: BaseException | None, *, cancelled: bool) -> None:
        stopped = self.state is State.STOPPING or cancelled
        by_itself = self._up and not stopped
        self.error = crash
        if crash is not None:
            self._note_crash(crash)
        if stopped or (crash is None and not self._up):
            self.state = State.STOPPED
        else:
            self.state = State.FINISHED if crash is None else State.FAILED
        if stopped and self._up:
            self.observer(ChildStopped(self.path, self.incarnation, cut=cancelled or self._scope.cancel_called))
        elif by_itself and crash is None:
            self.observer(ChildFinished(self.path, self.incarnation))
        self._gone.set()
        if by_itself:
            self.on_end(self)

    def _note_crash(self, error: BaseException) -> None:
        self.last_crash = in_words(error)
        self.observer(ChildCrashed(self.path, self.incarnation, error))

    async def stop(self) -> None:
        """Tell the incarnation to drain, give it its grace, then cancel it; return when it is gone.

        A stop that is cancelled may be taken up again: the grace goes on.
        """
        if not self.lives or self.stage is None:
            if self.state in (State.BACKING_OFF, State.WAITING):
                self.state = State.STOPPED
            return
        if self.state is not State.STOPPING:
            self._cancel_at = min(trio.current_time() + self.child.grace_seconds, self._hurry_until)
            if self._up:
                self.observer(ChildStopping(self.path, self.incarnation))
            self.state = State.STOPPING
            self.stage.drain()
        if not await self._wait_gone(self._cancel_at):
            self._scope.cancel()
            if not await self._wait_gone(trio.current_time() + max(self.child.grace_seconds, 1.0)):
                self.observer(StuckAfterCancel(self.path, self.incarnation))
                await self._gone.wait()

    def hurry(self, until: float) -> None:
        """Have the incarnation, and all below it, stop at once when they are told to stop: by this time at the latest.

        Of a supervisor that is the time of its children; it waits for them.
        """
        if self.stage is not None:
            self.stage.hurry()
        if self.child.supervisor is not None:
            self.child.supervisor.hurry(until)
        else:
            self._hurry_until = until
            self._cancel_at = self._grace.deadline = min(self._cancel_at, until)

    async def _wait_gone(self, until: float) -> bool:
        with trio.CancelScope(deadline=until) as self._grace:
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


def holds_cancelled(error: BaseException) -> bool:
    """Whether an error is or holds a cancellation."""
    return split_error(error, trio.Cancelled)[0] is not None
