"""An append-only file is loaded: its commands run again, a little at a time."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from pathlib import Path

from .._engine import Engine
from .._reply import Failure
from .._session import Session, Words
from ..rdb._reading import BadFormat
from ..rdb._snapshot_read import SnapshotReader, has_snapshot
from ._append_only_file import BadFile, Reader


class Loading:
    """A server that loads files.

    Args:
        engine: empty.
        files: in this order.
        say: told of what is amiss and was mended.
        now_us: the wall clock.

    Attributes:
        total: bytes to be read.
        done: bytes that were.
    """

    def __init__(self, engine: Engine, files: Sequence[Path], say: Callable[[str], None], *, now_us: int) -> None:
        self.total = sum(path.stat().st_size for path in files)
        self.done = 0
        self._engine = engine
        self._files = files
        self._say = say
        self._now_us = now_us

    def steps(self) -> Iterator[None]:
        """Load everything, a command at each step.

        Raises:
            BadFile: a file cannot be loaded.
        """
        engine = self._engine
        session = engine.connect("aof", now_us=self._now_us)
        session.user = "default"
        engine.is_loading = True
        engine.settings_changed()
        try:
            for path in self._files:
                yield from self._file(session, path, is_last=path is self._files[-1])
        finally:
            engine.is_loading = False
            engine.settings_changed()
            engine.disconnect(session)
        engine.forget_what_loading_did()

    def _file(self, session: Session, path: Path, *, is_last: bool) -> Iterator[None]:
        before = self.done
        begin = yield from self._snapshot(path)
        reader = Reader(path, begin)
        together: list[Words] | None = None
        for words, position in reader.commands():
            name = words[0].upper()
            if name == b"MULTI":
                together = []
            elif name == b"EXEC":
                for each in together or ():
                    self._run(session, each)
                together = None
            elif together is not None:
                together.append(words)
            else:
                self._run(session, words)
            if together is None:
                reader.whole = position
            self.done = before + position
            yield
        self.done = before + path.stat().st_size
        self._end(path, reader, is_last=is_last)

    def _snapshot(self, path: Path) -> Generator[None, None, int]:
        """What a file may begin with; returns where it goes on."""
        before = self.done
        if not has_snapshot(path):
            return 0
        snapshot = SnapshotReader(self._engine, path.read_bytes(), keeps_expired=True)
        try:
            for _ in snapshot.steps():
                self.done = before + snapshot.done
                yield
        except BadFormat as error:
            raise BadFile(f"Error reading the RDB preamble of the AOF file {path.name}: {error}") from error
        return snapshot.done

    def _end(self, path: Path, reader: Reader, *, is_last: bool) -> None:
        cut = path.stat().st_size - reader.whole
        if not cut:
            return
        if not is_last or self._engine.configuration["aof-load-truncated"] != "yes":
            raise BadFile(
                f"Unexpected end of file reading the append only file {path.name}. You can: 1) Make a backup of your "
                "AOF file, then use ./redis-check-aof --fix <filename.manifest>. 2) Alternatively you can set the "
                "'aof-load-truncated' configuration option to yes and restart the server."
            )
        reader.truncate()
        self._say(f"!!! Warning: short read while loading the AOF file {path.name}, AOF loaded anyway !!!")
        self._say(f"Truncated the AOF file to {reader.whole} bytes, {cut} bytes were cut off")

    def _run(self, session: Session, words: Words) -> None:
        answer = self._engine.run(session, words, nested=True)
        if isinstance(answer, Failure) and b"unknown command" in answer.text:
            raise BadFile(f"Unknown command '{words[0].decode('latin-1')}' reading the append only file")
