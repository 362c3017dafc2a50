"""Where a reply ends: of what a server sends no more is needed, as it is passed on as it came.

RESP2 only, which is what the library speaks. Nothing comes out of turn in it, so the nth reply is the nth command's.
"""

from __future__ import annotations

from typing import Final

_LINES: Final = b"+-:"
_BULK: Final = ord("$")
_ARRAY: Final = ord("*")


class NotAReply(ValueError):
    """What came is no RESP2."""


class ReplyFramer:
    """Cuts what a server sends into replies, in pieces of any size."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._at = 0
        """So far the reply that comes in part was looked at."""
        self._missing = 1
        """Values that it still lacks: 1, and as many more as an array announces."""

    def feed(self, data: bytes | bytearray) -> None:
        """Give it what was received."""
        self._buffer += data

    def take(self) -> bytes | None:
        """The next reply; None if it has not come in full.

        Raises:
            NotAReply: what came is none.
        """
        while self._missing:
            end = self._buffer.find(b"\r\n", self._at)
            if end < 0 or not self._pass_value(end):
                return None
        reply = bytes(self._buffer[: self._at])
        del self._buffer[: self._at]
        self._at, self._missing = 0, 1
        return reply

    def _pass_value(self, end: int) -> bool:
        """Go behind the value whose first line ends here; false if it has not come in full."""
        kind, line = self._buffer[self._at], bytes(self._buffer[self._at + 1 : end])
        after, inside = end + 2, 0
        if kind == _ARRAY:
            inside = max(_number(line), 0)
        elif kind == _BULK:
            size = _number(line)
            after += size + 2 if size >= 0 else 0
        elif kind not in _LINES:
            raise NotAReply(f"no reply begins with {bytes(self._buffer[self._at : end])[:40]!r}")
        if len(self._buffer) < after:
            return False
        self._at = after
        self._missing += inside - 1
        return True


def _number(line: bytes) -> int:
    try:
        return int(line)
    except ValueError as error:
        raise NotAReply(f"{line[:40]!r} is no length") from error
