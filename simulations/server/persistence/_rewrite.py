"""All that a server holds, as the commands that make it again: what an append-only file begins with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from .._command import Call
from .._keyspace import Database, Value, kind_of
from .._profile import Profile
from .._reply import Double, Members, Pairs, Reply, Rows
from .._session import Block, Session, Words
from ..rdb._snapshot import snapshot
from ..streams._ids import MIN_ID, text_of
from ..streams._stream import Stream
from ..streams._telling import claim_words
from ._effects import encode_words

if TYPE_CHECKING:
    from .._engine import Engine

AT_ONCE: Final = 64
"""So many elements are told by one command."""

_READ: Final = {
    "list": (b"RPUSH", (b"LRANGE", b"0", b"-1")),
    "set": (b"SADD", (b"SMEMBERS",)),
    "hash": (b"HMSET", (b"HGETALL",)),
    "zset": (b"ZADD", (b"ZRANGE", b"0", b"-1", b"WITHSCORES")),
}
"""By which command a value is made, and by which one its elements are found out."""


def base_of(engine: Engine) -> list[bytes]:
    """What an append-only file begins with: a snapshot, or commands, as aof-use-rdb-preamble says."""
    if engine.configuration["aof-use-rdb-preamble"] == "yes":
        return [snapshot(engine, begins_file=True)]
    return list(rewritten(engine))


def rewritten(engine: Engine) -> Iterator[bytes]:
    """The commands, as bytes."""
    for library in engine.functions.libraries.values():
        yield encode_words([b"FUNCTION", b"LOAD", library.code])
    for database in engine.databases:
        if database.values:
            yield encode_words([b"SELECT", b"%d" % database.index])
        yield from map(encode_words, _database(engine, database))


def _database(engine: Engine, database: Database) -> Iterator[Words]:
    for key in list(database.values):
        value = database.values.get(key)
        if value is None:
            continue
        yield from _value(engine, database, key, value)
        if key in database.expires:
            yield [b"PEXPIREAT", key, b"%d" % database.expires[key]]


def _value(engine: Engine, database: Database, key: bytes, value: Value) -> Iterator[Words]:
    if isinstance(value, bytes):
        yield [b"SET", key, value]
        return
    if isinstance(value, Stream):
        yield from _stream(engine.profile, key, value)
        return
    make, (read, *options) = _READ[kind_of(value)]
    words = _flat(_ask(engine, database, [read, key, *options]))
    if make == b"ZADD":
        words = [part for at in range(0, len(words), 2) for part in (words[at + 1], words[at])]
    for at in range(0, len(words), 2 * AT_ONCE):
        yield [make, key, *words[at : at + 2 * AT_ONCE]]
    if make == b"HMSET" and "hpexpiretime" in engine.table.commands:
        yield from _field_expiry(engine, database, key, words[::2])


def _field_expiry(engine: Engine, database: Database, key: bytes, fields: Sequence[bytes]) -> Iterator[Words]:
    moments = _ask(engine, database, [b"HPEXPIRETIME", key, b"FIELDS", b"%d" % len(fields), *fields])
    for name, at_ms in zip(fields, moments if isinstance(moments, list) else (), strict=False):
        if isinstance(at_ms, int) and at_ms > 0:
            yield [b"HPEXPIREAT", key, b"%d" % at_ms, b"FIELDS", b"1", name]


def _ask(engine: Engine, database: Database, words: Words) -> Reply:
    """What a command answers, without any trace that it was asked."""
    command, _ = engine.table.find(words)
    if command.run is None:
        raise AssertionError(f"{words[0]!r} is a container")
    session = Session(0, "", database=database.index)
    answer = command.run(Call(engine, session, words, nested=True))
    if isinstance(answer, Block):
        raise AssertionError(f"{words[0]!r} waits")  # noqa: TRY004  # a bug of ours
    return answer


def _flat(reply: Reply) -> list[bytes]:
    """The words in a reply, in their order."""
    if isinstance(reply, bytes):
        return [reply]
    if isinstance(reply, Double):
        return [reply.text]
    if isinstance(reply, (Pairs, Rows)):
        return [word for pair in reply.items for part in pair for word in _flat(part)]
    items = reply.items if isinstance(reply, Members) else reply
    if isinstance(items, list):
        return [word for item in items for word in _flat(item)]
    raise AssertionError(f"{reply!r} is no element")


def _stream(profile: Profile, key: bytes, stream: Stream) -> Iterator[Words]:
    for entry_id, fields in stream.range(stream.first_id, stream.last_id):
        yield [b"XADD", key, text_of(entry_id), *fields]
    if not stream.length:
        # A stream comes to be by an entry only.
        yield [b"XADD", key, b"MAXLEN", b"0", text_of(max(stream.last_id, (0, 1))), b"x", b"y"]
    setid: list[bytes] = [b"XSETID", key, text_of(stream.last_id)]
    if profile.since(7, 0):
        setid += [b"ENTRIESADDED", b"%d" % stream.entries_added, b"MAXDELETEDID", text_of(stream.max_deleted_id)]
    if stream.length or stream.last_id != MIN_ID or profile.since(7, 0):
        yield setid
    yield from _idempotence(key, stream)
    for name, group in stream.groups.items():
        create: list[bytes] = [b"XGROUP", b"CREATE", key, name, text_of(group.last_id)]
        if profile.since(7, 0):
            create += [b"ENTRIESREAD", b"%d" % (-1 if group.entries_read is None else group.entries_read)]
        yield create
        for consumer in group.consumers if profile.since(6, 2) else ():
            yield [b"XGROUP", b"CREATECONSUMER", key, name, consumer]
        for each in group.pending:
            yield claim_words(key, name, group, each, group.last_id)


def _idempotence(key: bytes, stream: Stream) -> Iterator[Words]:
    """What the stream remembers of its producers, as far as the entries are there."""
    state = stream.idempotence
    if state is None:
        return
    yield [b"XCFGSET", key, b"IDMP-DURATION", b"%d" % state.seconds, b"IDMP-MAXSIZE", b"%d" % state.size_max]
    for producer, known in state.producers.items():
        for message, entry_id in known.items():
            if stream.get(entry_id) is not None:
                yield [b"XIDMPRECORD", key, producer, message, text_of(entry_id)]
