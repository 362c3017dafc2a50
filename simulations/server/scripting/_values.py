"""Replies as a script sees them, and what a script returns as a reply."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final, Protocol, cast

from .._profile import Profile
from .._reply import (
    Attributed,
    BigNumber,
    Double,
    Entries,
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

COUNTED: Final = b"ignore_error_stats_update"
"""The field, since 7.0, of an error that is in the statistics already."""

UNPACKED_MAX: Final = 100
"""Items that Lua is asked for at once: its stack is small."""

TOO_DEEP: Final = Failure(b"ERR reached lua stack limit")
_INTEGER_MIN: Final = -(2**63)


class LuaTable(Protocol):
    """A table of Lua as the host language sees it."""

    def __getitem__(self, key: object) -> object: ...
    def __setitem__(self, key: object, value: object) -> None: ...
    def items(self) -> Iterator[tuple[object, object]]: ...


class OfLua(Protocol):
    """A function of Lua as the host language sees it."""

    def __call__(self, *arguments: object) -> object: ...


MakeTable = Callable[[object], LuaTable]
TypeOf = Callable[[object], "str | None"]


class Values:
    """The way of values into one Lua state, and out of it.

    Args:
        profile: the version, which decides what there is and how numbers are written.
        make_table: makes a table of a list or a dict.
        type_of: the type that something is in Lua, None of what is a plain value of the host language too.
        null: what stands for the null of JSON.
        described: what a table says as a reply: the name of the field that counts and its value; else False
            and its length.
        unpack: items of a table, from one number to another.
        raw_field: a field of a table, whatever metatable it has: what runs no script cannot fail.

    Attributes:
        errors: in the last reply of a script, each with whether it is in the statistics already.
        protocol: how the script wants to see replies: 2 or 3 (redis.setresp).
    """

    def __init__(
        self,
        profile: Profile,
        make_table: MakeTable,
        type_of: TypeOf,
        null: object,
        described: OfLua,
        unpack: OfLua,
        raw_field: OfLua,
    ) -> None:
        self.protocol = 2
        self._table = make_table
        self._type_of = type_of
        self._null = null
        self.errors: list[tuple[bytes, bool]] = []
        self._counts_errors = profile.since(7, 0)
        self._trims_errors = profile.since(6, 2)
        self._shortest_numbers = profile.since(7, 2)
        self._described, self._unpack, self.field = described, unpack, raw_field
        self._makers: dict[bytes, Callable[[object, int], Reply]] = {
            b"err": self._error,
            b"ok": lambda text, _depth: Status(on_one_line(cast("bytes", text))),
            b"double": self._double,
            b"map": self._map,
            b"set": self._set,
            b"big_number": lambda text, _depth: BigNumber(on_one_line(cast("bytes", text))),
            b"verbatim_string": self._verbatim,
        }

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
        # By exact types, and texts in lists at once: this is done for each command of each script.
        if type(reply) is bytes or type(reply) is int:
            return reply
        items = reply.as_list() if type(reply) is Entries else reply
        if type(items) is list:
            return self._table([item if type(item) is bytes else self.of_reply(item) for item in items])
        if isinstance(reply, Status):
            return self._table({b"ok": reply.text})
        if isinstance(reply, Failure):
            return self._table(error_fields(reply.text, counted=self._counts_errors))
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
        kind, found = cast("tuple[bytes | bool, object]", self._described(table))
        if kind == b"err":
            self.errors.append((cast("bytes", found), self.field(table, COUNTED) is True))
        if isinstance(kind, bytes):
            return self._makers[kind](found, depth)
        items: list[Reply] = []
        length = cast("int", found)
        for first in range(1, length + 1, UNPACKED_MAX):
            part = self._unpack(table, first, min(length, first + UNPACKED_MAX - 1))
            values = part if isinstance(part, tuple) else (part,)
            items += [self.to_reply(item, depth) for item in values]
        return items

    def _error(self, text: object, _depth: int) -> Reply:
        told = cast("bytes", text)
        return Failure(on_one_line(told.rstrip(b"\r\n") if self._trims_errors else told))

    def _double(self, part: object, _depth: int) -> Reply:
        number = cast("float", part)
        return Double(_shortest(number) if self._shortest_numbers else f"{number:.17g}".encode())

    def _map(self, part: object, depth: int) -> Reply:
        pairs = cast("LuaTable", part).items()
        return Pairs([(self.to_reply(key, depth), self.to_reply(value, depth)) for key, value in pairs])

    def _set(self, part: object, depth: int) -> Reply:
        return Members([self.to_reply(key, depth) for key, _ in cast("LuaTable", part).items()])

    def _verbatim(self, part: object, _depth: int) -> Reply:
        text, kind = self.field(part, b"string"), self.field(part, b"format")
        return Verbatim(cast("bytes", text), cast("bytes", kind)[:3])

    def to_plain(self, value: object, depth_max: int) -> object:
        """A value of the script as plain data: bytes, numbers, bools, None, `Table` and `Unknown`.

        Args:
            value: what the script has.
            depth_max: of what is in more tables than that nobody asks what it is.
        """
        if value is None or isinstance(value, bytes | bool | int | float):
            return value
        kind = self._type_of(value)
        if kind == "table":
            if depth_max <= 0:
                return Table([])
            items = cast("LuaTable", value).items()
            return Table(
                [(self.to_plain(key, depth_max - 1), self.to_plain(each, depth_max - 1)) for key, each in items]
            )
        return None if kind == "userdata" else Unknown(kind or "function")


def kinds_of_replies(profile: Profile) -> list[bytes]:
    """The fields that make a table more than an array, in the order in which they count, each with its type in Lua."""
    kinds = [b"err", b"string", b"ok", b"string"]
    if profile.since(6, 0):
        kinds += [b"double", b"number"]
    if profile.since(7, 0):
        kinds += [b"big_number", b"string", b"verbatim_string", b"table"]
    if profile.since(6, 0):
        kinds += [b"map", b"table", b"set", b"table"]
    return kinds


def error_fields(text: bytes, *, counted: bool = False) -> dict[bytes, object]:
    """What is in the table of an error.

    Args:
        text: with its code.
        counted: whether it is in the statistics already.
    """
    return {b"err": text, COUNTED: True} if counted else {b"err": text}


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
