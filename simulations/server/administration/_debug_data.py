"""DEBUG RELOAD, LOADAOF and POPULATE: everything is loaded anew, or much is made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._command import Call, integer
from .._errors import CommandError
from .._reply import OK, Reply
from ..rdb._reading import BadFormat
from ..rdb._snapshot import snapshot
from ..rdb._snapshot_read import SnapshotReader, load_snapshot

if TYPE_CHECKING:
    from .._engine import Engine


def reload(call: Call) -> Reply:
    """DEBUG RELOAD [NOSAVE] [NOFLUSH] [MERGE]: save everything and load it again, as a restart would."""
    options = {word.upper() for word in call.words[2:]}
    if not options <= {b"NOSAVE", b"NOFLUSH", b"MERGE"}:
        raise CommandError("ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options.")
    engine, data = call.engine, None
    if b"NOSAVE" in options:
        data = engine.files.snapshot.read()
    else:
        data = snapshot(engine, is_kept=False)
        try:
            engine.files.snapshot.write(data)
        except OSError as error:
            raise CommandError("ERR") from error
        engine.note_saved()
    if data is not None:
        _load(engine, data, merges=b"NOFLUSH" in options)
    return OK


def load_append_only_file(call: Call) -> Reply:
    """DEBUG LOADAOF: what the file would bring back is all that there is."""
    _load(call.engine, snapshot(call.engine, is_kept=False), merges=False, keeps_expired=True)
    return OK


def _load(engine: Engine, data: bytes, *, merges: bool, keeps_expired: bool = False) -> None:
    try:
        if merges:
            SnapshotReader(engine, data).read()
        else:
            load_snapshot(engine, data, keeps_expired=keeps_expired)
    except BadFormat as error:
        raise CommandError("ERR Error trying to load the RDB dump, check server logs.") from error
    engine.saved_dirty = engine.dirty


def populate(call: Call) -> Reply:
    """DEBUG POPULATE count [prefix] [size]: so many keys, as far as they are not there."""
    count = integer(call.words[2], "ERR value is out of range, must be positive", least=0)
    prefix = call.words[3] if len(call.words) > 3 else b"key"
    size = integer(call.words[4], "ERR value is out of range, must be positive", least=0) if len(call.words) > 4 else 0
    for number in range(count):
        key, value = b"%b:%d" % (prefix, number), b"value:%d" % number
        if call.database.peek(key) is None:
            call.database.put(key, value[:size].ljust(size, b"\0") if size else value)
    return OK
