"""fakeredis, as one uses it: through redis-py's client, in the same process."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import fakeredis
from in_turns import ADD, Measured, Words, measure
from shared import Answer, run

LENGTH = 100


class Fake:
    """One client of one server."""

    def __init__(self) -> None:
        self._client = fakeredis.FakeRedis(version=(7, 0))
        # Replies as they come: what redis-py makes of them is not asked for on the other side either.
        self._client.response_callbacks.clear()

    def fill(self, length: int) -> None:
        """One by one."""
        for _ in range(length):
            self.ask(ADD)

    def prepare(self, commands: Sequence[Words]) -> Callable[[], object]:
        """One after the other."""

        def tell() -> None:
            for words in commands:
                self._client.execute_command(*words)

        return tell

    def ask(self, words: Words) -> Any:  # noqa: ANN401 - whatever the command answers
        """As fakeredis says it."""
        return self._client.execute_command(*words)


def _mode(measured: Measured) -> Callable[[str, int], Answer]:
    return lambda _url, count: measure(Fake(), measured, LENGTH, count)


if __name__ == "__main__":
    run({measured: _mode(measured) for measured in ("xadd", "xreadgroup", "xack")})
