"""Tripwires: what a simulated run must not ask, because the answer differs from run to run, raises instead.

Time, chance, threads and sockets have their ports in the world. Code that goes around them would make a run that nobody
can repeat; so it is stopped at the very line. What can't be caught here, as `datetime.now` (it is C) or the order of a
set, shows when a seed is run again in another process.

Plain functions that are sent to worker threads (``trio.to_thread.run_sync``) run at once instead, in the one thread
that there is.
"""

from __future__ import annotations

import os
import random
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Final, TypeVar

import trio
from typing_extensions import TypeVarTuple, Unpack

T = TypeVar("T")
Args = TypeVarTuple("Args")

REMEDIES: Final = {
    "time.time": "use process.wall_clock_ms() or trio.current_time()",
    "time.time_ns": "use process.wall_clock_ms() or trio.current_time()",
    "time.monotonic": "use trio.current_time()",
    "time.monotonic_ns": "use trio.current_time()",
    "time.sleep": "use trio.sleep() in an async function: this would stop the whole world",
    "os.urandom": "use process.rng(name), also for what uuid and secrets give",
    "threading.Thread.start": "use a nursery, or trio.to_thread.run_sync()",
    "socket.socket": "talk to the simulated Redis, or model the service in memory",
    "random.Random.seed": "give it a seed, or use process.rng(name)",
}
_MODULE_DRAWS: Final = (
    "random",
    "uniform",
    "randint",
    "randrange",
    "choice",
    "choices",
    "shuffle",
    "sample",
    "getrandbits",
)

LOGGING: Final = "logging"
"""May ask for the time: it ends in a log, not in what happens."""


class Nondeterministic(Exception):
    """Simulated code asked for something that differs from run to run; the message says where and what to do."""


@contextmanager
def tripwires(on_trip: Callable[[str], None], now: Callable[[], float]) -> Iterator[None]:
    """Within this, and in this thread, what differs from run to run raises `Nondeterministic`.

    Args:
        on_trip: hears of it too, as the code may swallow the error.
        now: seconds since 1970, for what is allowed to ask.
    """
    here = threading.get_ident()
    undo: list[Callable[[], None]] = []

    def lay(owner: object, name: str, called: str, remedy: str, *, only_bare: bool = False) -> None:
        original = getattr(owner, name)

        def trip(*args: object, **kwargs: object) -> object:
            if threading.get_ident() != here or (only_bare and (len(args) > 1 and args[1] is not None)):
                return original(*args, **kwargs)
            caller = sys._getframe(1)  # noqa: SLF001 - whose fault it is
            if caller.f_globals.get("__name__") == LOGGING and called.startswith("time."):
                return now() if called == "time.time" else int(now() * 1e9)
            words = f"{called}() was called at {caller.f_code.co_filename}:{caller.f_lineno}; {remedy}"
            on_trip(words)
            raise Nondeterministic(words)

        setattr(owner, name, trip)
        undo.append(partial(setattr, owner, name, original))

    try:
        for called, remedy in REMEDIES.items():
            module, _, name = called.rpartition(".")
            lay(_OWNERS[module], name, called, remedy, only_bare=called == "random.Random.seed")
        for name in _MODULE_DRAWS:
            lay(random, name, f"random.{name}", "use process.rng(name)")
        undo.append(partial(setattr, trio.to_thread, "run_sync", trio.to_thread.run_sync))
        vars(trio.to_thread)["run_sync"] = _run_here
        yield
    finally:
        for put_back in reversed(undo):
            put_back()


_OWNERS: Final[dict[str, object]] = {
    "time": time,
    "os": os,
    "threading.Thread": threading.Thread,
    "socket": socket,
    "random.Random": random.Random,
}


async def _run_here(
    function: Callable[[Unpack[Args]], T],
    *args: Unpack[Args],
    thread_name: str | None = None,
    abandon_on_cancel: bool = False,
    limiter: object = None,
) -> T:
    """In the place of `trio.to_thread.run_sync`."""
    del thread_name, abandon_on_cancel, limiter
    await trio.lowlevel.checkpoint()
    return function(*args)
