"""DEBUG RELOAD and LOADAOF: everything is loaded anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._command import Call
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
