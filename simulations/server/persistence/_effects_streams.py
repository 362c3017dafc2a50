"""The effects of commands on streams: which ids entries got, what was trimmed, and who holds what."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from .._command import Call
from .._reply import Entries, Pairs, Reply
from .._session import Words
from ..streams._idempotence import Message
from ..streams._ids import Id, parse_id, text_of
from ..streams._stream import Group, Stream
from ..streams._telling import claim_words, setid_words

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
    elif isinstance(stream, Stream) and stream.idempotence is not None and not stream.idempotence.came_again:
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
        words[at + 1 : at + 3] = [b"=", _left(stream, by_count=words[at].upper() == b"MAXLEN")]
        end = at + 3
    elif words[at + 1] in {b"=", b"~"}:
        end = at + 3
    if end + 1 < len(words) and words[end].upper() == b"LIMIT":
        end += 2
    return end


def _left(stream: Stream, *, by_count: bool) -> bytes:
    """How many entries are left; or from which id on, if it was deleted or not."""
    if by_count:
        return b"%d" % stream.length
    return text_of(stream.nodes[0].ids[0] if stream.nodes else (0, 0))


def _read(call: Call, reply: Reply) -> Iterator[Words]:
    """XREADGROUP: how far the group has come, and who holds what."""
    name, told = call.words[2], _entries_by_key(reply)
    silent = any(word.upper() == b"NOACK" for word in call.words[4:])
    for key in _streams_read(call):
        group, entries = _group(call, key, name), told.get(key, [])
        if group is None or not entries:
            continue
        for each in entries:
            if each in group.pending and not silent:
                yield claim_words(key, name, group, each, _known(call, group, each))
        if silent or call.profile.since(7, 2):
            yield setid_words(call, key, name, group)


def _known(call: Call, group: Group, each: Id) -> Id:
    """The last id of the group when it gets an entry: since 8.6 the one before all that it gets at once."""
    return group.read_from if call.profile.since(8, 6) else min(each, group.last_id)


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
    if isinstance(entries, Entries):
        return list(entries.ids)
    found: list[Id] = []
    for entry in entries if isinstance(entries, list) else ():
        word = entry[0] if isinstance(entry, list) else entry
        if isinstance(word, bytes):
            found.append(parse_id(word))
    return found


def _claimed(call: Call, reply: Reply) -> Iterator[Words]:
    """XCLAIM and XAUTOCLAIM: who holds what since then. Of entries that had gone they tell themselves."""
    key, name = call.words[1:3]
    group = _group(call, key, name)
    if group is None:
        return
    automatic = call.words[0].upper() == b"XAUTOCLAIM"
    claimed = _ids(reply[1] if automatic and isinstance(reply, list) else reply)
    for each in claimed:
        if each in group.pending:
            yield claim_words(key, name, group, each, group.last_id)
    if not claimed and not automatic and any(word.upper() == b"LASTID" for word in call.words[5:]):
        yield setid_words(call, key, name, group)


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
