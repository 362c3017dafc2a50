"""OBJECT: how a value is kept, and used."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from .._command import Call, Command
from .._errors import CommandError
from .._keyspace import Value
from .._reply import Reply
from ._packed import whole_number
from ._text import encoding_of

NO_IDLE: Final = (
    "ERR An LFU maxmemory policy is selected, idle time not tracked. Please note that when switching between policies"
    " at runtime LRU and LFU data will take some time to adjust."
)
NO_FREQUENCY: Final = (
    "ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that when switching between"
    " policies at runtime LRU and LFU data will take some time to adjust."
)
SHARED_BELOW: Final = 10_000
"""Small numbers are kept once, for all keys that hold them."""
SHARED_COUNT: Final = 2**31 - 1


def encoding(call: Call) -> Reply:
    """OBJECT ENCODING key."""
    value = _value(call)
    return None if value is None else encoding_of(value, call.profile, call.engine.configuration).encode()


def refcount(call: Call) -> Reply:
    """OBJECT REFCOUNT key."""
    value = _value(call)
    if value is None:
        return None
    number = whole_number(value) if type(value) is bytes else None
    return SHARED_COUNT if number is not None and 0 <= number < SHARED_BELOW else 1


def idletime(call: Call) -> Reply:
    """OBJECT IDLETIME key."""
    value = _value(call)
    if value is not None and _counts_uses(call):
        raise CommandError(NO_IDLE)
    return None if value is None else call.database.uses.idle_s(call.words[2])


def freq(call: Call) -> Reply:
    """OBJECT FREQ key."""
    value = _value(call)
    if value is not None and not _counts_uses(call):
        raise CommandError(NO_FREQUENCY)
    return None if value is None else call.database.uses.frequency(call.words[2])


def _value(call: Call) -> Value | None:
    """What the key holds; in 5.0 also one that has expired and that nobody looked at."""
    if not call.profile.since(6, 0):
        return call.database.values.get(call.words[2])
    return call.database.get(call.words[2], uses=False)


def _counts_uses(call: Call) -> bool:
    return call.engine.eviction.counts_uses


_KEY = (2, 2, 1)

OBJECT_COMMANDS: Final[Sequence[Command]] = (
    Command(
        "object",
        None,
        -2,
        "readonly",
        _KEY,
        subcommands=(
            Command("encoding", encoding, 3, "readonly", _KEY),
            Command("refcount", refcount, 3, "readonly", _KEY),
            Command("idletime", idletime, 3, "readonly", _KEY),
            Command("freq", freq, 3, "readonly", _KEY, since=(4, 0)),
        ),
    ),
)
