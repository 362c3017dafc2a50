"""One state of real Lua 5.1, in which the scripts and the functions of a server run."""

from __future__ import annotations

import traceback
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Final, NoReturn, Protocol, cast

from .._errors import CommandError
from .._profile import Profile
from .._reply import Reply
from ._values import COUNTED, LuaTable, MakeTable, OfLua, TypeOf, Values, kinds_of_replies

NEEDED: Final = "scripts need lupa: pip install 'redis-streams-trio[simulation]'"

MEMORY_BYTES_MAX: Final = 1 << 30
"""What one state of Lua may take in all. A real server ends when the machine has no more; this one must not."""
SCRIPT_BYTES_MAX: Final = MEMORY_BYTES_MAX // 2
"""What scripts may keep. The largest value there is, one of 512 MB, has to have room beside it: Lua cannot say that
there is none while the host hands it something."""
NO_MEMORY: Final = b"not enough memory"

GLOBALS_REFUSED: Final = b"Attempt to modify a readonly table"
GLOBALS_REFUSED_BEFORE: Final = b"Script attempted to create global variable '%s'"


class Raised(Exception):
    """What a function of the host raises in a script.

    It holds nothing of Lua: Lua itself keeps it as long as it likes, and longer than the coroutine where it happened.

    Args:
        value: what the script sees: a text, or what is to be in a table.
    """

    def __init__(self, value: bytes | Mapping[bytes, object]) -> None:
        super().__init__(value)
        self.value = value


class LuaError(Exception):
    """A script failed.

    Args:
        text: why.
        source: where it happened, as Lua names it ("@user_script"); None if that is not known.
        line: where in that.
        has_code: whether the text begins with a code, as the replies of commands do.
        is_counted: whether it is in the statistics already, as the error of a command.
    """

    def __init__(
        self,
        text: bytes,
        source: bytes | None = None,
        line: int = -1,
        *,
        has_code: bool = False,
        is_counted: bool = False,
    ) -> None:
        super().__init__(text)
        self.is_counted = is_counted
        self.text = text
        self.source = source
        self.line = line
        self.has_code = has_code


class _Runtime(Protocol):
    table_from: MakeTable

    def compile(self, source: bytes) -> OfLua: ...
    def gccollect(self) -> None: ...
    def get_memory_used(self) -> int: ...


