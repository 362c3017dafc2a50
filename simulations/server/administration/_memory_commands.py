"""MEMORY and MODULE: estimates, and modules that there are none of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from .._command import Call, Command, integer
from .._errors import CommandError, syntax_error
from .._reply import OK, Double, Pairs, Reply, Verbatim
from ._memory import EMPTY_SERVER, memory_of, used_memory

_HEALTHY: Final = (
    "Hi Sam, this instance is empty or is using very little memory, my issues detector can't be used in these "
    "conditions. Please, leave for your mission on Earth and fill it with some data. The new Sam and I will be back to "
    "our programming as soon as I finished rebooting.\n"
)
_NO_MODULES: Final = (
    'ERR MODULE command not allowed. If the enable-module-command option is set to "local", you can run it from a '
    "local connection, otherwise you need to set this option in the configuration file, and then restart the server."
)
_ALLOCATOR: Final = (
    *("allocator-fragmentation.ratio", "allocator-fragmentation.bytes", "allocator-rss.ratio", "allocator-rss.bytes"),
    *("rss-overhead.ratio", "rss-overhead.bytes", "fragmentation", "fragmentation.bytes"),
)


def memory_usage(call: Call) -> Reply:
    """MEMORY USAGE key [SAMPLES count]: an estimate."""
    options = call.words[3:]
    if options and (len(options) != 2 or options[0].upper() != b"SAMPLES"):
        raise syntax_error()
    if options and integer(options[1]) < 0:
        raise syntax_error()
    value = call.database.get(call.words[2], uses=False)
    return None if value is None else memory_of(call.words[2], value)


def memory_purge(_call: Call) -> Reply:
    """MEMORY PURGE."""
    return OK


def memory_doctor(_call: Call) -> Reply:
    """MEMORY DOCTOR: it never finds anything."""
    return Verbatim(_HEALTHY.encode())


def memory_malloc_stats(_call: Call) -> Reply:
    """MEMORY MALLOC-STATS: Python's allocator has none."""
    return Verbatim(b"Stats not supported for the current allocator")


def memory_stats(call: Call) -> Reply:
    """MEMORY STATS: estimates; of the allocator nothing is known."""
    used = used_memory(call.engine)
    keys = sum(len(database.values) for database in call.engine.databases)
    held = used - EMPTY_SERVER
    told: list[tuple[str, Reply]] = [
        ("peak.allocated", used),
        ("total.allocated", used),
        ("startup.allocated", EMPTY_SERVER),
        ("replication.backlog", 0),
        *([("replica.fullsync.buffer", 0)] if call.profile.since(7, 4) else []),
        ("clients.slaves", 0),
        ("clients.normal", 0),
        *([("cluster.links", 0)] if call.profile.since(7, 0) else []),
        ("aof.buffer", 0),
        ("lua.caches", 0),
        *([("functions.caches", 0)] if call.profile.since(7, 0) else []),
        *([("script.VMs", 0)] if call.profile.since(7, 4) else []),
        ("overhead.total", EMPTY_SERVER),
        ("keys.count", keys),
        ("keys.bytes-per-key", held // keys if keys else 0),
        ("dataset.bytes", held),
        ("dataset.percentage", Double(b"100" if held else b"0")),
        ("peak.percentage", Double(b"100")),
        *((name, used) for name in ("allocator.allocated", "allocator.active", "allocator.resident")),
        *((name, Double(b"1") if name.endswith((".ratio", "fragmentation")) else 0) for name in _ALLOCATOR),
    ]
    return Pairs([(name.encode(), value) for name, value in told])


def module_list(_call: Call) -> Reply:
    """MODULE LIST: there are none."""
    return []


def module_refused(call: Call) -> Reply:
    """MODULE LOAD and the like."""
    if call.profile.since(7, 0):
        raise CommandError(_NO_MODULES)
    if call.words[1].lower() == b"load":
        raise CommandError("ERR Error loading the extension. Please check the server logs.")
    raise CommandError("ERR Error unloading module: no such module with that name")


def _sub(name: str, run: Callable[[Call], Reply], arity: int, flags: str = "") -> Command:
    return Command(name, run, arity, flags, group="server")


_MODULES: Final = "admin noscript no_async_loading"

MEMORY_COMMANDS: Final[Sequence[Command]] = (
    Command(
        "memory",
        None,
        -2,
        group="server",
        subcommands=(
            Command("usage", memory_usage, -3, "readonly", (2, 2, 1), group="server"),
            _sub("purge", memory_purge, 2),
            _sub("doctor", memory_doctor, 2),
            _sub("malloc-stats", memory_malloc_stats, 2),
            _sub("stats", memory_stats, 2),
        ),
    ),
    Command(
        "module",
        None,
        -2,
        group="server",
        subcommands=(
            _sub("list", module_list, 2, "admin noscript"),
            _sub("load", module_refused, -3, _MODULES),
            Command("loadex", module_refused, -3, _MODULES, since=(7, 0), group="server"),
            _sub("unload", module_refused, 3, _MODULES),
        ),
    ),
)
