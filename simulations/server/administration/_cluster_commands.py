"""What a server without a cluster says of one: CLUSTER, ASKING, READONLY, READWRITE; MIGRATE, which reaches nobody."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from .._command import Call, Command, integer
from .._errors import CommandError, syntax_error
from .._facts import facts
from .._profile import Profile
from .._reply import OK, Reply, Status

_NEWEST: Final = Profile.of("8.6")


def disabled(_call: Call) -> Reply:
    """CLUSTER … and the like."""
    raise CommandError("ERR This instance has cluster support disabled")


def readwrite(call: Call) -> Reply:
    """READWRITE: before 7.0 without a cluster, too."""
    return disabled(call) if call.profile.since(7, 0) else OK


def migrate(call: Call) -> Reply:
    """MIGRATE host port key|"" destination-db timeout [COPY] [REPLACE] [AUTH …|AUTH2 …] [KEYS key …]."""
    keys = _migrated(call)
    integer(call.words[5])
    integer(call.words[4])
    if not any(call.database.get(key) is not None for key in keys):
        return Status(b"NOKEY")
    raise CommandError("IOERR error or timeout writing to target instance")


def _migrated(call: Call) -> Sequence[bytes]:
    words = list(call.words[6:])
    while words:
        option = words.pop(0).upper()
        if option in {b"COPY", b"REPLACE"}:
            continue
        if option == b"AUTH" and words:
            words.pop(0)
        elif option == b"AUTH2" and len(words) >= 2 and call.profile.since(6, 0):
            del words[:2]
        elif option == b"KEYS":
            if call.words[3]:
                raise CommandError(
                    "ERR When using MIGRATE KEYS option, the key argument must be set to the empty string"
                )
            return words
        else:
            raise syntax_error()
    return call.words[3:4]


def _subcommands() -> Sequence[Command]:
    found: list[Command] = []
    for name, told in facts(_NEWEST).items():
        container, _, sub = name.partition("|")
        if container == "cluster" and sub:
            major, minor = str(told.docs.get("since", "7.0")).split(".")[:2]
            flags = " ".join(told.flags)
            since = max((7, 0), (int(major), int(minor)))
            found.append(Command(sub, disabled, told.arity, flags, since=since, group="cluster"))
    return found


CLUSTER_COMMANDS: Final[Sequence[Command]] = (
    Command("cluster", disabled, -2, "admin stale", since=(3, 0), group="cluster"),
    Command("cluster", None, -2, since=(7, 0), group="cluster", subcommands=_subcommands()),
    Command("asking", disabled, 1, "fast", since=(3, 0), group="cluster"),
    Command("readonly", disabled, 1, "loading stale fast", since=(3, 0), group="cluster"),
    Command("readwrite", readwrite, 1, "loading stale fast", since=(3, 0), group="cluster"),
    Command("migrate", migrate, -6, "write", since=(2, 6), group="generic"),
)
