"""A replica as its primary knows it."""

from __future__ import annotations

from collections.abc import Callable

from attrs import define


@define
class Follower:
    """One replica.

    Attributes:
        host, port: where it listens, as it says.
        acknowledged: up to which offset it has got the effects.
        synced: up to which offset they are on its disk.
        acknowledged_ms: when it said so last.
        feed: how it is sent effects.
        wants_functions_only: whether it is no replica, but takes down the functions.
        is_online: whether it has all that there was when it came.
    """

    host: str = ""
    port: int = 0
    acknowledged: int = 0
    synced: int = 0
    acknowledged_ms: int = 0
    feed: Callable[[bytes], None] | None = None
    wants_functions_only: bool = False
    is_online: bool = False
