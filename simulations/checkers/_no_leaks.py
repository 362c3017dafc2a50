"""`no-leaks`: a process that ended gracefully leaves no task and no socket behind.

The world looks at each such process when it has ended; this passes on what it found. Nothing is excused: who was killed
is not looked at.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..history import History
from ._verdict import Verdict

NAME = "no-leaks"


def no_leaks(history: History) -> Iterator[Verdict]:
    """Whoever ends cleans up."""
    for leak in history.leaks:
        yield Verdict(NAME, leak, (), re.sub(r"\d+", "N", leak))
