"""Bugs in what a stream keeps."""

from __future__ import annotations

from typing import Final

from ._bug import PlantedBug
from ._edit import Edit

RETAINING: Final = (
    PlantedBug(
        "trimmed what a group still needs",
        "a group is taken to need only what comes after the last entry that was delivered to it",
        "no-loss",
        ("retention",),
        [Edit("retain.lua", "if group['pending'] > 0 then", "if false then")],
    ),
    PlantedBug(
        "a missing group needs nothing",
        "while a group is destroyed what it had not read is removed, and its checkpoint comes too late",
        "no-loss",
        ("retention",),
        [Edit("retain.lua", "if #missing > 0 then bound = nil end", "bound = bound or last")],
    ),
)
