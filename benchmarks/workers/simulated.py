"""The simulated server on one core: its engine alone, and with all that is bytes.

The engine takes words and gives replies as values: that is what a fault simulation of thousands of runs waits for. With
bytes: those of a request go in, those of the reply come out.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from random import Random
from typing import Any

from in_turns import ADD, KEY, Measured, Words, measure
from redis_streams.simulations.server import Engine, Profile, encode
from redis_streams.simulations.server._request import RequestParser
from redis_streams.simulations.server.streams._stream import Stream
from shared import Answer, run

PROFILE = "8.0"
SHORT, LONG = 100, 1_000_000
LENGTH_PER_COMMAND_MAX = 50
"""A smoke run of few commands does not fill a stream for seconds first."""
FILLED_MS = 1_750_000_000_000


class Simulated:
    """The engine with one client.

    Args:
        in_bytes: whether making words of requests and bytes of replies counts, too.
    """

    def __init__(self, *, in_bytes: bool = False) -> None:
        self._in_bytes = in_bytes
        self._engine = Engine(Profile.of(PROFILE), rng=Random(1))
        self._session = self._engine.connect("127.0.0.1:1", now_us=time.time_ns() // 1000)
        self._parser = RequestParser(self._engine.profile)

    def fill(self, length: int) -> None:
        """Without the detour through commands: a million of them would take longer than what is measured."""
        engine, stream = self._engine, Stream()
        for number in range(length):
            stream.append((FILLED_MS, number), list(ADD[3:]), engine.limits)
        engine.databases[0].put(KEY, stream)

    def prepare(self, commands: Sequence[Words]) -> Callable[[], object]:
        """As they come from a socket, in one piece; or as words already."""
        if self._in_bytes:
            return partial(self._tell_bytes, b"".join(map(_request, commands)))
        return partial(self._tell, [list(words) for words in commands])

    def ask(self, words: Words) -> Any:  # noqa: ANN401 - whatever the command answers
        """As the engine says it."""
        self._engine.execute(self._session, list(words), now_us=time.time_ns() // 1000)
        return self._session.replies.pop()

    def _tell(self, commands: Sequence[list[bytes]]) -> None:
        session, execute = self._session, self._engine.execute
        for words in commands:
            execute(session, words, now_us=time.time_ns() // 1000)
            session.replies.clear()

    def _tell_bytes(self, data: bytes) -> None:
        parser, session, execute = self._parser, self._session, self._engine.execute
        parser.feed(data)
        while (words := parser.take()) is not None:
            execute(session, words, now_us=time.time_ns() // 1000)
            for reply in session.replies:
                encode(reply, session.protocol)
            session.replies.clear()


def _request(words: Words) -> bytes:
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%b\r\n" % (len(word), word) for word in words)


def _mode(measured: Measured, length: int, *, in_bytes: bool = False) -> Callable[[str, int], Answer]:
    def measured_mode(_url: str, count: int) -> Answer:
        return measure(Simulated(in_bytes=in_bytes), measured, min(length, LENGTH_PER_COMMAND_MAX * count), count)

    return measured_mode


if __name__ == "__main__":
    run(
        {
            f"{measured}-{name}": _mode(measured, length)
            for measured in ("xadd", "xreadgroup", "xack")
            for name, length in (("short", SHORT), ("long", LONG))
        }
        | {f"{measured}-bytes": _mode(measured, SHORT, in_bytes=True) for measured in ("xadd", "xreadgroup", "xack")}
    )
