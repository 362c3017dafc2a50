"""`redis-streams serve` as a process that imports nothing: forked from one that has, for tests that start many.

That the command itself starts is for other tests: `tests/unit/test_cli_serve.py`.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Sequence
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from typing import TextIO

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["__main__", "redis_streams.__main__", "redis_streams.simulations.server._tcp"])


def start(arguments: Sequence[str]) -> tuple[ForkServerProcess, TextIO]:
    """Start the command; returns the process, and what it prints on either output."""
    reader, writer = _CONTEXT.Pipe(duplex=False)
    process = _CONTEXT.Process(target=_run, args=(writer, arguments))
    process.start()
    writer.close()
    printed = os.fdopen(os.dup(reader.fileno()))
    reader.close()
    return process, printed


def _run(writer: Connection, arguments: Sequence[str]) -> None:
    for output in (1, 2):
        os.dup2(writer.fileno(), output)
    writer.close()
    from redis_streams.__main__ import main  # noqa: PLC0415  # not in the process that only starts others

    sys.exit(main(arguments))
