"""Changes of groups as commands that do them again: for replicas, and for files."""

from __future__ import annotations

from .._command import Call
from .._session import Words
from ._ids import Id, text_of
from ._stream import Group


def claim_words(key: bytes, name: bytes, group: Group, each: Id, last_id: Id) -> Words:
    """The command by which a consumer holds an entry as it does now."""
    row = group.pending[each]
    delivered = [b"TIME", b"%d" % row.delivered_ms, b"RETRYCOUNT", b"%d" % row.count]
    rest = [b"FORCE", b"JUSTID", b"LASTID", text_of(last_id)]
    return [b"XCLAIM", key, name, row.consumer.name, b"0", text_of(each), *delivered, *rest]


def setid_words(call: Call, key: bytes, name: bytes, group: Group) -> Words:
    """The command by which a group stands where it does now."""
    words: list[bytes] = [b"XGROUP", b"SETID", key, name, text_of(group.last_id)]
    if call.profile.since(7, 0):
        words += [b"ENTRIESREAD", b"%d" % (-1 if group.entries_read is None else group.entries_read)]
    return words


def tell_gone(call: Call, key: bytes, name: bytes, group: Group, entry_id: Id) -> None:
    """A row goes, as its entry has gone: whoever is told to claim it finds that out, too."""
    if call.engine.effects is not None and entry_id in group.pending:
        call.engine.effects.tell(call.database.index, claim_words(key, name, group, entry_id, group.last_id))


def tell_silent_consumer(call: Call, key: bytes, name: bytes) -> None:
    """A consumer was made by a reading with NOACK, by which nobody else would hear of it."""
    words = call.words
    silent = words[0].upper() == b"XREADGROUP" and any(word.upper() == b"NOACK" for word in words[4:])
    if silent and call.engine.effects is not None and call.profile.since(6, 2):
        call.engine.effects.tell(call.database.index, [b"XGROUP", b"CREATECONSUMER", key, words[2], name])
