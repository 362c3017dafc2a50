"""The categories of commands that rules of users speak of, such as @read, @stream and @dangerous."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from .._command import Command
from .._facts import facts
from .._profile import Profile

CATEGORIES: Final[Sequence[str]] = (
    *("keyspace", "read", "write", "set", "sortedset", "list", "hash", "string", "bitmap", "hyperloglog", "geo"),
    *("stream", "pubsub", "admin", "fast", "slow", "blocking", "dangerous", "connection", "transaction", "scripting"),
)
"""In the order in which the server tells them."""

_OF_GROUPS: Final[Mapping[str, str]] = {
    "generic": "keyspace",
    "sorted-set": "sortedset",
    "transactions": "transaction",
    "pubsub": "pubsub",
    **{name: name for name in ("set", "list", "hash", "string", "bitmap", "hyperloglog", "geo", "stream")},
    **{name: name for name in ("connection", "scripting")},
}
_DANGEROUS: Final = frozenset(
    {
        *("keys", "sort", "sort_ro", "flushall", "flushdb", "restore", "migrate", "swapdb"),
        *("replconf", "sync", "psync", "pfdebug", "pfselftest"),
    }
)
_ADDITIONAL: Final[Mapping[str, Sequence[str]]] = {
    "dump": ("read",),
    "flushall": ("keyspace",),
    "flushdb": ("keyspace",),
    "swapdb": ("keyspace",),
    "dbsize": ("keyspace",),
    "keys": ("keyspace",),
}


def categories_of(profile: Profile, command: Command, name: str) -> Sequence[str]:
    """The categories of a command, by its full name; before 7.0 subcommands have those of their container."""
    known = facts(profile).get(name if profile.since(7, 0) else name.partition("|")[0])
    return categories(command) if known is None else known.categories


def categories(command: Command) -> Sequence[str]:
    """The categories of a command, in the order in which the server tells them."""
    flags = command.flags
    found = {_OF_GROUPS.get(command.group, ""), *_ADDITIONAL.get(command.name, ())}
    found |= {"fast"} if "fast" in flags else {"slow"}
    found |= {name for name in ("write", "blocking", "admin", "pubsub") if name in flags}
    if "readonly" in flags and command.group != "scripting":
        found.add("read")
    if (
        "admin" in flags
        or command.name in _DANGEROUS
        or (command.group == "server" and command.name in {"info", "role"})
    ):
        found.add("dangerous")
    return [name for name in CATEGORIES if name in found]
