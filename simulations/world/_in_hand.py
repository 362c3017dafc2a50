"""Which event a handler has in hand, for those whom it calls."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Final

IN_HAND: Final[ContextVar[str]] = ContextVar("id of the event in hand", default="")
"""The event's id, in the task of its handler and in those that it starts."""
