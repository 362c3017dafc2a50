"""The demo's second process: one consumer, until it is killed.

``python -m redis_streams.simulations.demo._worker URL STREAM``
"""

from __future__ import annotations

import sys

import trio

from ...runtime import RuntimeEvent
from ._shop import WORKER, shop


def _silent(_event: RuntimeEvent) -> None:
    """The first process tells the story."""


def main(url: str, stream: str) -> None:
    """Bill orders until SIGTERM, or worse."""
    trio.run(shop(url, stream, WORKER, consumers=1, observer=_silent).serve)


if __name__ == "__main__":
    main(*sys.argv[1:])
