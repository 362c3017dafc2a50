"""Replies as a script sees them, and what a script returns as a reply."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final, Protocol, cast

from .._profile import Profile
from .._reply import (
    Attributed,
    BigNumber,
    Double,
    Failure,
    Members,
    NullArray,
    Pairs,
    Push,
    Reply,
    Rows,
    Several,
    Status,
    Truth,
    Verbatim,
)
from ._json import Table, Unknown

DEPTH_MAX: Final = 150
"""So many tables may be inside each other in what a script returns."""

TOO_DEEP: Final = Failure(b"ERR reached lua stack limit")
_INTEGER_MIN: Final = -(2**63)


class LuaTable(Protocol):
    """A table of Lua as the host language sees it."""

    def __getitem__(self, key: object) -> object: ...
    def __setitem__(self, key: object, value: object) -> None: ...
    def items(self) -> Iterator[tuple[object, object]]: ...


MakeTable = Callable[[object], LuaTable]
TypeOf = Callable[[object], "str | None"]


class Values:
    """The way of values into one Lua state, and out of it.

    Args:
        profile: the version, which decides what there is and how numbers are written.
        make_table: makes a table of a list or a dict.
        type_of: the type that something is in Lua, None of what is a plain value of the host language too.
        null: what stands for the null of JSON.

    Attributes:
        protocol: how the script wants to see replies: 2 or 3 (redis.setresp).
    """

    def __init__(self, profile: Profile, make_table: MakeTable, type_of: TypeOf, null: object) -> None:
        self.protocol = 2
        self._table = make_table
        self._type_of = type_of
        self._null = null
        self._trims_errors = profile.since(6, 2)
        self._shortest_numbers = profile.since(7, 2)
        self._makers = [
            *([(b"double", self._double), (b"map", self._map), (b"set", self._set)] if profile.since(6, 0) else []),
            *([(b"big_number", self._big), (b"verbatim_string", self._verbatim)] if profile.since(7, 0) else []),
        ]

    def word(self, value: object) -> bytes | None:
        """A value as a word of a command; None: it cannot be one."""
        if isinstance(value, bytes):
            return value
        if isinstance(value, bool) or not isinstance(value, int | float):
            return None
        if isinstance(value, int) and abs(value) < 10**17:
            return b"%d" % value
        return repr(float(value)).encode() if self._shortest_numbers else f"{value:.17g}".encode()

    # In

    def of_reply(self, reply: Reply) -> object:
        """A reply as the script gets it."""
        if isinstance(reply, bytes | int):
            return reply
        if isinstance(reply, list):
            return self._table([self.of_reply(item) for item in reply])
        if isinstance(reply, Status | Failure):
            return self._table({b"ok" if isinstance(reply, Status) else b"err": reply.text})
        if reply is None or isinstance(reply, NullArray):
            return False if self.protocol == 2 else None
        return self._of_reply_2(reply) if self.protocol == 2 else self._of_reply_3(reply)

    def _of_reply_2(self, reply: Reply) -> object:
        match reply:
            case Members() | Push() | Several() | Attributed():
                return self.of_reply(reply.items)
            case Pairs():
                pairs: list[Reply] = [[*pair] for pair in reply.items]
                return self.of_reply(pairs if reply.nested else [part for pair in reply.items for part in pair])
            case Rows():
                return self.of_reply([part for row in reply.items for part in row])
            case Truth():
                return int(reply.value)
            case Double() | BigNumber() | Verbatim():
                return reply.text
            case _:
                raise AssertionError(f"{reply!r} is no reply")

    def _of_reply_3(self, reply: Reply) -> object:
        found: dict[bytes, object]
        match reply:
            case Push() | Several() | Attributed():
                return self.of_reply(reply.items)
            case Rows():
                rows: list[Reply] = [[*row] for row in reply.items]
                return self.of_reply(rows)
            case Truth():
                return reply.value
            case Members():
                found = {b"set": self._table({self.of_reply(item): True for item in reply.items})}
            case Pairs():
                pairs = {self.of_reply(key): self.of_reply(value) for key, value in reply.items}
                found = {b"map": self._table(pairs)}
            case Double():
                found = {b"double": float(reply.text)}
            case BigNumber():
                found = {b"big_number": reply.text}
            case Verbatim():
                found = {b"verbatim_string": self._table({b"format": reply.format, b"string": reply.text})}
            case _:
                raise AssertionError(f"{reply!r} is no reply")
        return self._table(found)

    def of_json(self, value: object) -> object:
        """What JSON says, as the script gets it: bytes, numbers, bools, None, lists and dicts."""
        if isinstance(value, list):
            return self._table([self.of_json(item) for item in value])
        if isinstance(value, dict):
            return self._table({key: self.of_json(item) for key, item in value.items()})
        return self._null if value is None else value

    def of_plain(self, value: object) -> object:
        """The same where None is nil."""
        if isinstance(value, list):
            return self._table([self.of_plain(item) for item in value])
        if isinstance(value, dict):
            return self._table({key: self.of_plain(item) for key, item in value.items()})
        return value

    # Out

    def to_reply(self, value: object, depth: int = 0) -> Reply:
        """What a script returned, as a reply."""
        if isinstance(value, bytes):
            return value
        if isinstance(value, bool):
            return Truth(value) if self.protocol == 3 else (1 if value else None)
        if isinstance(value, int | float):
            return _integer(value)
        if value is None or self._type_of(value) != "table":
            return None
        return TOO_DEEP if depth >= DEPTH_MAX else self._to_reply(cast("LuaTable", value), depth + 1)

    def _to_reply(self, table: LuaTable, depth: int) -> Reply:
        error, ok = table[b"err"], table[b"ok"]
        if isinstance(error, bytes):
            return Failure(on_one_line(error.rstrip(b"\r\n") if self._trims_errors else error))
        if isinstance(ok, bytes):
            return Status(on_one_line(ok))
        for name, make in self._makers:
            part = table[name]
            made = None if part is None else make(part, depth)
            if made is not None:
                return made
        items: list[Reply] = []
        while (item := table[len(items) + 1]) is not None:
            items.append(self.to_reply(item, depth))
        return items

    def _double(self, part: object, _depth: int) -> Reply:
        if not isinstance(part, int | float) or isinstance(part, bool):
            return None
        return Double(f"{part:.17g}".encode() if not self._shortest_numbers else _shortest(part))

    def _map(self, part: object, depth: int) -> Reply:
        if self._type_of(part) != "table":
            return None
        pairs = cast("LuaTable", part).items()
        return Pairs([(self.to_reply(key, depth), self.to_reply(value, depth)) for key, value in pairs])

    def _set(self, part: object, depth: int) -> Reply:
        if self._type_of(part) != "table":
            return None
        return Members([self.to_reply(key, depth) for key, _ in cast("LuaTable", part).items()])

    def _big(self, part: object, _depth: int) -> Reply:
        return BigNumber(on_one_line(part)) if isinstance(part, bytes) else None

    def _verbatim(self, part: object, _depth: int) -> Reply:
        if self._type_of(part) != "table":
            return None
        text, kind = cast("LuaTable", part)[b"string"], cast("LuaTable", part)[b"format"]
        return Verbatim(text, kind[:3]) if isinstance(text, bytes) and isinstance(kind, bytes) else None

    def to_plain(self, value: object, depth: int = 0) -> object:
        """A value of the script as plain data: bytes, numbers, bools, None, `Table` and `Unknown`."""
        if value is None or isinstance(value, bytes | bool | int | float):
            return value
        kind = self._type_of(value)
        if kind == "table":
            # What is in too many tables nobody looks at.
            if depth > 1100:
                return Unknown("table")
            items = cast("LuaTable", value).items()
            return Table([(self.to_plain(key, depth + 1), self.to_plain(each, depth + 1)) for key, each in items])
        return None if kind == "userdata" else Unknown(kind or "function")


def on_one_line(text: bytes) -> bytes:
    """A text as a reply that ends with its line may hold it."""
    return text.replace(b"\r", b" ").replace(b"\n", b" ")


def _integer(value: float) -> int:
    """A number as an integer, as a processor makes one."""
    return int(value) if _INTEGER_MIN <= value <= -_INTEGER_MIN - 1 and value == value else _INTEGER_MIN  # noqa: PLR0124


def _shortest(value: float) -> bytes:
    return b"%d" % value if isinstance(value, int) else repr(value).encode()


def words_of(values: Values, arguments: Sequence[object]) -> list[bytes] | None:
    """The arguments of a function as the words of a command; None: one of them cannot be a word."""
    words: list[bytes] = []
    for argument in arguments:
        word = argument if isinstance(argument, bytes) else values.word(argument)
        if word is None:
            return None
        words.append(word)
    return words
