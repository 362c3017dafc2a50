"""What a real server gives back in the background, as it is much: INFO counts that."""

from __future__ import annotations

from typing import Final

from .._command import Call
from .._keyspace import Holder, Value
from ..administration._memory import PER_ENTRY, entries_of
from ..streams._stream import Stream

AT_ONCE: Final = 64
"""So many pieces of memory are given back at once."""
NODE_BYTES: Final = 8192
"""Of a list in one piece."""


def count_freed(call: Call, value: Value, *, lazily: bool) -> None:
    """A value is gone."""
    if lazily and _pieces(call, value) > AT_ONCE:
        call.engine.statistics.freed_apart += 1


def count_flushed(call: Call, keys: int) -> None:
    """Everything is gone: FLUSHDB or FLUSHALL."""
    lazily = call.engine.configuration["lazyfree-lazy-user-flush"] == "yes" if call.profile.since(6, 2) else False
    if len(call.words) == 2:
        lazily = call.words[1].upper() == b"ASYNC"
    # Later versions do so in any case, and have only the client wait; not in the middle of something.
    if lazily or (call.profile.since(7, 4) and not call.nested):
        call.engine.statistics.freed_apart += keys


def _pieces(call: Call, value: Value) -> int:
    if isinstance(value, bytes):
        return 1
    if isinstance(value, Stream):
        first = next(iter(value.groups.values()), None)
        return len(value.nodes) + (0 if first is None else len(value.groups) * (1 + len(first.pending)))
    return _pieces_of_collection(call, value)


def _pieces_of_collection(call: Call, value: Holder) -> int:
    encoding = value.encoding(call.profile, call.engine.configuration)
    if encoding in {"hashtable", "skiplist"}:
        return entries_of(value)
    return entries_of(value) * PER_ENTRY // NODE_BYTES if encoding == "quicklist" else 1
