"""How safe an event is to be before its publisher hears that it was published."""

from __future__ import annotations

import re
from typing import Literal, cast

from attrs import field, frozen, validators
from typing_extensions import override

from ..wire import Arg, Reply, whole


@frozen
class Replicated:
    """So many replicas have the event.

    It says what replicas *had* at that moment. Redis is not a consensus: which of them is promoted when the primary
    fails is decided elsewhere (https://redis.io/docs/latest/commands/wait/).
    """

    replicas: int = field(default=1, validator=[whole, validators.ge(1)])

    @override
    def __str__(self) -> str:
        return f"replicated({self.replicas})"


Durability = Literal["acknowledged", "fsynced"] | Replicated
"""``"acknowledged"``: the server has it in its memory. ``"fsynced"``: it is on the server's disk."""


def parse_durability(said: object) -> Durability:
    """As a configuration says it: "acknowledged", "fsynced" or "replicated(2)".

    Raises:
        ValueError: it is none of these.
    """
    if isinstance(said, Replicated):
        return said
    if said in ("acknowledged", "fsynced"):
        return cast("Durability", said)
    match = re.fullmatch(r"replicated\((\d+)\)", said) if isinstance(said, str) else None
    if match is None or int(match[1]) < 1:
        raise ValueError(
            f"durability must be 'acknowledged', 'fsynced' or 'replicated(1)' (in code: Replicated(1)), not {said!r}"
        )
    return Replicated(int(match[1]))


def wait_command(durability: Durability, timeout_seconds: float) -> tuple[Arg, ...] | None:
    """What waits on a connection until what was written there is that safe; None: nothing has to."""
    timeout_ms = max(1, int(timeout_seconds * 1000))  # 0 would be for ever
    match durability:
        case Replicated(replicas=replicas):
            return (b"WAIT", replicas, timeout_ms)
        case "fsynced":
            return (b"WAITAOF", 1, 0, timeout_ms)
        case _:
            return None


def missing_after(durability: Durability, reply: Reply) -> str:
    """What the answer to that command lacks, in words; "" when it is that safe."""
    if isinstance(durability, Replicated):
        had = reply if isinstance(reply, int) else 0
        return (
            "" if had >= durability.replicas else f"{had} of {durability.replicas} replicas have said that they have it"
        )
    local = reply[0] if isinstance(reply, list) and reply else 0
    return "" if local == 1 else "the server has not said that it is on its disk"
