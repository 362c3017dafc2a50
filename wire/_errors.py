"""What can go wrong on the way to Redis, and which of it is weather.

The classes extend redis-py's, so ``except redis.exceptions.ConnectionError`` catches what it does everywhere else.
"""

from __future__ import annotations

from ._redis_py import (
    BusyLoadingError,
    ConnectionError,  # noqa: A004
    MasterDownError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisError,
    TimeoutError,  # noqa: A004
)


class ConnectionLost(ConnectionError):
    """The connection broke, or was broken, before a reply came.

    Attributes:
        sent: True when the command may have reached Redis and may have been applied; False when it certainly did not.
    """

    def __init__(self, message: str, *, sent: bool) -> None:
        super().__init__(message)
        self.sent = sent


class NotConnected(ConnectionLost):
    """There was no connection in time, or there will be none: asking again at once would be in vain."""

    def __init__(self, message: str) -> None:
        super().__init__(message, sent=False)


class ReplyTimeout(ConnectionLost, TimeoutError):
    """No reply came in time. The connection is given up: a half-open link is a failure, not a wait."""


class ConnectFailed(ConnectionError):
    """No connection could be made."""


IS_NO_PRIMARY = (ReadOnlyError, MasterDownError)
"""What a replica says to who writes. A primary that becomes one keeps its connections, and says this on them for ever:
the new primary is reached by connecting anew."""

_PASSING_CODES = (
    "LOADING",
    "READONLY",
    "MASTERDOWN",
    "CLUSTERDOWN",
    "TRYAGAIN",
    "OOM",
    "MISCONF",
    "NOREPLICAS",
    "BUSY",
    "UNBLOCKED",
)


def is_weather(error: BaseException) -> bool:
    """Whether this is expected trouble that passes by itself, so that waiting and trying again is right.

    Lost connections and time-outs are; so is a server that loads, fails over, or is out of memory. A wrong password, a
    missing permission, a key of the wrong type or a missing group are not: they stay until somebody does something.
    """
    if isinstance(error, ConnectionLost | ConnectFailed | TimeoutError):
        return True
    if isinstance(error, BusyLoadingError | ReadOnlyError | OutOfMemoryError):
        return True
    if not isinstance(error, RedisError):
        return False
    text = str(error)
    code = getattr(error, "status_code", None) or text.partition(" ")[0]
    return code in _PASSING_CODES or "max number of clients " in text
