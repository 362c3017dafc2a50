"""One state of real Lua 5.1, in which the scripts and the functions of a server run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Final, NoReturn, Protocol, cast

from .._errors import CommandError
from .._profile import Profile
from .._reply import Reply
from ._values import LuaTable, MakeTable, TypeOf, Values

NEEDED: Final = "scripts need lupa: pip install 'redis-streams-trio[simulation]'"

GLOBALS_REFUSED: Final = b"Attempt to modify a readonly table"
GLOBALS_REFUSED_BEFORE: Final = b"Script attempted to create global variable '%s'"


class Raised(Exception):
    """What a function of the host raises in a script.

    Args:
        value: what the script sees: a text, or a table of Lua.
    """

    def __init__(self, value: object) -> None:
        super().__init__(value)
        self.value = value


class LuaError(Exception):
    """A script failed.

    Args:
        text: why.
        source: where it happened, as Lua names it ("@user_script"); None if that is not known.
        line: where in that.
        has_code: whether the text begins with a code, as the replies of commands do.
    """

    def __init__(self, text: bytes, source: bytes | None = None, line: int = -1, *, has_code: bool = False) -> None:
        super().__init__(text)
        self.text = text
        self.source = source
        self.line = line
        self.has_code = has_code


class _Call(Protocol):
    def __call__(self, *arguments: object) -> object: ...


class _Runtime(Protocol):
    table_from: MakeTable

    def compile(self, source: bytes) -> _Call: ...


class Functions(Protocol):
    """What the host lends to scripts."""

    def offered(self, lua: Lua) -> Mapping[bytes, object]:
        """By the names under which the prelude finds them."""
        ...


class Lua:
    """One Lua state.

    Args:
        profile: the version, which decides about the texts of errors and of numbers.
        functions: what the host lends to scripts.

    Raises:
        CommandError: there is no Lua.
    """

    def __init__(self, profile: Profile, functions: Functions) -> None:
        try:
            from lupa import lua51  # noqa: PLC0415 - an extra: without scripts one does without
        except ImportError as error:
            raise CommandError(f"ERR {NEEDED}") from error
        runtime = cast(
            "_Runtime",
            lua51.LuaRuntime(encoding=None, unpack_returned_tuples=True, attribute_filter=_no_attributes),
        )
        self.profile = profile
        self.table = runtime.table_from
        self.type_of = cast("TypeOf", lua51.lua_type)
        self._bug: BaseException | None = None
        offered = {
            b"raised": self._seen,
            b"since_7": profile.since(7, 0),
            b"guard": self._guard,
            b"globals_refused": GLOBALS_REFUSED if profile.since(6, 2) else GLOBALS_REFUSED_BEFORE,
            b"has_clock": profile.since(7, 2),
            **functions.offered(self),
        }
        prelude = runtime.compile(files(__package__).joinpath("prelude.lua").read_bytes())
        found = cast("tuple[_Call, ...]", prelude(self.table(offered)))
        self._load, self._run_script, self._run_library, self._where, null = found
        self.values = Values(profile, self.table, self.type_of, null)

    def load(self, source: bytes, *, is_library: bool = False) -> object:
        """A script, or the source of a library, as a function.

        Raises:
            LuaError: it is no Lua.
        """
        found = self._load(source, is_library)
        if isinstance(found, tuple):
            raise LuaError(cast("bytes", found[1]))
        return found

    def run_script(self, function: object, keys: Sequence[bytes], argv: Sequence[bytes]) -> Reply:
        """Run a script and return its reply.

        Raises:
            LuaError: it failed.
        """
        return self._outcome(self._run_script(function, self.table(list(keys)), self.table(list(argv))))

    def run_function(self, function: object, keys: Sequence[bytes], argv: Sequence[bytes]) -> Reply:
        """Run a function of a library and return its reply.

        Raises:
            LuaError: it failed.
        """
        return self._outcome(self._run_library(function, None, self.table(list(keys)), self.table(list(argv))))

    def run_loading(self, function: object) -> None:
        """Run the source of a library, which registers its functions.

        Raises:
            LuaError: it failed.
        """
        self._outcome(self._run_library(function, "loading"))

    def failure(self, text: bytes) -> Raised:
        """An error that a function of the host raises, without a place in it."""
        if self.profile.since(7, 0):
            return Raised(self.table({b"err": b"ERR " + text}))
        return Raised(text)

    def misuse(self, text: bytes) -> Raised:
        """An error that a library of Lua raises, with the place where it was called."""
        source, line, *short = self.caller()
        return Raised(b"%b:%d: %b" % (short[0], line, text) if source is not None and line > 0 else text)

    def caller(self) -> tuple[bytes | None, int, bytes]:
        """Who called the function of the host that runs: the source and the line, and the source as errors show it."""
        found = cast("tuple[object, ...]", self._where())
        source, line, short = (*found, b"")[:3]
        return cast("bytes | None", source), cast("int", line), cast("bytes", short)

    def _seen(self, raised: object) -> object:
        """What a script sees of what a function of the host raised."""
        if isinstance(raised, Raised):
            return raised.value
        self._bug = raised if isinstance(raised, BaseException) else AssertionError(raised)
        return repr(raised).encode()

    def _guard(self, function: _Call, protected: LuaTable) -> _Call:
        """A function of Lua, for all tables but the protected ones."""

        def guarded(target: object = None, *rest: object) -> object:
            if target is not None and protected[target]:
                raise self.failure(b"Attempt to modify a readonly table")
            return function(target, *rest)

        return guarded

    def _outcome(self, outcome: object) -> Reply:
        values = self.values
        ok, value = (outcome[0], outcome[1]) if isinstance(outcome, tuple) else (outcome, None)
        try:
            if self._bug is not None:
                raise self._bug
            if not ok:
                raise self._error_of(cast("LuaTable", value))
            return values.to_reply(value)
        finally:
            values.protocol = 2
            self._bug = None

    def _error_of(self, told: LuaTable) -> LuaError:
        error, source, line = told[b"err"], told[b"source"], told[b"line"]
        number = int(line) if isinstance(line, int | float) else -1
        place = source if isinstance(source, bytes) else None
        if not self.profile.since(7, 0):
            return _told_before_7(self.profile, error, place, number)
        if self.type_of(error) == "table":
            text = cast("LuaTable", error)[b"err"]
            return LuaError(text if isinstance(text, bytes) else b"ERR unknown error", place, number, has_code=True)
        return LuaError(_text(error), place, number)


def _told_before_7(profile: Profile, error: object, source: bytes | None, line: int) -> LuaError:
    """What the error handler of earlier versions, which is written in Lua itself, makes of an error."""
    strict = not profile.since(6, 2)
    if not isinstance(error, bytes | int | float) or isinstance(error, bool):
        kind = b"nil" if error is None else b"table"
        where = b"err_handler_def:%d" % (8 if strict else 9)
        text = where + b": attempt to concatenate local 'err' (a %b value)" % kind
        return LuaError(text, b"@err_handler_def", 8 if strict else 9)
    text = _text(error)
    if strict and b": Script attempted to access nonexistent global variable '" in text:
        return LuaError(text, b"@enable_strict_lua", 15)
    if strict and b": Script attempted to create global variable '" in text:
        return LuaError(text, b"@enable_strict_lua", 8)
    return LuaError(text, source, line)


def _text(error: object) -> bytes:
    if isinstance(error, bytes):
        return error
    if error is None or isinstance(error, bool):
        return {None: b"nil", True: b"true", False: b"false"}[error]
    return str(error).encode()


def _no_attributes(_object: object, name: object, _is_setting: object) -> NoReturn:
    raise AttributeError(f"scripts see nothing of {name!r}")
