"""What a command answers, before it is bytes: the same value is written differently in RESP2 and RESP3.

The plain Python types are the common replies: ``bytes`` a bulk string, ``int`` an integer, ``None`` the null bulk
string, ``list`` an array. The classes here are the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final, Union, cast

from attrs import define, frozen


@frozen
class Status:
    """A simple string: ``+OK``."""

    text: bytes


@frozen
class Failure:
    """An error reply, its code first: ``ERR syntax error``."""

    text: bytes


class NullArray:
    """RESP2 tells a null array from a null bulk string; in RESP3 both are the one null."""


@define
class Pairs:
    """Names and values: a map in RESP3; in RESP2 a flat array, or where `nested` an array of pairs, as of XREAD.

    Not frozen, though nobody changes it: each read makes one, and freezing takes as long again.
    """

    items: list[tuple[Reply, Reply]]
    nested: bool = False


@define
class Entries:
    """Entries of a stream, each an array of its id and of its fields; not frozen either.

    Most of what a server of streams says are entries, so they stay as the stream has them until they are bytes.
    """

    ids: Sequence[tuple[int, int]]
    fields: Sequence[Sequence[bytes]]

    def __len__(self) -> int:
        return len(self.ids)

    def as_list(self) -> list[Reply]:
        """The same in plain terms."""
        return [[b"%d-%d" % each, list(fields)] for each, fields in zip(self.ids, self.fields, strict=True)]


@frozen
class Rows:
    """Pairs such as a member and its score: in RESP3 each an array of its own, in RESP2 all flat in one."""

    items: list[tuple[Reply, Reply]]


@frozen
class Members:
    """A set in RESP3, an array in RESP2."""

    items: list[Reply]


@frozen
class Double:
    """A double in RESP3, its text as a bulk string in RESP2."""

    text: bytes


@frozen
class Truth:
    """A boolean in RESP3, 1 or 0 in RESP2."""

    value: bool


@frozen
class BigNumber:
    """A number beyond 64 bits in RESP3, a bulk string in RESP2."""

    text: bytes


@frozen
class Verbatim:
    """Text with a format of three letters in RESP3, a bulk string in RESP2."""

    text: bytes
    format: bytes = b"txt"


@frozen
class Raw(Verbatim):
    """Bytes that are sent as they are: what replicas get."""


@frozen
class Push:
    """What nobody asked for just now: pub/sub messages. An ordinary array in RESP2."""

    items: list[Reply]


@frozen
class Several:
    """Replies one after the other, where a client that reads one reply to a command does not expect it: SUBSCRIBE."""

    items: list[Reply]


@frozen
class Attributed:
    """A reply (`items`), and in RESP3 before it what is said about it."""

    attributes: list[tuple[Reply, Reply]]
    items: Reply


# Union, because Python 3.10 knows no | between a type and a name that is still to come.
Reply = Union[
    bytes,
    int,
    None,
    "list[Reply]",
    Status,
    Failure,
    NullArray,
    Pairs,
    Entries,
    Rows,
    Members,
    Double,
    Truth,
    BigNumber,
    Verbatim,
    Push,
    Several,
    Attributed,
]

OK: Final = Status(b"OK")
PONG: Final = Status(b"PONG")
QUEUED: Final = Status(b"QUEUED")
NULL_ARRAY: Final = NullArray()

Parts = list[bytes]
"""What a reply is written to, piece by piece."""

# How arrays and texts begin that are not large: looking it up takes a third of the time of writing it.
_COUNTS: Final = tuple(b"*%d\r\n" % count for count in range(128))
_SIZES: Final = tuple(b"$%d\r\n" % size for size in range(1024))


def encode(reply: Reply, protocol: int) -> bytes:
    """The bytes of a reply.

    Args:
        reply: what to say.
        protocol: 2 or 3.
    """
    # The replies that a busy server gives most, without the detour through a list.
    if isinstance(reply, bytes):
        return b"$%d\r\n%b\r\n" % (len(reply), reply)
    if isinstance(reply, int):
        return b":%d\r\n" % reply
    parts: list[bytes] = []
    _write(reply, protocol, parts)
    return b"".join(parts)


def _write(reply: Reply, protocol: int, parts: Parts) -> None:
    writer = _WRITERS.get(type(reply))
    if writer is None:
        raise TypeError(f"{reply!r} is no reply")
    writer(reply, protocol, parts)


def _write_bulk(reply: bytes, _protocol: int, parts: Parts) -> None:
    parts += (b"$%d\r\n" % len(reply), reply, b"\r\n")


def _write_int(reply: int, _protocol: int, parts: Parts) -> None:
    parts.append(b":%d\r\n" % reply)


def _write_null(_reply: None, protocol: int, parts: Parts) -> None:
    parts.append(b"$-1\r\n" if protocol == 2 else b"_\r\n")


def _write_null_array(_reply: NullArray, protocol: int, parts: Parts) -> None:
    parts.append(b"*-1\r\n" if protocol == 2 else b"_\r\n")


def _write_list(reply: Sequence[Reply], protocol: int, parts: Parts) -> None:
    count = len(reply)
    parts.append(_COUNTS[count] if count < 128 else b"*%d\r\n" % count)
    for item in reply:
        if type(item) is bytes:
            size = len(item)
            parts += (_SIZES[size] if size < 1024 else b"$%d\r\n" % size, item, b"\r\n")
        elif type(item) is list:
            _write_list(item, protocol, parts)
        elif type(item) is Entries:
            _write_entries(item, protocol, parts)
        else:
            _write(item, protocol, parts)


def _write_items(sign: bytes, items: list[Reply], protocol: int, parts: Parts) -> None:
    parts.append(b"%b%d\r\n" % (sign, len(items)))
    for item in items:
        _write(item, protocol, parts)


def _write_status(reply: Status, _protocol: int, parts: Parts) -> None:
    parts.append(b"+%b\r\n" % reply.text)


def _write_failure(reply: Failure, _protocol: int, parts: Parts) -> None:
    # A line is a line: Redis turns line ends inside an error into blanks.
    parts.append(b"-%b\r\n" % reply.text.replace(b"\r", b" ").replace(b"\n", b" "))


def _write_pairs(reply: Pairs, protocol: int, parts: Parts) -> None:
    if protocol == 2 and reply.nested:
        parts.append(b"*%d\r\n" % len(reply.items))
        for pair in reply.items:
            _write_list(pair, protocol, parts)
        return
    parts.append(b"*%d\r\n" % (2 * len(reply.items)) if protocol == 2 else b"%%%d\r\n" % len(reply.items))
    for name, value in reply.items:
        _write(name, protocol, parts)
        _write(value, protocol, parts)


def _write_entries(reply: Entries, _protocol: int, parts: Parts) -> None:
    sizes = _SIZES
    count = len(reply.ids)
    parts.append(_COUNTS[count] if count < 128 else b"*%d\r\n" % count)
    for each, fields in zip(reply.ids, reply.fields, strict=True):
        text, count = b"%d-%d" % each, len(fields)
        parts += (b"*2\r\n", sizes[len(text)], text, b"\r\n", _COUNTS[count] if count < 128 else b"*%d\r\n" % count)
        for word in fields:
            size = len(word)
            parts += (sizes[size] if size < 1024 else b"$%d\r\n" % size, word, b"\r\n")


def _write_rows(reply: Rows, protocol: int, parts: Parts) -> None:
    items: list[Reply] = [*map(list, reply.items)] if protocol == 3 else [part for row in reply.items for part in row]
    _write_list(items, protocol, parts)


def _write_members(reply: Members, protocol: int, parts: Parts) -> None:
    _write_items(b"*" if protocol == 2 else b"~", reply.items, protocol, parts)


def _write_double(reply: Double, protocol: int, parts: Parts) -> None:
    if protocol == 2:
        _write_bulk(reply.text, protocol, parts)
    else:
        parts.append(b",%b\r\n" % reply.text)


def _write_truth(reply: Truth, protocol: int, parts: Parts) -> None:
    if protocol == 2:
        parts.append(b":1\r\n" if reply.value else b":0\r\n")
    else:
        parts.append(b"#t\r\n" if reply.value else b"#f\r\n")


def _write_big_number(reply: BigNumber, protocol: int, parts: Parts) -> None:
    if protocol == 2:
        _write_bulk(reply.text, protocol, parts)
    else:
        parts.append(b"(%b\r\n" % reply.text)


def _write_verbatim(reply: Verbatim, protocol: int, parts: Parts) -> None:
    if protocol == 2:
        _write_bulk(reply.text, protocol, parts)
    else:
        parts.append(b"=%d\r\n%b:%b\r\n" % (len(reply.text) + 4, reply.format, reply.text))


def _write_raw(reply: Raw, _protocol: int, parts: Parts) -> None:
    parts.append(reply.text)


def _write_push(reply: Push, protocol: int, parts: Parts) -> None:
    _write_items(b"*" if protocol == 2 else b">", reply.items, protocol, parts)


def _write_several(reply: Several, protocol: int, parts: Parts) -> None:
    for item in reply.items:
        _write(item, protocol, parts)


def _write_attributed(reply: Attributed, protocol: int, parts: Parts) -> None:
    if protocol != 2:
        parts.append(b"|%d\r\n" % len(reply.attributes))
        for name, value in reply.attributes:
            _write(name, protocol, parts)
            _write(value, protocol, parts)
    _write(reply.items, protocol, parts)


_WRITERS: Final = cast(
    "Mapping[type, Callable[[Reply, int, Parts], None]]",
    {
        bytes: _write_bulk,
        int: _write_int,
        type(None): _write_null,
        NullArray: _write_null_array,
        list: _write_list,
        Status: _write_status,
        Failure: _write_failure,
        Pairs: _write_pairs,
        Entries: _write_entries,
        Rows: _write_rows,
        Members: _write_members,
        Double: _write_double,
        Truth: _write_truth,
        BigNumber: _write_big_number,
        Verbatim: _write_verbatim,
        Raw: _write_raw,
        Push: _write_push,
        Several: _write_several,
        Attributed: _write_attributed,
    },
)
