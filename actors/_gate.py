"""The gate of a group in one process: while it is closed, no handler of the group begins there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

HERE: Final = "it is paused in this process"
"""Somebody paused the group in this process alone."""
EVERYWHERE: Final = "the whole group is paused"
"""Somebody paused the group in all its processes."""

Watch = Callable[[str], None]
"""Hears at once that the gate is closed now, and why; or that it is open, which is "" for a reason."""


class Gate:
    """Open, or closed for one reason or several; it opens when none is left. It outlives the actors that watch it."""

    def __init__(self) -> None:
        self.said = 0
        """How often somebody said something: who asks elsewhere, and waits for the answer, sees whether that is old."""
        self._reasons: dict[str, bool] = {}
        self._watchers: dict[object, Watch] = {}

    @property
    def reason(self) -> str:
        """Why it is closed; "" while it is open."""
        return " and ".join(self._reasons)

    @property
    def is_closed(self) -> bool:
        """Whether it is."""
        return bool(self._reasons)

    def is_closed_for(self, reason: str) -> bool:
        """Whether this is a reason why."""
        return reason in self._reasons

    def close(self, reason: str) -> None:
        """Close it for this reason; nothing changes where it is closed for that already."""
        self._set({**self._reasons, reason: True})

    def open(self, reason: str) -> None:
        """This is no reason any more."""
        self._set({known: True for known in self._reasons if known != reason})

    def _set(self, reasons: dict[str, bool]) -> None:
        self.said += 1
        before, self._reasons = self.is_closed, reasons
        if before is not self.is_closed:
            for watch in tuple(self._watchers.values()):
                watch(self.reason)

    @contextmanager
    def watched_by(self, watch: Watch) -> Iterator[None]:
        """Within this each change is told, in the task that makes it; and at the beginning that it is closed."""
        key = object()
        self._watchers[key] = watch
        if self.is_closed:
            watch(self.reason)
        try:
            yield
        finally:
            del self._watchers[key]
