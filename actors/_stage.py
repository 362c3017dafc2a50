"""What an actor stands on: its name, its way to say that it is up, and its way to hear that it shall stop."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType

import trio
from typing_extensions import Self

from ._observer import ActorEvent, Observer


class Intake:
    """A place to wait for new work: draining ends only what waits here. Made by `Stage.intake`.

    ``cut`` says afterwards whether the wait was ended by draining.
    """

    __slots__ = ("_scope", "_stage", "cut")

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._scope = trio.CancelScope()
        self.cut = False

    def __enter__(self) -> Self:
        """Begin to wait; not at all when the stage drains already."""
        self._scope.__enter__()
        self._stage._intakes[self._scope] = True  # noqa: SLF001 - the two are one mechanism
        if self._stage.draining:
            self._scope.cancel()
        return self

    # It returns bool so that type checkers know: what stands after the block is reached.
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool:
        """Swallow the cancellation that draining caused, and no other."""
        self._stage._intakes.pop(self._scope, None)  # noqa: SLF001
        swallowed = self._scope.__exit__(kind, error, traceback)
        self.cut = self._scope.cancelled_caught
        return bool(swallowed)


class Waking:
    """Has a function called when the stage begins to drain, for as long as the block lasts."""

    __slots__ = ("_stage", "_wake")

    def __init__(self, stage: Stage, wake: Callable[[], None]) -> None:
        self._stage = stage
        self._wake = wake

    def __enter__(self) -> None:
        """From now on."""
        self._stage._wakes[self] = self._wake  # noqa: SLF001 - the two are one mechanism

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        """Until now."""
        del self._stage._wakes[self]  # noqa: SLF001


class Stage:
    """What one incarnation of an actor gets.

    Attributes:
        name: the actor's own, as in "consumer-0".
        path: with those of its supervisors, as in "root/streams/stream:orders/group:billing/consumers/consumer-0".
        incarnation: 1 at first, one more after each restart.
        draining: whether the actor is to finish what it has and return.
    """

    def __init__(self, name: str, path: str, incarnation: int, observer: Observer) -> None:
        self.name = name
        self.path = path
        self.incarnation = incarnation
        self.has_started = False
        self._observer = observer
        self._status: Callable[[], object] = _none
        self._on_started: Callable[[], None] | None = None
        self._drain, self._hurry = trio.Event(), trio.Event()
        self._intakes: dict[trio.CancelScope, bool] = {}
        self._wakes: dict[Waking, Callable[[], None]] = {}

    @property
    def status(self) -> object:
        """What the actor shows of itself."""
        return self._status()

    @property
    def draining(self) -> bool:
        """Whether the actor is to finish what it has and return."""
        return self._drain.is_set()

    def started(self) -> None:
        """Say that the actor is up, so that the next one may start. Saying it again changes nothing."""
        if not self.has_started:
            self.has_started = True
            if self._on_started is not None:
                self._on_started()

    def intake(self) -> Intake:
        """Where to wait for *new* work: ``with stage.intake(): message = await inbox.receive()``."""
        return Intake(self)

    def woken_by_drain(self, wake: Callable[[], None]) -> Waking:
        """For whoever waits in a way of its own: `wake` is called when draining begins. Cheaper than `intake`."""
        return Waking(self, wake)

    async def wait_draining(self) -> None:
        """Wait until the actor is to stop."""
        await self._drain.wait()

    async def wait_hurried(self) -> None:
        """Wait until the actor is to stop at once: to leave what can be left, and keep what can't."""
        await self._hurry.wait()

    def publish(self, status: object) -> None:
        """Show this in snapshots as the actor's status; make it an immutable value."""
        self._status = lambda: status

    def publish_when_asked(self, status: Callable[[], object]) -> None:
        """Have snapshots show as the actor's status what this returns then: nobody wakes up for what nobody reads."""
        self._status = status

    def emit(self, event: ActorEvent) -> None:
        """Tell the observer."""
        self._observer(event)

    def drain(self) -> None:
        """Tell the actor to finish what it has and return. Called by its supervisor."""
        self._drain.set()
        for scope in tuple(self._intakes):
            scope.cancel()
        for wake in tuple(self._wakes.values()):
            wake()

    def hurry(self) -> None:
        """Tell the actor to do only what takes no time worth speaking of. Called by its supervisor."""
        self._hurry.set()


def _none() -> None:
    """Nothing was published yet."""