class Functions(Protocol):
    """What the host lends to scripts."""

    def offered(self, lua: Lua) -> Mapping[bytes, object]:
        """By the names under which the prelude finds them."""
        ...

    def look_around(self) -> bytes | None:
        """Called again and again while a script runs; returns why it has to end, if it has."""
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
            lua51.LuaRuntime(
                encoding=None,
                unpack_returned_tuples=True,
                attribute_filter=_no_attributes,
                max_memory=MEMORY_BYTES_MAX,
            ),
        )
        self._runtime = runtime
        self._failed: type[Exception] = lua51.LuaError
        self._look_around = functions.look_around
        self.profile = profile
        self.table = runtime.table_from
        self.type_of = cast("TypeOf", lua51.lua_type)
        self._bug: BaseException | None = None
        offered = {
            b"raised": self._seen,
            b"since_7": profile.since(7, 0),
            b"guard": self._guard,
            b"look_around": self._looked_around,
            b"kinds": self.table(kinds_of_replies(profile)),
            b"globals_refused": GLOBALS_REFUSED if profile.since(6, 2) else GLOBALS_REFUSED_BEFORE,
            b"has_clock": profile.since(7, 2),
            # The servers at hand that are as 7.2 was are Valkey, in which redis goes by a second name.
            b"is_valkey": profile.since(7, 2) and not profile.since(7, 4),
            **functions.offered(self),
        }
        prelude = runtime.compile(_prelude())
        found = cast("tuple[OfLua, ...]", prelude(self.table(offered)))
        self._load, self._run_script, self._run_library, self._where, null, *tables = found
        self.values = Values(profile, self.table, self.type_of, null, *tables)
        self._runtime.gccollect()
        self._own_bytes = self.memory_bytes

    def load(self, source: bytes, *, is_library: bool = False) -> object:
        """A script, or the source of a library, as a function.

        Raises:
            LuaError: it is no Lua.
        """
        found = self._called(self._load, source, is_library)
        if isinstance(found, tuple):
            raise LuaError(cast("bytes", found[1]))
        return found

    def run_script(self, function: object, keys: Sequence[bytes], argv: Sequence[bytes]) -> Reply:
        """Run a script and return its reply.

        Raises:
            LuaError: it failed.
        """
        self._check_room(keys, argv)
        return self._run(self._run_script, function, self.table(list(keys)), self.table(list(argv)))

    def run_function(self, function: object, keys: Sequence[bytes], argv: Sequence[bytes]) -> Reply:
        """Run a function of a library and return its reply.

        Raises:
            LuaError: it failed.
        """
        self._check_room(keys, argv)
        return self._run(self._run_library, function, None, self.table(list(keys)), self.table(list(argv)))

    def run_loading(self, function: object) -> None:
        """Run the source of a library, which registers its functions.

        Raises:
            LuaError: it failed.
        """
        self._run(self._run_library, function, "loading")

    def failure(self, text: bytes) -> Raised:
        """An error that a function of the host raises, without a place in it."""
        if self.profile.since(7, 0):
            return Raised({b"err": b"ERR " + text})
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

    # Memory

    @property
    def memory_bytes(self) -> int:
        """What this state of Lua takes."""
        return self._runtime.get_memory_used()

    @property
    def grown_bytes(self) -> int:
        """By how much it has grown since it was made."""
        return max(0, self.memory_bytes - self._own_bytes)

    def has_room(self, more: int = 0) -> bool:
        """Whether a script may keep what it has, and so many bytes more."""
        if self.memory_bytes + more <= SCRIPT_BYTES_MAX:
            return True
        self._runtime.gccollect()
        return self.memory_bytes + more <= SCRIPT_BYTES_MAX

    def check_room(self, more: int = 0) -> None:
        """Refuse what would take too much memory.

        Raises:
            Raised: a script has too much already.
        """
        if not self.has_room(more):
            raise Raised(NO_MEMORY)

    def _check_room(self, *words: Sequence[bytes]) -> None:
        if not self.has_room(sum(len(word) for each in words for word in each)):
            raise LuaError(NO_MEMORY)

    # Calls from one side to the other

    def _looked_around(self) -> object:
        """What the hook of the prelude asks: why the script has to end, if it has."""
        if not self.has_room():
            return NO_MEMORY
        why = self._look_around()
        return None if why is None else self._seen(self.failure(why))

    def _seen(self, raised: object) -> object:
        """What a script sees of what a function of the host raised."""
        if isinstance(raised, BaseException):
            # What the function was given may be of a coroutine, and is not to be held when that is gone.
            traceback.clear_frames(raised.__traceback__)
            raised.__cause__ = raised.__context__ = None
        if isinstance(raised, Raised):
            return raised.value if isinstance(raised.value, bytes) else self.table(raised.value)
        if isinstance(raised, RecursionError):
            return b"stack overflow"
        if isinstance(raised, MemoryError):
            return NO_MEMORY
        if isinstance(raised, self._failed):
            return _first_line(raised)
        self._bug = raised if isinstance(raised, BaseException) else AssertionError(raised)
        return repr(raised).encode()

    def _guard(self, name: bytes, function: OfLua, protected: LuaTable) -> OfLua:
        """A function of Lua, for all tables but the protected ones."""

        def guarded(target: object = None, *rest: object) -> object:
            if target is not None and protected[target]:
                raise self.failure(b"Attempt to modify a readonly table")
            try:
                return function(target, *rest)
            except self._failed as error:
                raise self.misuse(_first_line(error).replace(b"'?'", b"'%b'" % name)) from error

        return guarded

    def _called(self, function: OfLua, *arguments: object) -> object:
        """What a function of the prelude returns.

        Raises:
            LuaError: there was not even memory for an error.
        """
        try:
            return function(*arguments)
        except self._failed as error:
            self._runtime.gccollect()
            raise LuaError(_first_line(error)) from error

    def _run(self, function: OfLua, *arguments: object) -> Reply:
        values = self.values
        try:
            outcome = self._called(function, *arguments)
            ok, value = (outcome[0], outcome[1]) if isinstance(outcome, tuple) else (outcome, None)
            if self._bug is not None:
                raise self._bug
            if not ok:
                raise self._error_of(cast("LuaTable | bytes", value))
            values.errors.clear()
            return values.to_reply(value)
        finally:
            values.protocol = 2
            self._bug = None

    def _error_of(self, told: LuaTable | bytes) -> LuaError:
        if not isinstance(told, bytes):
            error, source, line = told[b"err"], told[b"source"], told[b"line"]
        else:
            # Lua calls no handler when memory has run out.
            self._runtime.gccollect()
            error, source, line = told, None, -1
        number = int(line) if isinstance(line, int | float) else -1
        place = source if isinstance(source, bytes) else None
        if not self.profile.since(7, 0):
            return _told_before_7(self.profile, error, place, number)
        if self.type_of(error) == "table":
            text = self.values.field(error, b"err")
            counted = self.values.field(error, COUNTED) is True
            told_text = text if isinstance(text, bytes) else b"ERR unknown error"
            return LuaError(told_text, place, number, has_code=True, is_counted=counted)
        return LuaError(_text(error), place, number)


@cache
def _prelude() -> bytes:
    """The prelude as Lua keeps what it has compiled. Compiling it takes longer than all else that a new state does."""
    from lupa import lua51  # noqa: PLC0415 - see `Lua`

    compiler = lua51.LuaRuntime(encoding=None)
    dump = cast("OfLua", compiler.eval(b"string.dump"))
    return cast("bytes", dump(compiler.compile(files(__package__).joinpath("prelude.lua").read_bytes())))


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


def _first_line(error: Exception) -> bytes:
    """What an error of Lua says, without where it came through."""
    text = error.args[0] if error.args else b""
    told = text if isinstance(text, bytes) else str(text).encode()
    return told.split(b"\n", 1)[0]


def _text(error: object) -> bytes:
    if isinstance(error, bytes):
        return error
    if error is None or isinstance(error, bool):
        return {None: b"nil", True: b"true", False: b"false"}[error]
    return str(error).encode()


def _no_attributes(_object: object, name: object, _is_setting: object) -> NoReturn:
    raise AttributeError(f"scripts see nothing of {name!r}")
