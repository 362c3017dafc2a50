"""The append-only file on a real disk: which files there are, what is written to them, and what is read from them.

Since 7.0 there is a folder with a manifest, a base (all that there was when it was written) and what came since;
before, one file. They are those of a real server: either can load the other's.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from .._profile import Profile
from ..administration._configuration import Configuration

PIECE: Final = 1 << 20
"""Read at once."""


class BadFile(Exception):
    """A file cannot be loaded; the text says why."""


class AppendOnlyFile:
    """The files.

    Args:
        profile: the version, as the files changed with it.
        configuration: where they are and how they are called.
    """

    def __init__(self, profile: Profile, configuration: Configuration) -> None:
        self._configuration = configuration
        self._begins_with_snapshot = False
        self._has_manifest = profile.since(7, 0)
        folder = Path(configuration["dir"])
        self._folder = folder / configuration["appenddirname"] if self._has_manifest else folder
        self._name = configuration["appendfilename"] if profile.since(6, 0) else "appendonly.aof"
        self._number = 0
        self._descriptor = -1
        self._old: list[Path] = []
        self.written = 0
        """Bytes in the file that grows."""
        self.base_size = 0

    # What is there

    def files(self) -> Sequence[Path]:
        """What is to be loaded, in this order; nothing where there is nothing yet.

        Raises:
            BadFile: the manifest is none, or a file that it names is not there.
        """
        if not self._has_manifest:
            return [self._folder / self._name] if (self._folder / self._name).exists() else []
        manifest = self._folder / f"{self._name}.manifest"
        if not manifest.exists():
            return []
        found: list[Path] = []
        for line in manifest.read_text("utf-8").splitlines():
            words = line.split()
            fields = dict(zip(words[::2], words[1::2], strict=False))
            if not words or line.startswith("#") or fields.get("type") == "h":
                continue
            if "file" not in fields or "seq" not in fields:
                raise BadFile(f"{manifest}: {line!r} is no line of a manifest")
            path = self._folder / fields["file"]
            if not path.exists():
                raise BadFile(f"{manifest} names {path.name}, which is not there")
            found.append(path)
            self._number = max(self._number, int(fields["seq"]))
        return found

    def open(self) -> None:
        """Go on with the files that are there, or begin them."""
        files = self.files()
        self._folder.mkdir(parents=True, exist_ok=True)
        if files:
            self._open(files[-1])
            self.base_size = files[0].stat().st_size if len(files) > 1 else 0
        elif self._has_manifest:
            self.start_rewrite()
            self.finish_rewrite(())
        else:
            self._open(self._folder / self._name)

    # What is written

    def write(self, data: bytes) -> None:
        """Hand bytes to the operating system."""
        view = memoryview(data)
        while view:
            view = view[os.write(self._descriptor, view) :]
        self.written += len(data)

    def sync(self) -> None:
        """Have all that was written be on the disk."""
        if self._descriptor >= 0:
            os.fdatasync(self._descriptor)

    def close(self) -> None:
        """No more is written."""
        if self._descriptor >= 0:
            self.sync()
            os.close(self._descriptor)
            self._descriptor = -1

    # Written anew

    def start_rewrite(self) -> None:
        """What is written from now on comes behind a base that is still to be written."""
        self._begins_with_snapshot = self._configuration["aof-use-rdb-preamble"] == "yes"
        if not self._has_manifest:
            return
        self._old = list(self.files())
        self._number += 1
        self._open(self._growing())
        self._write_manifest([*self._old, self._growing()])

    def finish_rewrite(self, base: Iterable[bytes], since: Sequence[bytes] = ()) -> None:
        """The base is this.

        Args:
            base: all that there was at `start_rewrite`.
            since: what was written since then; of use before 7.0.
        """
        path = self._base() if self._has_manifest else self._folder / self._name
        temporary = path.with_name(f"temp-rewriteaof-{os.getpid()}.aof")
        with temporary.open("wb") as file:
            file.writelines(base)
            file.writelines(since)
            file.flush()
            os.fsync(file.fileno())
            self.base_size = file.tell()
        temporary.replace(path)
        if not self._has_manifest:
            self._open(path)
            return
        self._write_manifest([path, self._growing()])
        for old in self._old:
            if old not in (path, self._growing()):
                old.unlink(missing_ok=True)
        self._old = []

    def _base(self) -> Path:
        return self._folder / f"{self._name}.{self._number}.base.{'rdb' if self._begins_with_snapshot else 'aof'}"

    def _growing(self) -> Path:
        return self._folder / f"{self._name}.{self._number}.incr.aof"

    def _open(self, path: Path) -> None:
        self.close()
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        self.written = os.fstat(self._descriptor).st_size

    def _write_manifest(self, files: Sequence[Path]) -> None:
        manifest = self._folder / f"{self._name}.manifest"
        lines = []
        for path in files:
            _, number, kind, _ = path.name.removeprefix(self._name).split(".")
            lines.append(f"file {path.name} seq {number} type {kind[0]}\n")
        temporary = manifest.with_name(f"temp-{manifest.name}")
        with temporary.open("w", encoding="utf-8") as file:
            file.writelines(lines)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(manifest)
        folder = os.open(self._folder, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)


class Reader:
    """The commands in a file.

    Args:
        path: the file.
        begin: from where on it holds commands; a snapshot may be before them.

    Attributes:
        whole: up to where the file holds whole commands, and whole transactions.
    """

    def __init__(self, path: Path, begin: int = 0) -> None:
        self.whole = begin
        self._path = path
        self._begin = begin

    def commands(self) -> Iterator[tuple[list[bytes], int]]:
        """Each command, with the position behind it. It ends where the file does, or where a command is cut off.

        Raises:
            BadFile: what is there is no command.
        """
        buffer, at, behind = b"", 0, self._begin
        with self._path.open("rb") as file:
            file.seek(self._begin)
            while piece := file.read(PIECE):
                buffer, at = buffer[at:] + piece, 0
                while True:
                    found = _command(buffer, at)
                    if found is None:
                        break
                    if found[1] < 0:
                        raise BadFile(
                            f"Bad file format reading the append only file {self._path.name}: make a backup of your "
                            f"AOF file, then use ./redis-check-aof --fix <filename.manifest>"
                        )
                    words, end = found
                    behind += end - at
                    at = end
                    if words:
                        yield words, behind

    def truncate(self) -> int:
        """Cut off what is not whole; returns how many bytes that were."""
        size = self._path.stat().st_size
        if size > self.whole:
            os.truncate(self._path, self.whole)
        return size - self.whole


def _command(buffer: bytes, at: int) -> tuple[list[bytes], int] | None:
    """A command and where it ends: -1, there is none; None, it is not there in full. Notes of the time are no words."""
    head = _line(buffer, at)
    if head is None:
        return None
    if head[0][:1] == b"#":
        return [], head[1]
    count, at = _number(head[0], b"*"), head[1]
    words: list[bytes] = []
    while len(words) < count:
        line = _line(buffer, at)
        if line is None:
            return None
        size = _number(line[0], b"$")
        if size < 0:
            return [], -1
        begin, at = line[1], line[1] + size + 2
        if len(buffer) < at:
            return None
        words.append(buffer[begin : at - 2])
    return words, at if count >= 0 else -1


def _line(buffer: bytes, at: int) -> tuple[bytes, int] | None:
    """A line and where the next one begins."""
    end = buffer.find(b"\r\n", at)
    return None if end < 0 else (buffer[at:end], end + 2)


def _number(line: bytes, sign: bytes) -> int:
    """What stands behind the sign; -1: no such number."""
    return int(line[1:]) if line[:1] == sign and line[1:].isdigit() else -1
