"""What comes next for an event whose handler failed: pure decisions, without clock, Redis or Trio.

Deliveries are counted by the server, so that neither a crash nor another process starts anew. The read counts the first
one; each that follows is counted when a handler begins, and not where the entry is taken over: what a process held and
never began uses up nothing. So an event that kills its process each time is found out too: at its next beginning it has
had its deliveries, and is buried instead.
"""

from __future__ import annotations

from attrs import frozen

from ._dead_letter import error_words


@frozen
class Again:
    """It stays pending, and is delivered again."""


@frozen
class Bury:
    """It goes to the dead letters, and why."""

    reason: str


Next = Again | Bury


def after_failure(deliveries: int, error: Exception | None, max_deliveries: int | None) -> Next:
    """What comes after a handler has failed.

    Args:
        deliveries: how often the event has been delivered, this time included.
        error: what its handler raised; None: it answered with something false.
        max_deliveries: how often it may be; None: no end.
    """
    if max_deliveries is None or deliveries < max_deliveries:
        return Again()
    what = "its handler declined" if error is None else f"its handler raised {error_words(error)}"
    return Bury(f"{what} (delivery {deliveries} of {max_deliveries})")


def before_beginning(deliveries: int, max_deliveries: int | None) -> Bury | None:
    """Why a delivery is not begun; None: it is.

    Args:
        deliveries: the number of this one.
        max_deliveries: how many there may be; None: no end.
    """
    if max_deliveries is None or deliveries <= max_deliveries:
        return None
    former = deliveries - 1
    times = "once" if former == 1 else f"{former} times"
    return Bury(f"it was delivered {times}, of {max_deliveries} at most, and the last of its handlers never returned")
