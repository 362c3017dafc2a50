"""Which faults a test lets happen."""

from __future__ import annotations

from typing import Final

from attrs import evolve

from ..plan import PRESETS, Preset
from ..plan._effects import KINDS

LOSSES: Final = frozenset({"restart-empty", "delete-stream", "delete-entries", "fail-over"})
"""Kinds that take acknowledged events away: no application can then do what it promised about them."""


def swarm(*, at_most: int = 6, losses: bool = False) -> Preset:
    """All kinds of faults of the network, the server, the processes and the handlers; a few kinds of them in each run.

    Args:
        at_most: so many in one run.
        losses: also those that destroy events which the server had acknowledged. The promises of the library are then
            judged minus what was destroyed; a test's own checks have to do that themselves.
    """
    return evolve(PRESETS["swarm"], faults_max=at_most, kinds=frozenset(KINDS) - (frozenset() if losses else LOSSES))


def lite() -> Preset:
    """Processes and the server are killed or stopped, and nothing else."""
    return PRESETS["lite"]


def calm() -> Preset:
    """Nothing goes wrong; only the order of tasks differs from run to run."""
    return PRESETS["calm"]


def failover() -> Preset:
    """A replica takes over, which may lack what was written last."""
    return PRESETS["failover"]


def powerloss() -> Preset:
    """Machines lose power, and what was not on the disk."""
    return PRESETS["powerloss"]
