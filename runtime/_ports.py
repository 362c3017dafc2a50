"""What the runtime takes from the outside world, passed in so that a simulation can give its own."""

from __future__ import annotations

import os
import random
import socket
import time
from collections.abc import Callable

from attrs import field, frozen

from ..wire import Dial, dial


def _fresh_rng(_name: str) -> random.Random:
    # Not random.seed(): two processes forked from one parent must not draw the same ids.
    return random.Random(int.from_bytes(os.urandom(16), "big"))  # noqa: S311 - jitter and ids, no secrets


def _wall_clock_ms() -> int:
    return time.time_ns() // 1_000_000


def _own_name() -> str:
    return f"{socket.gethostname()}-{os.getpid()}"


@frozen
class Ports:
    """Everything nondeterministic that the runtime uses.

    Attributes:
        dial: opens a byte stream to a server.
        wall_clock_ms: milliseconds since 1970; only timestamps in events come from it, timers never.
        rng: an independent stream of random numbers for each name.
        own_name: the consumer name of a process that was given none; unique among all running processes.
    """

    dial: Dial = field(default=dial)
    wall_clock_ms: Callable[[], int] = _wall_clock_ms
    rng: Callable[[str], random.Random] = _fresh_rng
    own_name: Callable[[], str] = _own_name
