"""XADD, XTRIM, XDEL, XLEN, XRANGE, XREVRANGE, XSETID."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from .._command import Call, Command
from .._reply import Reply
from ._stream import Stream


def xlen(call: Call) -> Reply:
    """XLEN key."""
    stream = call.database.get_as(Stream, call.words[1])
    return stream.length if stream is not None else 0


APPEND_COMMANDS: Final[Sequence[Command]] = (
    Command("xlen", xlen, 2, "readonly fast", (1, 1, 1), since=(5, 0), group="stream"),
)
