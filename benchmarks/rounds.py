"""Runs the rounds of one row: a fresh process for ours, one for the peer, and again."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import cast

from attrs import field, frozen
from backlog import Backlog
from rows import Row, Side

WORKERS = Path(__file__).parent / "workers"
WORKER_SECONDS = 120
"""A worker takes some seconds; one that takes so long hangs."""

Answer = Mapping[str, object]
Progress = Callable[[int, Answer, Answer], None]


class WorkerFailedError(Exception):
    """A worker ended without an answer; the message carries what it said."""


@frozen
class Rounds:
    """Where and how often workers run.

    Attributes:
        url: the server.
        backlog: fills it.
        rounds: pairs of processes for each row.
        progress: hears the number of each round and both answers.
    """

    url: str
    backlog: Backlog
    rounds: int
    progress: Progress = field(default=lambda _number, _ours, _peer: None)

    def of(self, row: Row, events: int) -> Iterator[tuple[Answer, Answer]]:
        """The answers of both sides, round by round.

        Raises:
            WorkerFailedError: a worker gave no answer.
        """
        for number in range(1, self.rounds + 1):
            pair = self._run(row.ours, events), self._run(row.peer, events)
            self.progress(number, *pair)
            yield pair

    def _run(self, side: Side, events: int) -> Answer:
        self.backlog.prepare(side.backlog, events)
        command = [sys.executable, str(WORKERS / side.script), side.mode, self.url, str(events)]
        try:
            ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=WORKER_SECONDS)
        except subprocess.TimeoutExpired as error:
            raise WorkerFailedError(f"{side.label} ({side.mode}) did not end in {WORKER_SECONDS} s") from error
        if ended.returncode:
            raise WorkerFailedError(f"{side.label} ({side.mode}) ended with {ended.returncode}:\n{ended.stderr}")
        return cast("Answer", json.loads(ended.stdout.splitlines()[-1]))
