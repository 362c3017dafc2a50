"""The default observer: tells what happens in the runtime to the standard logging, one line per event.

An outage is a few lines, not hundreds: actors say `Interrupted` once and `Resumed` at its end. Handler failures are
warnings with the error; crashes of actors, which are bugs, are errors with their traceback.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from ..actors import ActorEvent, ChildCrashed, innermost
from ..wire import LinkEvent, RedisError

RuntimeEvent = ActorEvent | LinkEvent
"""Everything that the runtime tells an observer."""

Observer = Callable[[RuntimeEvent], None]
"""Hears everything that happens, in the task where it happens; it must not block."""

logger = logging.getLogger("redis_streams")


def log_event(event: RuntimeEvent) -> None:
    """Log one event: at DEBUG what is routine, INFO what is news, WARNING what needs an eye, ERROR what is a bug."""
    error = innermost(event.error) if isinstance(event, ChildCrashed) else None
    # What Redis says needs no traceback to be understood: wrong password, connection refused, wrong type.
    logger.log(event.level, "%s", describe(event), exc_info=None if isinstance(error, RedisError) else error)


def describe(event: RuntimeEvent) -> str:
    """One line about an event: where, and what happened."""
    return event.words() if isinstance(event, LinkEvent) else f"{event.path}: {event.words()}"
