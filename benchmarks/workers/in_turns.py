"""What the simulated server and fakeredis are told in turn, so that only one command of it is timed.

A turn adds a hundred entries, reads each with an XREADGROUP of its own, acknowledges each, and trims the stream to the
length that it had. So the stream is as long at the end as it was at the beginning, and every command is told as often
as the others.

Both run in the thread that measures and wait for nobody, so what counts is the processor's time: commands per second of
one core, whatever else the machine does.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, Literal, Protocol

from shared import GROUP, STREAM, Answer, WrongResultError

TURN = 100
"""Entries in a turn."""

Measured = Literal["xadd", "xreadgroup", "xack"]
Words = Sequence[bytes]

KEY, MEMBER_OF = STREAM.encode(), GROUP.encode()
BODY = b'{"symbol":"AAPL","price":150.25,"n":1234}'
ADD: Words = (b"XADD", KEY, b"*", b"payload", BODY)
READ: Words = (b"XREADGROUP", b"GROUP", MEMBER_OF, b"c", b"COUNT", b"1", b"STREAMS", KEY, b">")
CREATE: Words = (b"XGROUP", b"CREATE", KEY, MEMBER_OF, b"$", b"MKSTREAM")


class Told(Protocol):
    """A server that is told commands."""

    def fill(self, length: int) -> None:
        """Put so many entries into the stream."""

    def prepare(self, commands: Sequence[Words]) -> Callable[[], object]:
        """What tells it these commands; calling that is what is timed."""

    def ask(self, words: Words) -> Any:  # noqa: ANN401 - whatever the command answers
        """The answer to one command, as RESP2 has it."""


def measure(server: Told, measured: Measured, length: int, count: int) -> Answer:
    """Time so many commands of one kind, on a stream of that length.

    Raises:
        WrongResultError: the stream is not as long as it should be, or something is left pending.
    """
    server.fill(length)
    server.ask(CREATE)
    seconds = 0.0
    for _ in range(count // TURN):
        seconds += _turn(server, measured)
        server.ask((b"XTRIM", KEY, b"MAXLEN", b"%d" % length))
    found = server.ask((b"XLEN", KEY)), server.ask((b"XPENDING", KEY, MEMBER_OF))
    if found[0] != length or found[1][0]:
        raise WrongResultError(f"{found[0]} entries instead of {length}; pending: {found[1]}")
    return {"events": count // TURN * TURN, "seconds": seconds}


def _turn(server: Told, measured: Measured) -> float:
    seconds = 0.0
    steps = ("xadd", server.prepare([ADD] * TURN)), ("xreadgroup", server.prepare([READ] * TURN))
    for name, tell in steps:
        began = time.thread_time()
        tell()
        seconds += (time.thread_time() - began) * (name == measured)
    rows = server.ask((b"XPENDING", KEY, MEMBER_OF, b"-", b"+", b"%d" % TURN))
    tell = server.prepare([(b"XACK", KEY, MEMBER_OF, row[0]) for row in rows])
    began = time.thread_time()
    tell()
    return seconds + (time.thread_time() - began) * (measured == "xack")
