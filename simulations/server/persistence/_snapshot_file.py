"""dump.rdb: where it is, how it is written, and how it is read."""

from __future__ import annotations

import os
from pathlib import Path
from typing import ClassVar

from ..administration._configuration import Configuration


class SnapshotFile:
    """The file of one server; its parameters say where it is, and may be changed."""

    IS_KEPT: ClassVar[bool] = True
    """Whether somebody else may read it."""

    def __init__(self, configuration: Configuration) -> None:
        self._configuration = configuration

    @property
    def path(self) -> Path:
        """Where it is now."""
        return Path(self._configuration["dir"]) / self._configuration["dbfilename"]

    def write(self, data: bytes) -> None:
        """Have it hold this: all of it, or, if that fails, what it held before.

        Raises:
            OSError: it fails.
        """
        path = self.path
        temporary = path.with_name(f"temp-{os.getpid()}.rdb")
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)

    def read(self) -> bytes | None:
        """What it holds; None where there is none."""
        try:
            return self.path.read_bytes()
        except FileNotFoundError:
            return None
