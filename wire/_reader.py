"""Reading a stream without a group: the read itself, and the checkpoint of who does it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal, cast

from attrs import frozen

from . import _replies as replies
from ._client import Client
from ._connection import Connection
from ._ids import EntryId
from ._redis_py import Arg, RedisError
from ._replies import Entry, StreamInfo
from ._scripts import load

LETTER_WORDS_MAX: Final = 7000
"""Lua's unpack, with which the script writes a dead letter, ends at 8000 words (LUAI_MAXCSTACK)."""

LETTERS: Final = 100
"""So many letters are looked at where the first try may have written this one; as in the script."""


@frozen
class Mark:
    """How far a reader is.

    Attributes:
        history: counts how often it found another stream in the place of the former one, or that one gone back.
        position: everything up to this id was handled, or given up.
        read: how many entries were ever added up to it; None: not known.
        print: by which the entry of this id is known again; None: there was none.
    """

    history: int
    position: EntryId
    read: int | None
    print: int | None = None

    @classmethod
    def parse(cls, text: bytes) -> Mark:
        """As it stands in Redis."""
        history, position, read, print_ = text.split(b" ")
        return cls(int(history), EntryId.parse(position), _number(read), _number(print_))

    @property
    def words(self) -> Sequence[Arg]:
        """As the script gets them."""
        return self.history, str(self.position), _word(self.read), _word(self.print)


_UNKNOWN: Final = b"-"


def _number(word: bytes) -> int | None:
    return None if word == _UNKNOWN else int(word)


def _word(number: int | None) -> Arg:
    return _UNKNOWN if number is None else number


async def begin_reading(
    client: Client, stream: str, readers_key: str, name: str, start: EntryId | Literal["$"]
) -> tuple[Mark, bool]:
    """Where a reader begins, and whether that is for the first time. Safe to repeat.

    Args:
        client: the link to use.
        stream: what it reads.
        readers_key: the hash with the checkpoints of all readers of the stream.
        name: its own; "": it has no checkpoint.
        start: after which id it begins where it has none yet, ``$``: at the end. Beyond the end is the end.
    """
    reply = await client.eval(load("reader_begin"), [stream, readers_key], [name, str(start)])
    mark, is_new = cast("tuple[bytes, int]", tuple(cast("list[object]", reply)))
    return Mark.parse(mark), is_new == 1


async def mark_reading(
    client: Client,
    keys: tuple[str, str],
    name: str,
    mark: Mark,
    letter: Sequence[bytes] = (),
    *,
    again: bool = False,
) -> Mark:
    """Note how far a reader is, and write a dead letter in the same step; returns the checkpoint that stands then.

    If that is of a later history than ours, nothing was done. A letter that does not fit through a script is written
    before: a process that is killed in between writes it again.

    Args:
        client: the link to use.
        keys: the hash with the checkpoints of all readers of the stream, and the reader's dead-letter stream.
        name: its own.
        mark: how far it is.
        letter: the fields of the dead letter for what it gives up with that.
        again: whether this was tried before with the same words, and nobody knows what came of it.
    """
    if len(letter) > LETTER_WORDS_MAX:
        stored = await client.call(b"HGET", keys[0], name)
        if isinstance(stored, bytes) and (stands := Mark.parse(stored)).history > mark.history:
            return stands
        if not (again and await _is_there(client, keys[1], letter)):
            await client.call(b"XADD", keys[1], b"*", *letter)
        letter = ()
    words: list[Arg] = [name, *mark.words, "1" if again else "0", *letter]
    return Mark.parse(cast("bytes", await client.eval(load("reader_mark"), keys, words)))


async def _is_there(client: Client, dead_key: str, letter: Sequence[bytes]) -> bool:
    """Whether a letter is among the last ones; as in the script."""
    found = await client.call(b"XREVRANGE", dead_key, b"+", b"-", b"COUNT", LETTERS)
    return any(entry.fields == list(letter) for entry in replies.entries(found))


async def read_stream(
    connection: Connection, stream: str, after: EntryId, *, count: int, block_ms: int | None
) -> tuple[Sequence[Entry], StreamInfo | None]:
    """XREAD from one stream; and what the stream is like behind that, None: there is none.

    A read beyond the end of a stream waits in silence, also where that is another stream by now. So both are asked for
    in one write.

    Args:
        connection: an exclusive one.
        stream: where to read.
        after: entries after this id.
        count: entries at most.
        block_ms: how long to wait for the first; None: not at all.

    Raises:
        ConnectionLost: the connection broke.
    """
    wait: tuple[Arg, ...] = () if block_ms is None else (b"BLOCK", block_ms)
    read: tuple[Arg, ...] = (b"XREAD", b"COUNT", count, *wait, b"STREAMS", stream, str(after))
    found, about = await connection.pipeline(
        [read, (b"XINFO", b"STREAM", stream)], timeout_seconds=connection.patience_seconds(block_ms)
    )
    if isinstance(found, RedisError):
        raise found
    # XINFO has no code of its own for it.
    if isinstance(about, RedisError) and "no such key" in str(about):
        return replies.entries_of_read(found), None
    if isinstance(about, RedisError):
        raise about
    return replies.entries_of_read(found), replies.stream_info(about)


async def read_range(
    connection: Connection, stream: str, start: EntryId, end: EntryId, *, count: int
) -> Sequence[Entry]:
    """XRANGE on this very connection: what the server at its other end has from one id to another."""
    return replies.entries(await connection.call(b"XRANGE", stream, str(start), str(end), b"COUNT", count))


async def read_back(connection: Connection, stream: str, end: EntryId, *, count: int) -> Sequence[Entry]:
    """The last entries up to an id, in the order of the stream."""
    return replies.entries(await connection.call(b"XREVRANGE", stream, str(end), b"-", b"COUNT", count))[::-1]
