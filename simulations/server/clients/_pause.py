"""CLIENT PAUSE: commands that are put off until it is over."""

from __future__ import annotations

from attrs import frozen


@frozen
class Pause:
    """A pause.

    Attributes:
        until_ms: when it ends, by the timers' clock.
        writes_only: whether commands that only read go on.
    """

    until_ms: float
    writes_only: bool

    def puts_off(self, flags: frozenset[str]) -> bool:
        """Whether it puts off a command that has these flags, or a script that says them."""
        return not self.writes_only or not flags.isdisjoint(("write", "may_replicate"))
