"""What a handler's run came to, and what the actors ask of whoever runs handlers."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, final

from attrs import frozen

from ..wire import Entry
from ._consumer_hold import Job
from ._lease import Lease


@final
@frozen
class Done:
    """The handler returned: acknowledge."""


@final
@frozen
class Failed:
    """The handler raised or declined: leave the entry pending, to be delivered again."""

    error: BaseException | None
    """None where the handler answered False."""


class RetryLater(Exception):
    """Raised or returned by a handler: the event is to be delivered again later.

    Args:
        after: in how many seconds; None: as the retry policy says.
        reason: why, for the log, and for the dead letter if this was the last delivery.

    It is one of the event's deliveries: at the last of `max_deliveries` it goes to the dead letters all the same.
    """

    after: float | None = None
    """Of the class, too: one that derives from it may not call our `__init__`."""

    def __init__(self, after: float | None = None, reason: str = "") -> None:
        if after is not None and not 0 <= after < math.inf:
            raise ValueError(f"after must be a number of seconds >= 0, or None, not {after!r}")
        super().__init__(reason or "later")
        self.after = after


class Reject(Exception):
    """Raised or returned by a handler: no handler ever will do it, so the event goes to the dead letters at once.

    Args:
        reason: why; it stands in the dead letter.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)


@final
@frozen
class Undecodable:
    """No handler can ever run on this entry: move it to the dead-letter stream."""

    reason: str


Verdict = Done | Failed | Undecodable

DONE: Final = Done()
"""The one `Done` there needs to be: the hot path makes no objects for what went well."""

UNWANTED: Final = Done()
"""No handler was meant for it: acknowledge. It says nothing about what handlers need."""

Handle = Callable[[Entry, int, Lease], Awaitable[Verdict]]
"""Runs the handler on one entry, given how often it has been delivered. Raises nothing but `trio.Cancelled`, and what
ends the program."""

HandleBatch = Callable[[Sequence[Job], Sequence[Lease]], Awaitable[Sequence[Verdict]]]
"""Runs the handler on several entries at once; one verdict each, in their order."""
