"""What processes write down, so that it outlives them: lines appended to a file, one write each.

What was handed to the kernel is not lost by a SIGKILL, and a line is there whole or not at all.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from pathlib import Path

from endurance.judge import Run


class Journal:
    """A file of one process that only grows."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)

    def write(self, *words: object) -> None:
        """Append a line: when it is, by a clock that all processes of a machine share, and these words."""
        os.write(self._file, f"{time.monotonic_ns()} {' '.join(map(str, words))}\n".encode())


class Tail:
    """How often something stands in the journals of a folder, without reading them anew each time."""

    def __init__(self, folder: Path, what: bytes) -> None:
        self._folder = folder
        self._what = what
        self._read: dict[Path, int] = {}
        self._found = 0

    def look(self) -> int:
        """So often by now; what stands across two looks is counted by the next one."""
        for path in self._folder.glob("*.journal"):
            with path.open("rb") as journal:
                journal.seek(self._read.get(path, 0))
                lines = journal.read().rpartition(b"\n")[0]
            self._read[path] = self._read.get(path, 0) + len(lines)
            self._found += lines.count(self._what)
        return self._found


def runs_in(path: Path, process: int) -> Iterable[Run]:
    """The runs that a consumer wrote down: ``begun EVENT ENTRY``, then ``ended EVENT`` or ``failed EVENT``."""
    open_runs: dict[str, tuple[str, float]] = {}
    for line in path.read_text().splitlines():
        at, what, event, *rest = line.split(" ")
        seconds = int(at) / 1e9
        if what == "begun":
            if event in open_runs:  # it was begun again here, and had not ended
                entry, begun = open_runs[event]
                yield Run(event, entry, process, begun, None)
            open_runs[event] = (rest[0], seconds)
        else:
            entry, begun = open_runs.pop(event)
            yield Run(event, entry, process, begun, seconds, failed=what == "failed")
    for event, (entry, begun) in open_runs.items():
        yield Run(event, entry, process, begun, None)


def published_in(path: Path) -> int:
    """How many events, from the first one on, a publisher knows to be published: its last line says so."""
    lines = path.read_text().splitlines() if path.exists() else []
    return int(lines[-1].split(" ")[2]) if lines else 0
