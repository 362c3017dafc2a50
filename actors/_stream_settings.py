"""What the actors that append to a stream need to know of it."""

from __future__ import annotations

from typing import Literal

from attrs import field, frozen, validators

from ..wire import Retry
from ._durability import Durability

WhenAway = Literal["wait", "fail"]
"""What publishers do while there is no connection: wait for it within their time, or hear of it at once."""

DEDUP_SECONDS = 120.0
"""For how long a stream remembers what was published once: longer than a process takes to come back."""

DURABLE_SECONDS = 5.0
"""How long a durability is waited for: a disk that syncs each second, or a replica that was away for a moment."""


@frozen
class StreamSettings:
    """A stream, and how one of its actors appends to it.

    Attributes:
        stream: its name.
        length_max: about how many entries it keeps (XADD MAXLEN ~); None keeps all.
        once: whether each entry is appended once under its token, however often that is tried.
        dedup_seconds: for how long tokens are remembered at least.
        durability: how safe entries are to be before their publisher hears of them; anything but "acknowledged" only
            with `once`, since it is repeated when the connection breaks.
        durable_seconds: how long that is waited for.
        when_away: what is done while there is no connection.
    """

    stream: str
    length_max: int | None = field(default=None, validator=validators.optional(validators.ge(1)))
    retry: Retry = Retry()
    once: bool = False
    dedup_seconds: float = field(default=DEDUP_SECONDS, validator=validators.gt(0))
    durability: Durability = "acknowledged"
    durable_seconds: float = field(default=DURABLE_SECONDS, validator=validators.gt(0))
    when_away: WhenAway = "wait"

    @property
    def name(self) -> str:
        """The actor's: a stream has one for each way in which it is published to."""
        if not self.once:
            return f"stream:{self.stream}"
        way = "once" if self.durability == "acknowledged" else str(self.durability)
        return f"stream:{self.stream}:{way}"
