"""What actors and supervisors tell, as typed events, and to whom."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from typing import ClassVar, TypeVar

from attrs import frozen
from typing_extensions import override

if sys.version_info < (3, 11):
    from exceptiongroup import BaseExceptionGroup


@frozen
class ActorEvent:
    """Something happened to the actor at `path`, as in ``root/streams/stream:orders``."""

    level: ClassVar[int] = logging.DEBUG
    """How much it matters, as the standard logging counts: DEBUG for what is routine."""

    path: str

    def words(self) -> str:
        """What happened, in words, without the path."""
        return type(self).__name__


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

    level: ClassVar[int] = logging.ERROR

    incarnation: int
    error: BaseException

    @override
    def words(self) -> str:
        """In words."""
        return f"crashed: {in_words(self.error)}"


@frozen
class ChildRestarting(ActorEvent):
    """The next incarnation begins after a delay."""

    level: ClassVar[int] = logging.INFO

    delay_seconds: float
    restarts: int
    """Restarts within the period that the limits look at, this one included."""

    @override
    def words(self) -> str:
        """In words."""
        return f"restarting in {self.delay_seconds:.2f} s (restart {self.restarts} in the period)"


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

    level: ClassVar[int] = logging.ERROR

    incarnation: int

    @override
    def words(self) -> str:
        """In words."""
        return "was cancelled and does not go; the stop waits for it"


def in_words(error: BaseException) -> str:
    """An error by its class and text; of exceptions that are alone in their groups, the one inside."""
    error = innermost(error)
    return f"{type(error).__name__}: {text_of(error)}"


def text_of(error: BaseException) -> str:
    """What an error says of itself. Its class may be a user's, and what fails there must end nobody else."""
    try:
        return str(error)
    except Exception:  # noqa: BLE001 - a user's __str__; what it breaks is its own message
        return "(its text can't be made)"


def innermost(error: BaseException) -> BaseException:
    """What is alone in its groups, without them: nurseries put one around each error."""
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    return error


Kinds = type[BaseException] | tuple[type[BaseException], ...]


def split_error(error: BaseException, kinds: Kinds) -> tuple[BaseException | None, BaseException | None]:
    """What of an error is of these kinds, and what is not: of a group, what is in it."""
    if isinstance(error, BaseExceptionGroup):
        return error.split(kinds)
    return (error, None) if isinstance(error, kinds) else (None, error)


Observer = Callable[[ActorEvent], None]
"""Hears every event, in the task where it happened; it must not block. What it raises is logged and goes no further."""

_logger = logging.getLogger("redis_streams")


E = TypeVar("E")


def guarded(observer: Callable[[E], None]) -> Callable[[E], None]:
    """An observer whose own mistakes are logged and go no further: they must not bring down what it observes."""

    def tell(event: E) -> None:
        try:
            observer(event)
        except Exception:
            _logger.exception("the observer failed on %r", event)

    return tell


def ignore(_event: ActorEvent) -> None:
    """The observer that does nothing."""
