"""The default observer: tells what happens in the runtime to the standard logging, one line per event.

An outage is two lines, not hundreds: actors say `Interrupted` once and `Resumed` at its end. Handler failures are
warnings with the error; crashes of actors, which are bugs, are errors with their traceback.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from ..actors import ActorEvent
from ..wire import LinkEvent

RuntimeEvent = ActorEvent | LinkEvent
"""Everything that the runtime tells an observer."""

Observer = Callable[[RuntimeEvent], None]

logger = logging.getLogger("redis_streams")


def log_event(event: RuntimeEvent) -> None:
    """Log one event: at DEBUG what is routine, INFO what is news, WARNING what needs an eye, ERROR what is a bug."""
    level, text = describe(event)
    error = event.error if isinstance(event, ChildCrashed) else None
    logger.log(level, text, exc_info=error)


def describe(event: RuntimeEvent) -> tuple[int, str]:
    """How much an event matters, and what happened, in words."""
    for kind, level, words in _WORDS:
        if isinstance(event, kind):
            return level, words(event)
    return logging.DEBUG, str(event)
