"""What a command did, as commands that do the same again at any time and on any server: for files and for replicas.

What depends on the time or on chance is said in other words: ids instead of ``*``, moments instead of seconds from now,
who holds which entry instead of a reading. Most commands are their own effect.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from .._command import Call
from .._reply import Reply
from .._session import Words
from ._effects_streams import STREAM_EFFECTS

if TYPE_CHECKING:
    from .._engine import Engine

Tell = Callable[[Call, Reply], Iterator[Words]]

NONE: Final = frozenset({"exec", "eval", "evalsha", "eval_ro", "evalsha_ro", "fcall", "fcall_ro", "multi"})
"""What these do, the commands do that they run; each of those tells its own effects."""

MESSAGES: Final = frozenset({b"PUBLISH", b"SPUBLISH"})


class Effects:
    """The effects of all commands, in their order.

    Attributes:
        offset: how many bytes they are, from the beginning; whoever waits for files and replicas compares with this.
        feeders: replicas. Each gets all bytes.
    """

    def __init__(self, engine: Engine) -> None:
        self.offset = 0
        self.feeders: list[Callable[[bytes], None]] = []
        self._engine = engine
        self.recorders: list[Callable[[bytes], None]] = []
        """Files; they take the same without messages that were published."""
        self._to_replicas = _Encoder()
        self._to_files = _Encoder()
        self._together: list[tuple[int, Words]] = []
        self._has_messages = False

    def note(self, call: Call, name: str, reply: Reply) -> None:
        """A command has changed something."""
        if name not in NONE:
            tell = _TELL.get(name, _itself)
            self._together += [(call.database.index, words) for words in tell(call, reply)]

    def note_expired(self, database: int, key: bytes) -> None:
        """A key has expired."""
        self._together.append((database, [b"DEL", key]))

    def note_published(self, database: int, words: Words) -> None:
        """A message was published; replicas have clients that listen, too."""
        self._together.append((database, words))
        self._has_messages = True

    def flush(self) -> bool:
        """One client's command is over, with all that came of it, which is not to be parted.

        Returns:
            Whether it had any effect.
        """
        together, self._together = self._together, []
        if not together:
            return False
        data = self._to_replicas.encode(together)
        self.offset += len(data)
        for feed in self.feeders:
            feed(data)
        if self._has_messages:
            together = [each for each in together if each[1][0].upper() not in MESSAGES]
            self._has_messages = False
        if self.recorders:
            self._record(together)
        return True

    def _record(self, together: list[tuple[int, Words]]) -> None:
        data = self._to_files.encode(together)
        for record in self.recorders:
            record(data)

    def begin_anew(self) -> None:
        """Whoever takes them now has to be told which database is meant."""
        self._to_replicas.database = self._to_files.database = None


class _Encoder:
    """Effects as bytes; `database` is the one that whoever takes them has selected."""

    database: int | None = None

    def encode(self, together: list[tuple[int, Words]]) -> bytes:
        """What is not to be parted, as one transaction."""
        parts: list[bytes] = []
        if len(together) > 1:
            together = [(together[0][0], [b"MULTI"]), *together, (together[-1][0], [b"EXEC"])]
        for database, words in together:
            if database != self.database:
                self.database = database
                parts.append(encode_words([b"SELECT", b"%d" % database]))
            parts.append(encode_words(words))
        return b"".join(parts)


def encode_words(words: Sequence[bytes]) -> bytes:
    """A command as clients send it."""
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%b\r\n" % (len(word), word) for word in words)


def _itself(call: Call, _reply: Reply) -> Iterator[Words]:
    yield call.words


def _string(call: Call, _reply: Reply) -> Iterator[Words]:
    """What a key holds now, and until when."""
    key = call.words[1]
    value = call.database.values.get(key)
    if isinstance(value, bytes):
        yield [b"SET", key, value]
        yield from _expiry(call, key)
    else:
        yield [b"DEL", key]


def _moments(call: Call, _reply: Reply) -> Iterator[Words]:
    """EXPIRE and the like: until when, or that it is gone already."""
    key = call.words[1]
    if key not in call.database.values:
        yield [b"DEL", key]
    elif key in call.database.expires:
        yield from _expiry(call, key)
    else:
        yield [b"PERSIST", key]


def _expiry(call: Call, key: bytes) -> Iterator[Words]:
    at_ms = call.database.expires.get(key)
    if at_ms is not None:
        yield [b"PEXPIREAT", key, b"%d" % at_ms]


def _restored(call: Call, _reply: Reply) -> Iterator[Words]:
    """RESTORE: it replaces what is there, and expires when it would have."""
    _, key, _, payload = call.words[:4]
    at_ms = call.database.expires.get(key)
    if at_ms is None:
        yield [b"RESTORE", key, b"0", payload, b"REPLACE"]
    else:
        yield [b"RESTORE", key, b"%d" % at_ms, payload, b"REPLACE", b"ABSTTL"]


def _field_of_hash(call: Call, reply: Reply) -> Iterator[Words]:
    """HINCRBYFLOAT: the field as it is now."""
    if isinstance(reply, bytes):
        yield [b"HSET", call.words[1], call.words[2], reply]


def _removed_from_set(call: Call, reply: Reply) -> Iterator[Words]:
    """SPOP: who it was."""
    items = getattr(reply, "items", reply)
    members = [item for item in (items if isinstance(items, list) else [items]) if isinstance(item, bytes)]
    if members:
        yield [b"SREM", call.words[1], *members]


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


def _without_timeout(name: bytes) -> Tell:
    """BLMOVE and BRPOPLPUSH."""

    def tell(call: Call, _reply: Reply) -> Iterator[Words]:
        yield [name, *call.words[1:-1]]

    return tell


_LEFT: Final = (b"LEFT", b"LPOP")
_RIGHT: Final = (b"RIGHT", b"RPOP")
_MIN: Final = (b"MIN", b"ZPOPMIN")
_MAX: Final = (b"MAX", b"ZPOPMAX")

_TELL: Final[Mapping[str, Tell]] = {
    **dict.fromkeys(("set", "setex", "psetex", "getex", "incrbyfloat", "getset", "getdel"), _string),
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
    "blmove": _without_timeout(b"LMOVE"),
    "brpoplpush": _without_timeout(b"RPOPLPUSH"),
    **STREAM_EFFECTS,
}
