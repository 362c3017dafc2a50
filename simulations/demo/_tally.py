"""The verdict: what was published, and what became of each event. Pure counting."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from attrs import frozen


@frozen
class Verdict:
    """What the events themselves say at the end.

    Attributes:
        published: events whose publish was acknowledged.
        handled: of these, how many were handled.
        duplicated: how many were handled more than once.
        lost: how many were never handled.
        pending: entries that are still pending.
        indeterminate: publishes whose reply was lost; they may have been handled or not.
    """

    published: int
    handled: int
    duplicated: int
    lost: int
    pending: int
    indeterminate: int

    @property
    def kept(self) -> bool:
        """Whether the promise was kept."""
        return self.lost == 0 and self.pending == 0 and self.published > 0

    def text(self) -> str:
        """In one line."""
        return (
            f"published {self.published}  handled {self.handled}  duplicated {self.duplicated}  lost {self.lost}  "
            f"pending {self.pending}"
        )


def verdict(published: Collection[str], runs: Mapping[str, int], pending: int, indeterminate: int) -> Verdict:
    """Hold what was published against how often each event was handled.

    Args:
        published: the ids of events whose publish was acknowledged.
        runs: for each event's id, how often a handler finished it.
        pending: entries that are still pending.
        indeterminate: publishes whose reply was lost.
    """
    handled = [event_id for event_id in published if runs.get(event_id, 0)]
    return Verdict(
        published=len(published),
        handled=len(handled),
        duplicated=sum(runs[event_id] > 1 for event_id in handled),
        lost=len(published) - len(handled),
        pending=pending,
        indeterminate=indeterminate,
    )
