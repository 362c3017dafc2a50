"""What actors and supervisors tell, as typed events, and to whom."""

from __future__ import annotations

from collections.abc import Callable

from attrs import frozen


@frozen
class ActorEvent:
    """Something happened to the actor at `path`, as in ``root/streams/stream:orders``."""

    path: str


@frozen
class ChildStarted(ActorEvent):
    """An incarnation is up."""

    incarnation: int


@frozen
class ChildFinished(ActorEvent):
    """An incarnation returned by itself."""

    incarnation: int


@frozen
class ChildCrashed(ActorEvent):
    """An incarnation raised: a bug, since expected trouble is handled inside actors."""

    incarnation: int
    error: BaseException


@frozen
class ChildRestarting(ActorEvent):
    """The next incarnation begins after a delay."""

    delay_seconds: float
    restarts: int
    """Restarts within the period that the limits look at, this one included."""


@frozen
class ChildStopping(ActorEvent):
    """An incarnation was told to drain."""

    incarnation: int


@frozen
class ChildStopped(ActorEvent):
    """An incarnation that was told to drain is gone. `cut`: its grace was over, so it was cancelled."""

    incarnation: int
    cut: bool


@frozen
class StuckAfterCancel(ActorEvent):
    """An incarnation was cancelled and is still there, a whole grace period later. Nothing can force it to go."""

    incarnation: int


Observer = Callable[[ActorEvent], None]
"""Hears every event, in the task where it happened; it must neither block nor raise."""


def ignore(_event: ActorEvent) -> None:
    """The observer that does nothing."""
