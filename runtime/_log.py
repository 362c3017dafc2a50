"""The default observer: tells what happens in the runtime to the standard logging, one line per event.

An outage is a few lines, not hundreds: actors say `Interrupted` once and `Resumed` at its end. Handler failures are
warnings with the error; crashes of actors, which are bugs, are errors with their traceback.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from ..actors import (
    ActorEvent,
    ChildCrashed,
    ChildRestarting,
    DeadLettered,
    EntriesDestroyed,
    EntriesReclaimed,
    EntriesRecovered,
    GroupCreated,
    GroupRecreated,
    HandedBack,
    HandlerFailed,
    Interrupted,
    LeaseLost,
    Resumed,
    StuckAfterCancel,
)
from ..wire import LinkDown, LinkEvent, LinkUp

RuntimeEvent = ActorEvent | LinkEvent
"""Everything that the runtime tells an observer."""

Observer = Callable[[RuntimeEvent], None]
"""Hears everything that happens, in the task where it happens; it must not block."""

logger = logging.getLogger("redis_streams")


def log_event(event: RuntimeEvent) -> None:
    """Log one event: at DEBUG what is routine, INFO what is news, WARNING what needs an eye, ERROR what is a bug."""
    level, text = describe(event)
    error = event.error if isinstance(event, ChildCrashed) else None
    logger.log(level, "%s", text, exc_info=error)


def guarded(observer: Observer) -> Observer:
    """An observer whose own mistakes are logged and go no further: they must not bring down what they observe."""

    def observe(event: RuntimeEvent) -> None:
        try:
            observer(event)
        except Exception:
            logger.exception("the observer failed on %r", event)

    return observe


def describe(event: RuntimeEvent) -> tuple[int, str]:
    """How much an event matters, and what happened, in words."""
    level, words = _of_link(event) if isinstance(event, LinkEvent) else _of_trouble(event)
    return level, words if isinstance(event, LinkEvent) else f"{event.path}: {words}"


def _of_link(event: LinkEvent) -> tuple[int, str]:
    match event:
        case LinkUp(failures=0):
            return logging.INFO, f"connected to {event.address}"
        case LinkUp():
            return logging.INFO, f"connected to {event.address} after {event.failures} tries in vain"
        case LinkDown():
            return logging.WARNING, f"lost {event.address}: {event.error}; reconnecting"
        case _:
            return logging.DEBUG, str(event)


def _of_trouble(event: ActorEvent) -> tuple[int, str]:
    match event:
        case ChildCrashed():
            return logging.ERROR, f"crashed: {type(event.error).__name__}: {event.error}"
        case ChildRestarting():
            return logging.INFO, f"restarting in {event.delay_seconds:.2f} s (restart {event.restarts} in the period)"
        case StuckAfterCancel():
            return logging.ERROR, "was cancelled and does not go; the stop waits for it"
        case Interrupted():
            return logging.WARNING, f"interrupted while {event.doing}: {event.error}; trying again"
        case Resumed():
            return logging.INFO, f"resumed {event.doing} after {event.after_seconds:.1f} s and {event.tries} tries"
        case _:
            return _of_entries(event)


def _of_entries(event: ActorEvent) -> tuple[int, str]:
    match event:
        case HandlerFailed(error=None):
            return logging.WARNING, f"handler declined {_id(event.raw_id)} (delivery {event.deliveries})"
        case HandlerFailed():
            why = f"{type(event.error).__name__}: {event.error}"
            return logging.WARNING, f"handler failed on {_id(event.raw_id)} (delivery {event.deliveries}): {why}"
        case DeadLettered():
            return logging.WARNING, f"{_id(event.raw_id)} goes to the dead letters: {event.reason}"
        case EntriesDestroyed():
            return logging.WARNING, f"deleted while pending, nobody can handle them: {_ids(event.raw_ids)}"
        case LeaseLost():
            return logging.WARNING, f"somebody else owns now: {_ids(event.raw_ids)}"
        case EntriesReclaimed():
            return logging.INFO, f"took over what was left idle: {_ids(event.raw_ids)}"
        case EntriesRecovered():
            return logging.INFO, f"recovered {event.count} entries that were pending under its own name"
        case HandedBack():
            return logging.INFO, f"handed back {event.count} unfinished entries"
        case GroupCreated():
            return logging.INFO, f"created group {event.group} of {event.stream}, which begins after {event.start}"
        case GroupRecreated():
            return logging.WARNING, f"group {event.group} of {event.stream} resumes after {event.resumed_at}: {event.reason}"
        case _:
            return logging.DEBUG, type(event).__name__


def _id(raw_id: bytes) -> str:
    return raw_id.decode("ascii", "replace")


def _ids(raw_ids: tuple[bytes, ...]) -> str:
    shown = ", ".join(map(_id, raw_ids[:5]))
    return shown if len(raw_ids) <= 5 else f"{len(raw_ids)} entries from {shown}, …"
