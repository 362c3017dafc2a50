"""What a replica knows of its primary."""

from __future__ import annotations

from attrs import define


@define
class Link:
    """The way to the primary.

    Attributes:
        state: as ROLE says it: "connect", "connecting", "sync" or "connected".
        offset: up to where its effects have come.
        heard_ms: when something came last.
        lost_ms: since when it is lost.
    """

    state: str = "connect"
    offset: int = -1
    heard_ms: int = 0
    lost_ms: int = 0
