"""What the shared link tells whoever listens: an outage is one `LinkDown` and one `LinkUp`."""

from __future__ import annotations

from attrs import frozen

from ._address import ServerAddress


@frozen
class LinkEvent:
    """Something happened to the connection that all tasks share."""

    address: ServerAddress


@frozen
class LinkUp(LinkEvent):
    """There is a connection, after so many tries in vain."""

    failures: int


@frozen
class LinkDown(LinkEvent):
    """There is no connection any more. Commands wait for the next one."""

    error: Exception
