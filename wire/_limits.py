"""How long things may take, and how often they are tried."""

from __future__ import annotations

from random import Random

from attrs import Attribute, field, frozen, validators

from ._values import number, whole_or_none


@frozen
class Timeouts:
    """Time limits, in seconds: every wait for a server has one.

    Attributes:
        connect_seconds: from the name of a host to a connection that is logged in.
        reply_seconds: from a command to its reply; redis-py's default. Each part that comes of a large reply, or goes
            of a large command, gives the rest as long again. What the system has taken into its buffers counts as gone.
        block_margin_seconds: how much later than its BLOCK a blocking read may be answered. An idle server is up to
            0.1 s late, a loaded one much more.
    """

    connect_seconds: float = field(default=5.0, validator=[number, validators.gt(0)])
    reply_seconds: float = field(default=5.0, validator=[number, validators.gt(0)])
    block_margin_seconds: float = field(default=5.0, validator=[number, validators.gt(0)])


def _check_max_retries(_retry: Retry, _attribute: Attribute[int], retries: int | None) -> None:
    if retries is not None and retries < 0:
        raise ValueError(f"max_retries must be 0 or more, or None for no end, not {retries!r}")


@frozen
class Retry:
    """Exponential backoff with full jitter (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/).

    Attributes:
        max_retries: tries after the first; None: no end.
        base_delay_seconds: the upper bound of the first delay; it doubles from try to try.
        max_delay_seconds: the upper bound of any delay.
    """

    max_retries: int | None = field(default=5, validator=[whole_or_none, _check_max_retries])
    base_delay_seconds: float = field(default=0.1, validator=[number, validators.gt(0)])
    max_delay_seconds: float = field(default=30.0, validator=[number, validators.gt(0)])

    def delay(self, tries: int, rng: Random) -> float:
        """Seconds to wait after so many tries in vain (0: after the first)."""
        doublings = min(tries, 60)  # Beyond that a float would overflow, long after the bound was reached.
        return rng.uniform(0, min(self.max_delay_seconds, self.base_delay_seconds * 2**doublings))
