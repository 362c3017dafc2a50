"""What a handler's run came to, and what the actors ask of whoever runs handlers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Final, final

from attrs import frozen

from ..wire import Entry
from ._consumer_hold import Job


@final
@frozen
class Done:
    """The handler returned: acknowledge."""


@final
@frozen
class Failed:
    """The handler raised or declined: leave the entry pending, to be delivered again."""

    error: Exception | None
    """None where the handler answered False."""


@final
@frozen
class Undecodable:
    """No handler can ever run on this entry: move it to the dead-letter stream."""

    reason: str


Verdict = Done | Failed | Undecodable

DONE: Final = Done()
"""The one `Done` there needs to be: the hot path makes no objects for what went well."""

Handle = Callable[[Entry, int], Awaitable[Verdict]]
"""Runs the handler on one entry, given how often it has been delivered. Raises nothing but `trio.Cancelled`."""

HandleBatch = Callable[[Sequence[Job]], Awaitable[Sequence[Verdict]]]
"""Runs the handler on several entries at once; one verdict each, in their order."""
