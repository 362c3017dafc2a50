"""The effects of commands on streams: which ids entries got, what was trimmed, and who holds what."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from .._command import Call
from .._reply import Pairs, Reply
from .._session import Words
from ..streams._idempotence import Message
from ..streams._ids import Id, parse_id, text_of
from ..streams._stream import Group, Stream

_TRIMS: Final = (b"MAXLEN", b"MINID")


def _added(call: Call, reply: Reply) -> Iterator[Words]:
    """XADD: with the id that the entry got."""
    words = list(call.words)
    at, message = 2, None
    while at < len(words):
        option = words[at].upper()
        if option in _TRIMS:
            at = _exactly(call, words, at)
        elif option in {b"NOMKSTREAM", b"KEEPREF", b"DELREF", b"ACKED"}:
            at += 1
        elif option in {b"IDMP", b"IDMPAUTO"} and call.profile.since(8, 6):
            message = Message(words[at + 1], words[at + 2] if option == b"IDMP" else None)
            del words[at : at + (3 if option == b"IDMP" else 2)]
        else:
            break
    if not isinstance(reply, bytes) or at >= len(words):
        return
    words[at] = reply
    stream = call.database.values.get(words[1])
    if message is None:
        yield words
    elif isinstance(stream, Stream) and stream.last_id == parse_id(reply):  # else it had been added before
        yield words
        if stream.get(stream.last_id) is not None:
            yield [b"XIDMPRECORD", words[1], message.producer, message.named(words[at + 1 :]), reply]


def _trimmed(call: Call, _reply: Reply) -> Iterator[Words]:
    """XTRIM: to what is left."""
    words = list(call.words)
    _exactly(call, words, 2)
    yield words


def _exactly(call: Call, words: list[bytes], at: int) -> int:
    """Have a trimming that was about so much be one to exactly what is left; returns where it goes on."""
    stream = call.database.values.get(words[1])
    end = at + 2
    if words[at + 1] == b"~" and isinstance(stream, Stream):
        left = b"%d" % stream.length if words[at].upper() == b"MAXLEN" else text_of(stream.first_id)
        words[at + 1 : at + 3] = [b"=", left]
        end = at + 3
    elif words[at + 1] in {b"=", b"~"}:
        end = at + 3
    if end + 1 < len(words) and words[end].upper() == b"LIMIT":
        del words[end : end + 2]
    return end


def _read(call: Call, reply: Reply) -> Iterator[Words]:
    """XREADGROUP: how far the group has come, and who holds what."""
    name, consumer = call.words[2:4]
    keys, told = _streams_read(call), _entries_by_key(reply)
    for key in keys:
        group = _group(call, key, name)
        if group is None:
            continue
        if consumer in group.consumers and call.profile.since(6, 2):
            yield [b"XGROUP", b"CREATECONSUMER", key, name, consumer]
        yield from _held(key, name, group, told.get(key, []))
        setid: list[bytes] = [b"XGROUP", b"SETID", key, name, text_of(group.last_id)]
        if call.profile.since(7, 0):
            setid += [b"ENTRIESREAD", b"%d" % (-1 if group.entries_read is None else group.entries_read)]
        yield setid


def _streams_read(call: Call) -> Words:
    for at, word in enumerate(call.words):
        if word.upper() == b"STREAMS" and at > 3:
            rest = call.words[at + 1 :]
            return rest[: len(rest) // 2]
    return ()


def _entries_by_key(reply: Reply) -> Mapping[bytes, list[Id]]:
    if not isinstance(reply, Pairs):
        return {}
    return {key: _ids(entries) for key, entries in reply.items if isinstance(key, bytes)}


def _ids(entries: Reply) -> list[Id]:
    """Of entries, or of nothing but their ids."""
    found: list[Id] = []
    for entry in entries if isinstance(entries, list) else ():
        word = entry[0] if isinstance(entry, list) else entry
        if isinstance(word, bytes):
            found.append(parse_id(word))
    return found


def _claimed(call: Call, reply: Reply) -> Iterator[Words]:
    """XCLAIM and XAUTOCLAIM: who holds what since then, and what nobody holds any more."""
    key, name = call.words[1:3]
    group = _group(call, key, name)
    if group is None:
        return
    automatic = call.words[0].upper() == b"XAUTOCLAIM"
    parts = reply if automatic and isinstance(reply, list) else [None, reply, []]
    if call.words[3] in group.consumers and call.profile.since(6, 2):
        yield [b"XGROUP", b"CREATECONSUMER", key, name, call.words[3]]
    yield from _held(key, name, group, _ids(parts[1]))
    gone = _ids(parts[2]) if len(parts) > 2 else []
    if not automatic:
        gone = [each for each in _asked(call) if each not in group.pending]
    if gone:
        yield [b"XACK", key, name, *map(text_of, gone)]


def _asked(call: Call) -> list[Id]:
    """The ids of XCLAIM: what follows the idle time, up to the first option."""
    found: list[Id] = []
    for word in call.words[5:]:
        if not word[:1].isdigit():
            break
        found.append(parse_id(word))
    return found


def _held(key: bytes, name: bytes, group: Group, ids: list[Id]) -> Iterator[Words]:
    """The rows of a pending list as they are now."""
    for each in ids:
        row = group.pending.get(each)
        if row is not None:
            yield claim_words(key, name, group, each)


def claim_words(key: bytes, name: bytes, group: Group, each: Id) -> Words:
    """The command by which a consumer holds an entry as it does now."""
    row = group.pending[each]
    delivered = [b"TIME", b"%d" % row.delivered_ms, b"RETRYCOUNT", b"%d" % row.count]
    rest = [b"FORCE", b"JUSTID", b"LASTID", text_of(group.last_id)]
    return [b"XCLAIM", key, name, row.consumer.name, b"0", text_of(each), *delivered, *rest]


def _group(call: Call, key: bytes, name: bytes) -> Group | None:
    stream = call.database.values.get(key)
    return stream.groups.get(name) if isinstance(stream, Stream) else None


STREAM_EFFECTS: Final[Mapping[str, Callable[[Call, Reply], Iterator[Words]]]] = {
    "xadd": _added,
    "xtrim": _trimmed,
    "xreadgroup": _read,
    "xclaim": _claimed,
    "xautoclaim": _claimed,
}
