"""redis.register_function: what a library says of its functions while it is loaded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

from attrs import define

from ._shebang import BAD_NAME, FLAGS, is_name

if TYPE_CHECKING:
    from ._library import Library
    from ._lua import Lua
    from ._values import LuaTable


@define
class Registered:
    """One function of a library.

    Attributes:
        name, description: as FUNCTION LIST shows them.
        function: in Lua.
        flags: what it wants to do, and to bear.
    """

    name: bytes
    function: object = None
    description: bytes | None = None
    flags: frozenset[str] = frozenset()


class Registering:
    """Takes the functions of the library that is being loaded.

    Attributes:
        functions: so far, by name; None: no library is being loaded.
    """

    def __init__(self, library: Library) -> None:
        self._library = library
        self.functions: dict[bytes, Registered] | None = None

    def register(self, *arguments: object) -> None:
        """redis.register_function(name, function), or with a table of what is known of it.

        Raises:
            Raised: that does not do.
        """
        if self.functions is None:
            raise self._lua.failure(b"redis.register_function can only be called on FUNCTION LOAD command")
        found = self._read(arguments)
        if not is_name(found.name):
            raise self._lua.failure(BAD_NAME)
        if found.name in self.functions:
            raise self._lua.failure(b"Function already exists in the library")
        self.functions[found.name] = found

    @property
    def _lua(self) -> Lua:
        return self._library.lua

    def _read(self, arguments: tuple[object, ...]) -> Registered:
        fail = self._lua.failure
        if not 1 <= len(arguments) <= 2:
            raise fail(b"wrong number of arguments to redis.register_function")
        if len(arguments) == 1:
            if self._lua.type_of(arguments[0]) != "table":
                raise fail(
                    b"calling redis.register_function with a single argument is only applicable to Lua table "
                    b"(representing named arguments)."
                )
            return self._read_table(cast("LuaTable", arguments[0]))
        name = self._lua.values.word(arguments[0])
        if name is None:
            raise fail(b"first argument to redis.register_function must be a string")
        if self._lua.type_of(arguments[1]) != "function":
            raise fail(b"second argument to redis.register_function must be a function")
        return Registered(name, arguments[1])

    def _read_table(self, table: LuaTable) -> Registered:
        fail = self._lua.failure
        found = Registered(b"")
        for key, value in table.items():
            if not isinstance(key, bytes):
                raise fail(b"named argument key given to redis.register_function is not a string")
            if key == b"callback":
                if self._lua.type_of(value) != "function":
                    raise fail(b"callback argument given to redis.register_function must be a function")
                found.function = value
            elif key == b"flags":
                found.flags = self._flags(value)
            elif key in _TEXTS:
                text = self._lua.values.word(value)
                if text is None:
                    raise fail(b"%b argument given to redis.register_function must be a string" % key)
                setattr(found, _TEXTS[key], text)
            else:
                raise fail(b"unknown argument given to redis.register_function")
        if not found.name:
            raise fail(b"redis.register_function must get a function name argument")
        if found.function is None:
            raise fail(b"redis.register_function must get a callback argument")
        return found

    def _flags(self, value: object) -> frozenset[str]:
        if self._lua.type_of(value) != "table":
            text = b"flags argument to redis.register_function must be a table representing function flags"
            raise self._lua.failure(text)
        table, flags = cast("LuaTable", value), list[str]()
        while (flag := table[len(flags) + 1]) is not None:
            flags.append(flag.decode("latin-1") if isinstance(flag, bytes) else "")
            if flags[-1] not in FLAGS:
                raise self._lua.failure(b"unknown flag given")
        return frozenset(flags)


_TEXTS: Final = {b"function_name": "name", b"description": "description"}
