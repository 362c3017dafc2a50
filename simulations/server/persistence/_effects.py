"""What a command did, as commands that do the same again at any time and on any server: for files and for replicas.

What depends on the time or on chance is said in other words: ids instead of ``*``, moments instead of seconds from now,
who holds which entry instead of a reading. Most commands are their own effect.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from attrs import frozen

from .._command import Call
from .._reply import Reply
from .._session import Words
from ..types._sorted_set import SortedSet
from ._effects_streams import STREAM_EFFECTS

if TYPE_CHECKING:
    from .._engine import Engine

Tell = Callable[[Call, Reply], Iterator[Words]]

COMPOUND: Final = frozenset({"exec", "eval", "evalsha", "eval_ro", "evalsha_ro", "fcall", "fcall_ro"})
"""What these do, the commands do that they run; each of those tells its own effects."""

NONE: Final = COMPOUND | {"multi", "debug", "save", "bgsave", "shutdown"}
"""Of these nothing is told, or by what they run."""

SINGLE: Final = frozenset({"scan", "randomkey"})
"""These come across keys of which nobody spoke: that each has expired is told by itself."""

MESSAGES: Final = frozenset({b"PUBLISH", b"SPUBLISH"})


@frozen
class Effect:
    """A command, for one database.

    Attributes:
        is_expiry: whether it is only that a key has expired.
    """

    database: int
    words: Words
    is_expiry: bool = False


class Effects:
    """The effects of all commands, in their order.

    What one command did makes a unit, which is not to be parted. Who was woken by it makes one of his own.

    Attributes:
        offset: how many bytes they are, from the beginning; whoever waits for files and replicas compares with this.
        feeders: replicas. Each gets all bytes.
        recorders: files; they take the same without messages that were published.
    """

    def __init__(self, engine: Engine) -> None:
        self.offset = 0
        self.feeders: list[Callable[[bytes], None]] = []
        self.recorders: list[Callable[[bytes], None]] = []
        self._engine = engine
        self._newer = engine.profile.since(7, 0)
        selects_first = engine.profile.since(6, 0) and not engine.profile.since(7, 2)
        self._to_replicas, self._to_files = _Encoder(selects_first=selects_first), _Encoder(selects_first=selects_first)
        self._unit: list[Effect] = []
        self._told = 0
        self._pinged_ms: float | None = None

    def note(self, call: Call, name: str, reply: Reply) -> None:
        """A command has changed something."""
        if name not in NONE:
            tell = _TELL.get(name)
            for words in (call.words,) if tell is None else tell(call, reply):
                self._unit.append(Effect(call.database.index, words))

    def tell(self, database: int, words: Words) -> None:
        """A command that runs has done something of which its reply says nothing."""
        self._unit.append(Effect(database, words))

    def note_expired(self, database: int, key: bytes) -> None:
        """A key has expired."""
        self._unit.append(Effect(database, _removal(self._engine, key), is_expiry=True))
        if self._engine.running is None:
            self.end_unit()

    def note_fields_expired(self, database: int, key: bytes, names: Iterable[bytes]) -> None:
        """Fields of a hash have."""
        self._unit += [Effect(database, [b"HDEL", key, name], is_expiry=True) for name in names]
        if self._engine.running is None:
            self.end_unit("scan")

    def end_unit(self, name: str = "") -> None:
        """One client's command is over.

        Args:
            name: of the command: it decides whether what it did is one transaction.
        """
        unit, self._unit = self._unit, []
        if not unit:
            return
        if not self._newer and name not in COMPOUND:
            # A key that had expired goes before the command that finds it, whatever becomes of that.
            for each in unit:
                if each.is_expiry:
                    self._send([each], wraps=False)
            unit = [each for each in unit if not each.is_expiry]
        wraps = name not in SINGLE if self._newer else name in COMPOUND | {"spop"}
        self._send(unit, wraps=wraps, always=not self._newer and name in COMPOUND)

    def _send(self, unit: list[Effect], *, wraps: bool, always: bool = False) -> None:
        if not unit:
            return
        wrapped = always or (wraps and len(unit) > 1)
        if self.feeders:
            data = self._to_replicas.encode(unit, wrapped=wrapped)
            for feed in self.feeders:
                feed(data)
            self.offset += len(data)
        else:
            self.offset += self._to_replicas.size(unit, wrapped=wrapped)
        if self.recorders:
            kept = [each for each in unit if each.words[0].upper() not in MESSAGES]
            data = self._to_files.encode(kept, wrapped=always or (wraps and len(kept) > 1)) if kept else b""
            for record in self.recorders:
                record(data)

    def flush(self) -> bool:
        """End what is not ended; returns whether there was any effect since the last time."""
        self.end_unit()
        told, self._told = self._told, self.offset
        return self.offset != told

    def let_time_pass(self, timer_ms: float) -> None:
        """End what is not ended; replicas are told from time to time that their primary is there."""
        self.end_unit()
        period_ms = 1000 * self._engine.configuration.number("repl-ping-replica-period")
        if self._pinged_ms is None or not self.feeders or self._engine.role.replica_of is not None:
            self._pinged_ms = timer_ms
        elif timer_ms - self._pinged_ms >= period_ms:
            self._pinged_ms = timer_ms
            self.feed_replicas([b"PING"])

    def feed_replicas(self, words: Words) -> None:
        """Send replicas something that changes nothing, as PING, by which they see that the primary is there."""
        data = encode_words(words)
        self.offset += len(data)
        for feed in self.feeders:
            feed(data)

    def begin_anew(self) -> None:
        """Whoever takes them now has to be told which database is meant."""
        self._to_replicas.database = self._to_files.database = None


class _Encoder:
    """Effects as bytes; `database` is the one that whoever takes them has selected.

    Args:
        selects_first: whether a database is selected before a transaction begins, not within it.
    """

    def __init__(self, *, selects_first: bool) -> None:
        self.database: int | None = None
        self._selects_first = selects_first

    def encode(self, unit: Sequence[Effect], *, wrapped: bool) -> bytes:
        """What is not to be parted, as one transaction if it is several commands."""
        parts: list[bytes] = []
        if wrapped and self._selects_first:
            self._select(parts, unit[0].database)
        if wrapped:
            parts.append(_MULTI)
        for each in unit:
            self._select(parts, each.database)
            parts.append(encode_words(each.words))
        if wrapped:
            parts.append(_EXEC)
        return b"".join(parts)

    def size(self, unit: Sequence[Effect], *, wrapped: bool) -> int:
        """How many bytes they would be, for which nobody has a use."""
        size = len(_MULTI) + len(_EXEC) if wrapped else 0
        for each in unit:
            if each.database != self.database:
                size += len(encode_words([b"SELECT", b"%d" % each.database]))
                self.database = each.database
            size += _size_of(each.words)
        return size

    def _select(self, parts: list[bytes], database: int) -> None:
        if database != self.database:
            self.database = database
            parts.append(encode_words([b"SELECT", b"%d" % database]))


def encode_words(words: Sequence[bytes]) -> bytes:
    """A command as clients send it."""
    return b"*%d\r\n" % len(words) + b"".join([b"$%d\r\n%b\r\n" % (len(word), word) for word in words])


def _size_of(words: Sequence[bytes]) -> int:
    """How long `encode_words` would be: the words, their lengths in digits, and the signs around them."""
    lengths = list(map(len, words))
    return 3 + len(str(len(words))) + 5 * len(words) + sum(lengths) + len("".join(map(str, lengths)))


_MULTI: Final = encode_words([b"MULTI"])
_EXEC: Final = encode_words([b"EXEC"])


def _removal(engine: Engine, key: bytes) -> Words:
    """By which a key that has expired goes."""
    return [b"UNLINK" if engine.configuration["lazyfree-lazy-expire"] == "yes" else b"DEL", key]


def _replacement(call: Call, key: bytes) -> Words:
    """By which a key goes as another value was to take its place."""
    return [b"UNLINK" if call.engine.configuration["lazyfree-lazy-server-del"] == "yes" else b"DEL", key]


def _set(call: Call, _reply: Reply) -> Iterator[Words]:
    """SET, SETEX, PSETEX: until when, not for how long; and without GET."""
    key, value = call.words[1], call.database.values.get(call.words[1])
    at_ms, options = call.database.expires.get(key), [word.upper() for word in call.words[3:]]
    expires = call.words[0].upper() != b"SET" or not _LASTING.isdisjoint(options)
    if not isinstance(value, bytes):
        yield _removal(call.engine, key)  # it was to expire at a moment that has passed
    elif not expires or at_ms is None:
        words = [*call.words[:3], *(word for word in call.words[3:] if word.upper() != b"GET")]
        yield words if b"GET" in options else call.words
    elif b"PXAT" in options and b"GET" not in options and call.profile.since(7, 2):
        yield call.words
    elif call.profile.since(6, 2):
        yield [b"SET", key, value, b"PXAT", b"%d" % at_ms]
    else:
        yield [b"SET", key, value]
        yield from _expiry(call, key)


_LASTING: Final = frozenset({b"EX", b"PX", b"EXAT", b"PXAT"})


def _replaced(call: Call, _reply: Reply) -> Iterator[Words]:
    """GETSET and GETDEL: what the key holds now."""
    key = call.words[1]
    value = call.database.values.get(key)
    yield [b"SET", key, value] if isinstance(value, bytes) else [b"DEL", key]


def _removed(call: Call, _reply: Reply) -> Iterator[Words]:
    """DELEX: its condition was met."""
    yield [b"DEL", call.words[1]]


def _removed_fields(call: Call, _reply: Reply) -> Iterator[Words]:
    """HGETDEL: those that were asked for, behind FIELDS and their number."""
    yield [b"HDEL", call.words[1], *call.words[4:]]


def _computed(call: Call, _reply: Reply) -> Iterator[Words]:
    """INCRBYFLOAT: the number itself, as not every machine computes the same."""
    key = call.words[1]
    value = call.database.values.get(key)
    if isinstance(value, bytes) and call.profile.since(6, 0):
        yield [b"SET", key, value, b"KEEPTTL"]
    elif isinstance(value, bytes):
        yield [b"SET", key, value]
        yield from _expiry(call, key)


def _added_to_map(call: Call, _reply: Reply) -> Iterator[Words]:
    """GEOADD: the members with their scores, in which a real server keeps places."""
    held, words = call.database.values.get(call.words[1]), call.words[2:]
    options = [word for word in words[:3] if word.upper() in {b"NX", b"XX", b"CH"}]
    members = words[len(options) + 2 :: 3]
    if isinstance(held, SortedSet) and all(member in held.scores for member in members):
        scored = [part for member in members for part in (b"%d" % held.scores[member], member)]
        yield [b"zadd", call.words[1], *options, *scored]


def _moments(call: Call, _reply: Reply) -> Iterator[Words]:
    """EXPIRE, GETEX and the like: until when, or that it is gone already."""
    key = call.words[1]
    if key not in call.database.values:
        yield _removal(call.engine, key)
    elif key in call.database.expires:
        yield from _expiry(call, key)
    else:
        yield [b"PERSIST", key]


def _expiry(call: Call, key: bytes) -> Iterator[Words]:
    at_ms = call.database.expires.get(key)
    if at_ms is not None:
        yield [b"PEXPIREAT", key, b"%d" % at_ms]


def _restored(call: Call, _reply: Reply) -> Iterator[Words]:
    """RESTORE: it expires at a moment, not after some time."""
    words, at_ms = list(call.words), call.database.expires.get(call.words[1])
    if call.words[1] not in call.database.values:
        yield _replacement(call, call.words[1])
    elif at_ms is None or any(word.upper() == b"ABSTTL" for word in words[4:]):
        yield call.words
    else:
        words[2] = b"%d" % at_ms
        yield [*words, b"ABSTTL"]


def _field_of_hash(call: Call, reply: Reply) -> Iterator[Words]:
    """HINCRBYFLOAT: the field as it is now."""
    if not isinstance(reply, bytes):
        return
    if call.profile.since(8, 0):
        yield [b"HSETEX", call.words[1], b"KEEPTTL", b"FIELDS", b"1", call.words[2], reply]
    else:
        yield [b"HSET", call.words[1], call.words[2], reply]


def _removed_from_set(call: Call, reply: Reply) -> Iterator[Words]:
    """SPOP: who it was."""
    items = getattr(reply, "items", reply)
    members = [item for item in (items if isinstance(items, list) else [items]) if isinstance(item, bytes)]
    if not members:
        return
    if len(call.words) > 2 and call.words[1] not in call.database.values:
        yield _replacement(call, call.words[1])
    elif call.profile.since(7, 2):
        for at in range(0, len(members), REMOVED_AT_ONCE):
            yield [b"SREM", call.words[1], *members[at : at + REMOVED_AT_ONCE]]
    else:
        for member in members:
            yield [b"SREM", call.words[1], member]


REMOVED_AT_ONCE: Final = 1024


def _popped(name: bytes) -> Tell:
    """BLPOP and the like: from which key."""

    def tell(_call: Call, reply: Reply) -> Iterator[Words]:
        if isinstance(reply, list) and isinstance(reply[0], bytes):
            yield [name, reply[0]]

    return tell


def _popped_several(position: int, low: tuple[bytes, bytes], high: tuple[bytes, bytes]) -> Tell:
    """LMPOP, ZMPOP and those that wait: from which key, from which end, and how many."""

    def tell(call: Call, reply: Reply) -> Iterator[Words]:
        if isinstance(reply, list) and isinstance(reply[0], bytes) and isinstance(reply[1], list):
            end = call.words[position + 1 + int(call.words[position])].upper()
            yield [low[1] if end == low[0] else high[1], reply[0], b"%d" % len(reply[1])]

    return tell


def _moved(call: Call, _reply: Reply) -> Iterator[Words]:
    """BLMOVE: without the time it would wait."""
    words = list(call.words[1:-1])
    if call.session.block is not None and not call.profile.since(7, 2):
        words[2:] = [word.lower() for word in words[2:]]  # the server's own words, not those of the client
    yield [b"LMOVE", *words]


def _rotated(call: Call, _reply: Reply) -> Iterator[Words]:
    """BRPOPLPUSH: the same."""
    yield [b"RPOPLPUSH", *call.words[1:-1]]


_LEFT: Final = (b"LEFT", b"LPOP")
_RIGHT: Final = (b"RIGHT", b"RPOP")
_MIN: Final = (b"MIN", b"ZPOPMIN")
_MAX: Final = (b"MAX", b"ZPOPMAX")

_TELL: Final[Mapping[str, Tell]] = {
    **dict.fromkeys(("set", "setex", "psetex"), _set),
    **dict.fromkeys(("getset", "getdel"), _replaced),
    "getex": _moments,
    "delex": _removed,
    "hgetdel": _removed_fields,
    "incrbyfloat": _computed,
    "geoadd": _added_to_map,
    **dict.fromkeys(("expire", "pexpire", "expireat", "pexpireat"), _moments),
    "restore": _restored,
    "hincrbyfloat": _field_of_hash,
    "spop": _removed_from_set,
    "blpop": _popped(b"LPOP"),
    "brpop": _popped(b"RPOP"),
    "bzpopmin": _popped(b"ZPOPMIN"),
    "bzpopmax": _popped(b"ZPOPMAX"),
    "lmpop": _popped_several(1, _LEFT, _RIGHT),
    "blmpop": _popped_several(2, _LEFT, _RIGHT),
    "zmpop": _popped_several(1, _MIN, _MAX),
    "bzmpop": _popped_several(2, _MIN, _MAX),
    "blmove": _moved,
    "brpoplpush": _rotated,
    **STREAM_EFFECTS,
}
