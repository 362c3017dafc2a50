"""What can go wrong for somebody who uses the runtime, named by whose fault it is."""

from __future__ import annotations


class UndecodableEntry(ValueError):
    """The fields of an entry can't be read as an event. The entry goes to the dead-letter stream."""


class NotRunning(RuntimeError):
    """The runtime was used before it was started, or after it was stopped."""


class PublishTimeout(TimeoutError):
    """Redis was not there to take an event in time. It was not published."""


class HandlerConflict(ValueError):
    """Two handlers of one group claim the same events, or want different options for the group."""


class ForkedError(RuntimeError):
    """An object made before a fork was used in the child process, which has no thread to carry it."""
