"""Bugs put in on purpose: what proves that the simulation finds any.

A simulation that never found anything may be one that can't. So each safeguard of the runtime is taken away in turn,
and the checker of the promise that it serves has to notice, within so many seeds.
"""

from ._all import BUGS
from ._bug import PlantedBug
from ._edit import DoesNotFit, Edit, Scale, edited
from ._table import Hit, Row, find_planted, planted_plan, planted_table, run_planted

__all__ = [
    "BUGS",
    "DoesNotFit",
    "Edit",
    "Hit",
    "PlantedBug",
    "Row",
    "Scale",
    "edited",
    "find_planted",
    "planted_plan",
    "planted_table",
    "run_planted",
]
