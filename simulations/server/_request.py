"""From bytes to commands: the requests of RESP, and lines typed by hand, in pieces of any size.

::

    parser = RequestParser(profile)
    parser.feed(data)
    while (words := parser.take()) is not None:
        ...

A request is an array of bulk strings, or a line of words ("inline") if it does not begin with ``*``. There are two ways
through the same bytes. The common one splits a piece at its line ends and takes all requests of which the lengths agree
with what stands between the line ends. Whatever it does not understand it leaves to the exact one, which reads as
Redis' `processInlineBuffer` and `processMultibulkBuffer` do: word by word, with all their limits, and with C's notion
of a string, by which a line ends at a zero byte and so never comes to its end.
"""

from __future__ import annotations

from collections import deque
from typing import Final

from ._inline import UnbalancedQuotes, split_line
from ._profile import Profile
from ._session import Words

LINE_LIMIT: Final = 64 * 1024
"""PROTO_INLINE_MAX_SIZE: a line that is longer and has not ended is an error."""
WINDOW: Final = 64 * 1024
"""How many bytes the common way looks at in one go, so that what it looks at in vain costs little."""
UNAUTHENTICATED_WORDS: Final = 10
UNAUTHENTICATED_BYTES: Final = 16384
"""What a client may send that has not said who it is: enough for AUTH."""
DEFAULT_BULK_LIMIT: Final = 512 * 1024 * 1024
"""Of proto-max-bulk-len, which may not be set below 1 MB."""

_COUNTS: Final = {b"*%d" % count: count for count in range(1, 129)}
_SIZES: Final = {b"$%d" % size: size for size in range(4097)}
_STAR: Final = ord("*")
_DOLLAR: Final = ord("$")


class ProtocolError(Exception):
    """What came is no request. The client is told `text` and the connection is closed.

    Args:
        text: what follows "Protocol error: ".
    """

    def __init__(self, text: str | bytes) -> None:
        tail = text.encode() if isinstance(text, str) else text
        self.text = b"ERR Protocol error: " + tail
        super().__init__(self.text)


