"""Processes that run plans, each with another PYTHONHASHSEED. Who dies or hangs is replaced, and its task reported.

They are spawned, not forked: a fork would have the hash seed of its parent, and its open sockets and locks.
"""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from types import TracebackType
from typing import cast

from attrs import define
from typing_extensions import Self

from ._tasks import Report, RunReport, RunTask, ShrinkProgress, ShrinkReport, Task
from ._worker import serve

HASH_SEED_STEP = 7919
"""Between the hash seeds of two processes: any number does that makes them differ."""
HASH_SEEDS = 2**32

HANG_SECONDS = 120.0
"""Real time after which a run hangs: the longest take a second. What runs in circles in virtual time ends by itself."""


DYING_SECONDS = 2.0
"""From the end of a pipe to the end of the process that had it."""


@define(eq=False)
class _Worker:
    """A process with its pipe, once there is something for it to do."""

    hash_seed: str
    task: Task | None = None
    since: float = 0.0
    process: SpawnProcess | None = None
    pipe: Connection[Task, Report] | None = None

    def start(self) -> Connection[Task, Report]:
        """Have it run, if it does not yet."""
        if self.pipe is None:
            context = multiprocessing.get_context("spawn")
            self.pipe, there = context.Pipe()
            self.process = context.Process(target=serve, args=(there,), daemon=True)
            with _environment("PYTHONHASHSEED", self.hash_seed):
                self.process.start()
            there.close()
        return self.pipe

    def end(self, *, patience_seconds: float = 0.0) -> int | None:
        """End it, unless it ends by itself within so long; then that is its exit code."""
        code = None
        if self.pipe is not None and self.process is not None:
            self.pipe.close()
            self.process.join(patience_seconds)
            code = self.process.exitcode
            self.process.kill()
            self.process.join()
        self.task = self.process = self.pipe = None
        return code


class Pool:
    """Runs tasks.

    Args:
        size: how many processes.
        base: from which their hash seeds come.
        hang_seconds: real time after which a silent process is taken for hung.
    """

    def __init__(self, size: int, base: int, *, hang_seconds: float = HANG_SECONDS) -> None:
        self._hang_seconds = hang_seconds
        seeds = [str((base + HASH_SEED_STEP * (number + 1)) % HASH_SEEDS) for number in range(size)]
        self._workers = [_Worker(seed) for seed in seeds]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for worker in self._workers:
            worker.end()

    @property
    def hash_seeds(self) -> list[str]:
        """Of the processes, by their numbers."""
        return [worker.hash_seed for worker in self._workers]

    def free(self) -> list[int]:
        """The processes that have nothing to do."""
        return [number for number, worker in enumerate(self._workers) if worker.task is None]

    def give(self, number: int, task: Task) -> None:
        """Have a free process do something."""
        worker = self._workers[number]
        worker.task, worker.since = task, time.monotonic()
        with suppress(OSError):  # it is dead, which `reports` sees as well
            worker.start().send(task)

    def reports(self, timeout_seconds: float) -> Iterator[Report]:
        """What comes back within so long; returns as soon as something has."""
        pipes = {each.pipe: each for each in self._workers if each.task and each.pipe is not None}
        for pipe in wait(list(pipes), timeout_seconds):
            yield from _read(pipes[cast("Connection[Task, Report]", pipe)])
        for worker in self._workers:
            if worker.task and time.monotonic() - worker.since > self._hang_seconds:
                yield from _lose(worker, f"no end in sight after {self._hang_seconds:g} s of real time")


def _read(worker: _Worker) -> Iterator[Report]:
    try:
        report = worker.start().recv()
    except (EOFError, OSError):
        yield from _lose(worker, "")
        return
    worker.since = time.monotonic()
    if not isinstance(report, ShrinkProgress):
        worker.task = None
    yield report


def _lose(worker: _Worker, error: str) -> Iterator[Report]:
    """A process is lost; what is to be told of its task. The next task starts another one."""
    task = worker.task
    code = worker.end(patience_seconds=0.0 if error else DYING_SECONDS)
    error = error or f"the process that ran it died, with exit code {code}"
    if isinstance(task, RunTask):
        yield RunReport(task, "crashed", error=error, hash_seed=worker.hash_seed, lost=True)
    elif task is not None:
        yield ShrinkReport(task, task.report, 0)


@contextmanager
def _environment(name: str, value: str) -> Iterator[None]:
    """A spawned interpreter reads it as it starts: there is no other way to hand it over."""
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before
