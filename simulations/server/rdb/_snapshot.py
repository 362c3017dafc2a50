"""All that a server holds as one file: dump.rdb, what an append-only file begins with, what a replica is sent first.

::

    REDIS0010                      the version of the format
    AUX name value ...             who wrote it, and when
    FUNCTION code ...              libraries of functions
    DATABASE number, SIZES         then of each key: when it expires, its kind, its name, its value
    END checksum
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from .._keyspace import Database
from ..administration._memory import used_memory
from ._checksum import checksum
from ._kinds import Format, format_of
from ._values import kind_written, write_value
from ._writing import Writer

if TYPE_CHECKING:
    from .._engine import Engine

MAGIC: Final = b"REDIS"
LIBRARY, AUX, SIZES, EXPIRES_MS, EXPIRES_S, DATABASE, END = 245, 250, 251, 252, 253, 254, 255
KEY_METADATA, SLOT, MODULE_AUX, IDLE, FREQUENCY = 243, 244, 247, 248, 249


def snapshot(engine: Engine, *, begins_file: bool = False, is_kept: bool = True, has_keys: bool = True) -> bytes:
    """The whole of it.

    Args:
        engine: whose.
        begins_file: whether an append-only file goes on behind it.
        is_kept: whether anybody else will read it; if not, nothing is compressed, and no checksum is made.
        has_keys: whether there is more in it than the libraries of functions.
    """
    how = format_of(engine)
    out = Writer(compresses=is_kept and engine.configuration["rdbcompression"] == "yes")
    out.raw(MAGIC + b"%04d" % how.version)
    for name, value in _facts(engine, begins_file=begins_file):
        out.byte(AUX)
        out.string(name)
        out.string(value)
    for library in engine.functions.libraries.values():
        out.byte(LIBRARY)
        out.string(library.code)
    for database in engine.databases:
        if database.values and has_keys:
            _database(out, database, how)
    out.byte(END)
    has_checksum = is_kept and engine.configuration["rdbchecksum"] == "yes"
    out.raw((checksum(bytes(out.data)) if has_checksum else 0).to_bytes(8, "little"))
    return bytes(out.data)


def _facts(engine: Engine, *, begins_file: bool) -> Iterator[tuple[bytes, bytes]]:
    yield b"redis-ver", ".".join(map(str, engine.profile.version)).encode()
    yield b"redis-bits", b"64"
    yield b"ctime", b"%d" % (engine.now_ms // 1000)
    yield b"used-mem", b"%d" % used_memory(engine)
    if engine.effects is not None:
        yield b"repl-stream-db", b"0"
        yield b"repl-id", engine.role.replication_id
        yield b"repl-offset", b"%d" % engine.effects.offset
    yield b"aof-base" if engine.profile.since(7, 0) else b"aof-preamble", b"%d" % begins_file


def _database(out: Writer, database: Database, how: Format) -> None:
    out.byte(DATABASE)
    out.length(database.index)
    out.byte(SIZES)
    out.length(len(database.values))
    out.length(len(database.expires))
    for key, value in database.values.items():
        at_ms = database.expires.get(key)
        if at_ms is not None:
            out.byte(EXPIRES_MS)
            out.moment(at_ms)
        _use(out, database, key, how)
        out.byte(kind_written(value, how))
        out.string(key)
        write_value(out, value, how)


def _use(out: Writer, database: Database, key: bytes, how: Format) -> None:
    """How long nobody used a key, or how often it was used: whichever eviction goes by."""
    policy = how.configuration["maxmemory-policy"]
    if policy.endswith("lru"):
        out.byte(IDLE)
        out.length(database.uses.idle_s(key))
    elif policy.endswith("lfu"):
        out.byte(FREQUENCY)
        out.byte(database.uses.frequency(key))