class RequestParser:
    """The requests of one client.

    Attributes:
        unauthenticated: whether the client still has to say who it is; then requests must be small.
        bulk_limit: proto-max-bulk-len.
    """

    def __init__(self, profile: Profile) -> None:
        self.unauthenticated = False
        self.bulk_limit = DEFAULT_BULK_LIMIT
        self._limits_strangers = profile.since(6, 0)
        self._count_limit = 2**31 - 1 if profile.since(7, 0) else 1024 * 1024
        self._keeps_empty_words = profile.since(6, 0)
        self._reads_zero_bytes = profile.since(8, 4)
        self._buffer = bytearray()
        self._ahead: deque[Words] = deque()
        # Of a request that came in part: its words so far, how many are missing, and the size of the next one.
        self._words: list[bytes] = []
        self._missing = 0
        self._size = -1
        self._failed = False

    def feed(self, data: bytes) -> None:
        """Give it what was received."""
        self._buffer += data

    def take(self) -> Words | None:
        """The next request; None if it has not come in full.

        Raises:
            ProtocolError: what came is none. There will be no further ones.
        """
        if self._ahead:
            return self._ahead.popleft()
        if not self._buffer or self._failed:
            return None
        if not self._missing and self._buffer[0] == _STAR:
            self._read_ahead()
            if self._ahead:
                return self._ahead.popleft()
        try:
            return self._take_exactly()
        except ProtocolError:
            self._failed = True
            raise

    @property
    def has_more(self) -> bool:
        """Whether anything was fed that was not taken yet."""
        return bool(self._ahead or self._buffer)

    @property
    def waiting(self) -> int:
        """How many bytes were fed that are no whole request yet."""
        return len(self._buffer)

    @property
    def announced(self) -> int:
        """How many bytes the word that comes in part still lacks, if it is a large one."""
        return max(0, self._size - len(self._buffer)) if self._size >= LINE_LIMIT // 2 else 0

    # The common way

    def _read_ahead(self) -> None:
        window = bytes(self._buffer[:WINDOW])
        parts = window.split(b"\r\n")
        last = len(parts) - 1  # what follows the last line end is not complete
        most = UNAUTHENTICATED_WORDS if self.unauthenticated else len(_COUNTS)
        said, found = list(map(_SIZES.get, parts)), list(map(len, parts))
        at = 0
        while True:
            count = _COUNTS.get(parts[at])
            if count is None or count > most:
                break
            end = at + 1 + 2 * count
            if end > last:
                break
            if said[at + 1 : end : 2] != found[at + 2 : end : 2]:
                break
            self._ahead.append(parts[at + 2 : end : 2])
            at = end
        if at == last:
            del self._buffer[: len(window) - len(parts[last])]
        elif at:
            del self._buffer[: len(window) - len(b"\r\n".join(parts[at:]))]

    # The exact way

    def _take_exactly(self) -> Words | None:
        while self._buffer or self._missing:
            if not self._missing and self._buffer[0] != _STAR:
                line = self._take_line()
                if line is None:
                    return None
                if line:
                    return line
            elif not self._missing and not self._begin():
                return None
            elif self._missing:
                return self._finish()
        return None

    def _take_line(self) -> Words | None:
        """The words of a line, which may be none; None if it has not ended."""
        end = self._find(b"\n", "too big inline request")
        if end < 0:
            return None
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        try:
            words = split_line(line.removesuffix(b"\r"))
        except UnbalancedQuotes:
            raise ProtocolError("unbalanced quotes in request") from None
        return words if self._keeps_empty_words else [word for word in words if word]

    def _begin(self) -> bool:
        """Read how many words follow; false if even that has not come in full."""
        end = self._find(b"\r", "too big mbulk count string")
        if end < 0 or len(self._buffer) < end + 2:
            return False
        count = _number(self._buffer[1:end])
        if count is None or count > self._count_limit:
            raise ProtocolError("invalid multibulk length")
        if count > UNAUTHENTICATED_WORDS and self._is_limited():
            raise ProtocolError("unauthenticated multibulk length")
        del self._buffer[: end + 2]
        self._missing, self._words, self._size = max(count, 0), [], -1
        return True

    def _finish(self) -> Words | None:
        """Read the words that are missing; None if some have not come."""
        buffer = self._buffer
        while self._missing:
            if self._size < 0 and not self._begin_word():
                return None
            # Redis does not look at the two bytes behind a word either.
            if len(buffer) < self._size + 2:
                return None
            self._words.append(bytes(buffer[: self._size]))
            del buffer[: self._size + 2]
            self._size = -1
            self._missing -= 1
        return self._words

    def _begin_word(self) -> bool:
        """Read the size of the next word; false if it has not come in full."""
        end = self._find_size_end()
        if end < 0 or len(self._buffer) < end + 2:
            return False
        if self._buffer[0] != _DOLLAR:
            raise ProtocolError(b"expected '$', got '%b'" % bytes(self._buffer[:1]))
        size = _number(self._buffer[1:end])
        if size is None or not 0 <= size <= self.bulk_limit:
            raise ProtocolError("invalid bulk length")
        if size > UNAUTHENTICATED_BYTES and self._is_limited():
            raise ProtocolError("unauthenticated bulk length")
        del self._buffer[: end + 2]
        self._size = size
        return True

    def _find_size_end(self) -> int:
        if self._reads_zero_bytes:
            # Neither does it mind a line that is too long any more: it waits.
            return self._buffer.find(b"\r", 0, LINE_LIMIT)
        return self._find(b"\r", "too big bulk count string")

    def _find(self, end: bytes, too_long: str) -> int:
        """Where the line ends that the buffer begins with, as strchr finds it; -1 if it does not."""
        found = self._buffer.find(end)
        if found >= 0 and self._buffer.find(b"\0", 0, found) < 0:
            return found
        if len(self._buffer) > LINE_LIMIT:
            raise ProtocolError(too_long)
        return -1

    def _is_limited(self) -> bool:
        return self.unauthenticated and self._limits_strangers


def _number(digits: bytearray) -> int | None:
    """A whole number of 64 bits as Redis' string2ll reads it; None if it is none."""
    if digits == b"0":
        return 0
    unsigned = digits[1:] if digits[:1] == b"-" else digits
    if not unsigned.isdigit() or unsigned[0] == ord("0") or len(unsigned) > 19:
        return None
    number = int(digits)
    return number if -(2**63) <= number < 2**63 else None
