"""A file of all that a server held is read, a key at a time; `_snapshot` tells of what it is made."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from .._errors import CommandError
from .._keyspace import Value
from ._checksum import checksum
from ._kinds import Format, format_of
from ._reading import BadFormat, Reader
from ._snapshot import (
    AUX,
    DATABASE,
    END,
    EXPIRES_MS,
    EXPIRES_S,
    FREQUENCY,
    IDLE,
    LIBRARY,
    MAGIC,
    SIZES,
    SLOT,
)
from ._values_read import EmptyValue, read_value

if TYPE_CHECKING:
    from .._engine import Engine


def has_snapshot(path: Path) -> bool:
    """Whether a file begins with one."""
    with path.open("rb") as file:
        return file.read(len(MAGIC)) == MAGIC


class SnapshotReader:
    """A snapshot that is loaded.

    Args:
        engine: takes what is in it. What it had before it keeps, but for keys of the same names.
        data: the file; an append-only file may go on behind it.
        keeps_expired: whether keys that have expired are taken, too, as whoever goes on will remove them.

    Attributes:
        keys: how many were taken.
        expired: how many were not, as they had expired.
    """

    def __init__(self, engine: Engine, data: bytes, *, keeps_expired: bool = False) -> None:
        self.keys = self.expired = 0
        self._engine = engine
        self._data = Reader(data)
        self._idle_s: int | None = None
        self._frequency: int | None = None
        self._keeps_expired = keeps_expired or engine.role.replica_of is not None

    @property
    def done(self) -> int:
        """How many bytes were read; in the end, how long the snapshot is."""
        return self._data.at

    def read(self) -> None:
        """Load everything at once.

        Raises:
            BadFormat: it is no snapshot, or it is damaged.
        """
        for _ in self.steps():
            pass

    def steps(self) -> Iterator[None]:
        """Load everything, a key at each step.

        Raises:
            BadFormat: it is no snapshot, or it is damaged.
        """
        data, how = self._data, format_of(self._engine)
        self._check_magic(how)
        database, expires = 0, -1
        while (opcode := data.byte()) != END:
            if opcode == DATABASE:
                database = self._database(data.number())
            elif opcode == EXPIRES_MS:
                expires = data.moment()
            elif opcode == EXPIRES_S:
                expires = int.from_bytes(data.raw(4), "little") * 1000
            elif not self._skipped(opcode):
                self._key(opcode, database, expires, how)
                expires = -1
                yield
        self._check_sum()

    def _check_magic(self, how: Format) -> None:
        magic = self._data.raw(9)
        if magic[:5] != MAGIC or not magic[5:].isdigit():
            raise BadFormat("Wrong signature trying to load DB from file")
        if not 1 <= int(magic[5:]) <= how.version:
            raise BadFormat(f"Can't handle RDB format version {int(magic[5:])}")

    def _check_sum(self) -> None:
        told = int.from_bytes(self._data.raw(8), "little")
        if told and self._engine.configuration["rdbchecksum"] == "yes":
            found = checksum(self._data.data[: self._data.at - 8])
            if found != told:
                raise BadFormat(f"Wrong RDB checksum expected: ({told:x}) but got ({found:x}). Aborting now.")

    def _database(self, index: int) -> int:
        if index >= len(self._engine.databases):
            raise BadFormat(
                f"FATAL: Data file was created with a Redis server configured to handle more than {index} databases"
            )
        return index

    def _skipped(self, opcode: int) -> bool:
        """Take what is no key; returns whether it was that."""
        data = self._data
        if opcode == AUX:
            data.string()
            data.string()
        elif opcode == SIZES:
            data.number()
            data.number()
        elif opcode == SLOT:
            data.raw(0)
            for _ in range(3):
                data.number()
        elif opcode == IDLE:
            self._idle_s = data.number()
        elif opcode == FREQUENCY:
            self._frequency = data.byte()
        elif opcode == LIBRARY and self._engine.profile.since(7, 0):
            self._library(data.string())
        else:
            return False
        return True

    def _library(self, code: bytes) -> None:
        try:
            self._engine.functions.load(code, replace=True)
        except CommandError as error:
            raise BadFormat(f"Failed creating the library: {error.text.decode('latin-1')}") from error

    def _key(self, kind: int, database: int, expires: int, how: Format) -> None:
        key = self._data.string()
        try:
            value: Value = read_value(self._data, kind, how)
        except EmptyValue:
            return
        if 0 <= expires < self._engine.now_ms and not self._keeps_expired:
            self.expired += 1
            return
        self.keys += 1
        self._engine.databases[database].take(key, value, expires)
        self._engine.databases[database].uses.restore(key, idle_s=self._idle_s, frequency=self._frequency)
        self._idle_s = self._frequency = None


def load_snapshot(engine: Engine, data: bytes, *, keeps_expired: bool = False) -> SnapshotReader:
    """Load a snapshot in place of what there was.

    Raises:
        BadFormat: it is no snapshot, or it is damaged.
    """
    for database in engine.databases:
        database.forget()
    engine.functions.clear()
    reader = SnapshotReader(engine, data, keeps_expired=keeps_expired)
    reader.read()
    return reader
