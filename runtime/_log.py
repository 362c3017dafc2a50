"""The default observer: tells what happens in the runtime to the standard logging, one line per event.

An outage is a few lines, not hundreds: actors say `Interrupted` once and `Resumed` at its end. Handler failures are
warnings with the error, and, when an event fails for the first time, the traceback; crashes of actors, which are bugs,
are errors with their traceback. The lines of a traceback are indented: what begins at the margin is ours.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable

from ..actors import ActorEvent, ChildCrashed, HandlerFailed, RetryLater, innermost
from ..wire import LinkEvent, RedisError
from ._printable import printable

RuntimeEvent = ActorEvent | LinkEvent
"""Everything that the runtime tells an observer."""

Observer = Callable[[RuntimeEvent], None]
"""Hears everything that happens, in the task where it happens; it must not block."""

logger = logging.getLogger("redis_streams")


def log_event(event: RuntimeEvent) -> None:
    """Log one event: at DEBUG what is routine, INFO what is news, WARNING what needs an eye, ERROR what is a bug."""
    if not logger.isEnabledFor(event.level):
        return
    error = _to_trace(event)
    if error is None:
        logger.log(event.level, "%s", describe(event))
        return
    known = (type(error), error, error.__traceback__)
    record = logger.makeRecord(logger.name, event.level, __file__, 0, "%s", (describe(event),), known)
    # Made here, and not by each formatter: an error's text may have lines that look like lines of the log.
    record.exc_text = _indented("".join(traceback.format_exception(*known)))
    logger.handle(record)


def describe(event: RuntimeEvent) -> str:
    """One line about an event: where, and what happened."""
    return printable(event.words() if isinstance(event, LinkEvent) else f"{event.path}: {event.words()}")


def _to_trace(event: RuntimeEvent) -> BaseException | None:
    """The error whose traceback helps to mend it."""
    match event:
        case ChildCrashed(error=error):
            error = innermost(error)
            # What Redis says needs no traceback to be understood: wrong password, connection refused, wrong type.
            return None if isinstance(error, RedisError) else error
        case HandlerFailed(error=error, deliveries=1, counts=True) if not isinstance(error, RetryLater):
            return error
        case _:
            return None


def _indented(text: str) -> str:
    return "\n".join(f"  {printable(line)}" for line in text.rstrip("\n").split("\n"))
