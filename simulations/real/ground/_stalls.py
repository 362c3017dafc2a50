"""How long this process was kept waiting by a machine that is too busy.

A process that gets no processor for a second is as good as one that a plan has stand still: its leases end, others take
over. That is no breach of anything. So it is written down as what it is, a fault that struck, though none of the plan,
and no verdict depends on how fast the machine is.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

import trio

STALL_MS: Final = 500.0
"""What is shorter no limit of a scenario notices: idle limits and drains are of two seconds."""
LOOK_SECONDS: Final = 0.05

_WAITED: Final = Path("/proc/thread-self/schedstat")
"""Of Linux: how long this thread has run, and how long it could have run and had to wait; in nanoseconds."""


async def watch_stalls(tell: Callable[[float], None], waited_ms: Callable[[], float | None] | None = None) -> None:
    """Look for them, until cancelled, where the operating system says anything about it.

    Args:
        tell: gets the milliseconds of each.
        waited_ms: how long this process has had to wait in all; None: that is not known.
    """
    waited = waited_ms or _waited_ms
    before = waited()
    while before is not None:
        await trio.sleep(LOOK_SECONDS)
        now = waited()
        if now is None:
            return
        if now - before >= STALL_MS:
            tell(now - before)
        before = now


def _waited_ms() -> float | None:
    try:
        return int(_WAITED.read_text().split()[1]) / 1e6
    except (OSError, IndexError, ValueError):
        return None
