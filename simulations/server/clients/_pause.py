"""CLIENT PAUSE: commands that are put off until it is over."""

from __future__ import annotations

from typing import Final

from attrs import frozen

from .._command import Command

MAY_REPLICATE: Final = frozenset({"publish", "pfcount", "eval", "evalsha", "fcall", "spublish"})
"""Commands that are no writes, and that a pause of writes puts off all the same."""


@frozen
class Pause:
    """A pause.

    Attributes:
        until_ms: when it ends, by the timers' clock.
        writes_only: whether commands that only read go on.
    """

    until_ms: float
    writes_only: bool

    def puts_off(self, command: Command) -> bool:
        """Whether it puts off this command."""
        return not self.writes_only or "write" in command.flags or command.name in MAY_REPLICATE
