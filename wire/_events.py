"""What the shared link tells whoever listens: an outage is one `LinkDown` and one `LinkUp`."""

from __future__ import annotations

import logging
from typing import ClassVar

from attrs import frozen
from typing_extensions import override

from ._address import ServerAddress


@frozen
class LinkEvent:
    """Something happened to the connection that all tasks share."""

    level: ClassVar[int] = logging.DEBUG
    """How much it matters, as the standard logging counts."""

    address: ServerAddress

    def words(self) -> str:
        """What happened, in words."""
        return type(self).__name__


@frozen
class LinkUp(LinkEvent):
    """There is a connection, after so many tries in vain."""

    level: ClassVar[int] = logging.INFO

    failures: int

    @override
    def words(self) -> str:
        """In words."""
        tries = f" after {self.failures} {'try' if self.failures == 1 else 'tries'} in vain" if self.failures else ""
        return f"connected to {self.address}{tries}"


@frozen
class LinkDown(LinkEvent):
    """There is no connection any more. Commands wait for the next one."""

    level: ClassVar[int] = logging.WARNING

    error: Exception

    @override
    def words(self) -> str:
        """In words."""
        why = str(self.error).removeprefix(f"{self.address}: ")
        return f"lost {self.address}: {why}; reconnecting"
