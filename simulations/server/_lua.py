"""Real Lua 5.1 for the simulated server's scripts, and the way of values into it and out of it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from importlib.resources import files
from typing import Final, Protocol, cast

from ._errors import CommandError
from ._profile import Profile
from ._reply import (
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
    Status,
    Truth,
    Verbatim,
)

NEEDED: Final = "scripts need lupa: pip install 'redis-streams-trio[simulation]'"

Host = Callable[[Sequence[bytes]], Reply]
"""Runs one command for a script; a `Failure` where it fails."""


GLOBALS_REFUSED: Final = b"Attempt to modify a readonly table"
GLOBALS_REFUSED_BEFORE: Final = b"Script attempted to create global variable '%s'"


class _CommandFailed(Exception):
    """A command of a script failed."""


class LuaError(Exception):
    """A script failed.

    Args:
        text: why; of a command's error, its reply.
        line: where in the script, None if that is not known.
        of_command: whether a command's error ended the script.
    """

    def __init__(self, text: bytes, line: int | None, *, of_command: bool) -> None:
        super().__init__(text)
        self.text = text
        self.line = line
        self.of_command = of_command


class _Table(Protocol):
    """A Lua table as lupa shows it."""

    def __getitem__(self, key: object) -> object: ...


class _Runtime(Protocol):
    def table_from(self, values: object) -> _Table: ...
    def compile(self, source: bytes) -> _Prelude: ...


class _Prelude(Protocol):
    def __call__(self, *arguments: object) -> object: ...


class _Function(Protocol):
    def __call__(self, *words: object) -> object: ...


class Lua:
    """One Lua state, with Redis' functions in it.

    Args:
        host: what redis.call calls.
        profile: the version, which decides about the texts of errors and of numbers.
    """

    def __init__(self, host: Host, profile: Profile) -> None:
        try:
            from lupa import lua51  # noqa: PLC0415 - an extra: without scripts one does without
        except ImportError as error:
            raise CommandError(f"ERR {NEEDED}") from error
        self._host = host
        self._shortest_numbers = profile.since(7, 2)
        self._failure = Failure(b"")
        self._runtime = cast("_Runtime", lua51.LuaRuntime(encoding=None, unpack_returned_tuples=True))
        self._type_of = cast("Callable[[object], str | None]", lua51.lua_type)
        prelude = self._runtime.compile(files(__package__).joinpath("prelude.lua").read_bytes())
        globals_refused = GLOBALS_REFUSED if profile.since(6, 2) else GLOBALS_REFUSED_BEFORE
        found = prelude(self._call, self._pcall, _sha1hex, self._raised, globals_refused)
        self._load, self._run, self._set_words = cast("tuple[_Function, ...]", found)

    def load(self, source: bytes) -> object:
        """A script as a function.

        Raises:
            LuaError: it is no Lua.
        """
        found = self._load(source)
        if isinstance(found, tuple):
            raise LuaError(cast("bytes", found[1]), None, of_command=False)
        return found

    def run(self, function: object, keys: Sequence[bytes], argv: Sequence[bytes]) -> Reply:
        """Run a script and return its reply.

        Raises:
            LuaError: it failed.
        """
        table = self._runtime.table_from
        self._set_words(table(list(keys)), table(list(argv)))
        outcome = self._run(function)
        ok, value = cast("tuple[bool, object]", outcome) if isinstance(outcome, tuple) else (outcome, None)
        if not ok:
            raise self._error_of(cast("_Table", value))
        return self._reply_of(value)

    def _error_of(self, told: _Table) -> LuaError:
        error, line = told[b"err"], told[b"line"]
        number = int(line) if isinstance(line, int | float) else None
        if self._type_of(error) == "table":
            return LuaError(cast("bytes", cast("_Table", error)[b"err"]), number, of_command=True)
        return LuaError(error if isinstance(error, bytes) else str(error).encode(), number, of_command=False)

    def _call(self, *words: object) -> object:
        reply = self._host([self._word(word) for word in words])
        if isinstance(reply, Failure):
            self._failure = reply
            raise _CommandFailed
        return self._value_of(reply)

    def _pcall(self, *words: object) -> object:
        return self._value_of(self._host([self._word(word) for word in words]))

    def _raised(self) -> object:
        return self._value_of(self._failure)

    def _word(self, word: object) -> bytes:
        if isinstance(word, bytes):
            return word
        if not isinstance(word, int | float):
            return b""
        if word == int(word):
            return b"%d" % int(word)
        return repr(word).encode() if self._shortest_numbers else f"{word:.17g}".encode()

    def _value_of(self, reply: Reply) -> object:
        table = self._runtime.table_from
        value: object = None
        match reply:
            case None | NullArray():
                value = False
            case bytes() | int():
                value = reply
            case Status() | Failure():
                value = table({b"ok" if isinstance(reply, Status) else b"err": reply.text})
            case list():
                value = table([self._value_of(item) for item in reply])
            case Members() | Push() | Attributed():
                value = self._value_of(reply.items)
            case Pairs():
                pairs: list[Reply] = [[*pair] for pair in reply.items]
                value = self._value_of(pairs if reply.nested else [part for pair in reply.items for part in pair])
            case Rows():
                value = self._value_of([part for row in reply.items for part in row])
            case Truth():
                value = int(reply.value)
            case Double() | BigNumber() | Verbatim():
                value = reply.text
        return value

    def _reply_of(self, value: object) -> Reply:
        if isinstance(value, bytes):
            return value
        if value is None or value is False:
            return None
        if isinstance(value, bool | int | float):
            return int(value)
        return self._reply_of_table(cast("_Table", value)) if self._type_of(value) == "table" else None

    def _reply_of_table(self, table: _Table) -> Reply:
        error, ok = table[b"err"], table[b"ok"]
        if isinstance(error, bytes):
            return Failure(error)
        if isinstance(ok, bytes):
            return Status(ok)
        items: list[Reply] = []
        while (item := table[len(items) + 1]) is not None:
            items.append(self._reply_of(item))
        return items


def _sha1hex(text: object) -> bytes:
    known = text if isinstance(text, bytes) else str(text).encode()
    return hashlib.sha1(known, usedforsecurity=False).hexdigest().encode()
