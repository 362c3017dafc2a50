"""What can go wrong for somebody who uses the runtime, named by whose fault it is."""

from __future__ import annotations


class UndecodableEntry(ValueError):  # noqa: N818 - it names the entry's fault, like KeyError's older cousins
    """The fields of an entry can't be read as an event. The entry goes to the dead-letter stream."""


class NotRunning(RuntimeError):  # noqa: N818
    """The runtime was used before it was started, or after it was stopped."""


class PublishTimeout(TimeoutError):  # noqa: N818
    """Redis did not take an event in time. It was not published, unless it was on its way just then."""


class HandlerConflict(ValueError):  # noqa: N818
    """Two handlers of one group claim the same events, or want different options for the group."""


class ForkedError(RuntimeError):
    """An object made before a fork was used in the child process, which has no thread to carry it."""
