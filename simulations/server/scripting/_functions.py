"""The libraries of functions that a server has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from attrs import field, frozen

from .._errors import CommandError
from ._lua import LuaError
from ._registering import Registered
from ._runner import Runner, Script
from ._shebang import library_header

NOT_FOUND: Final = "ERR Function not found"


@frozen
class LoadedLibrary:
    """One library.

    Attributes:
        name: its own.
        code: its source, with the first line.
        functions: by name.
    """

    name: bytes
    code: bytes
    functions: Mapping[bytes, Registered]


@frozen
class Functions:
    """All libraries of one server.

    Attributes:
        runner: who runs their functions.
        libraries: by name.
    """

    runner: Runner
    libraries: dict[bytes, LoadedLibrary] = field(factory=dict, init=False)
    _scripts: dict[bytes, Script] = field(factory=dict, init=False)

    def script(self, name: bytes) -> Script:
        """A function, by its name in any case.

        Raises:
            CommandError: there is none.
        """
        found = self._scripts.get(name.lower())
        if found is None:
            raise CommandError(NOT_FOUND)
        return found

    def flags_of(self, name: bytes) -> frozenset[str] | None:
        """What a function says that it does and bears; None: there is none of this name."""
        found = self._scripts.get(name.lower())
        return None if found is None else found.flags

    def load(self, code: bytes, *, replace: bool) -> bytes:
        """Take in a library; returns its name.

        Args:
            code: the source.
            replace: whether it may take the place of one with the same name.

        Raises:
            CommandError: the library is not as it has to be; nothing has changed then.
        """
        name, body = library_header(code)
        old = self.libraries.get(name)
        if old is not None and not replace:
            raise CommandError(b"ERR Library '%b' already exists" % name)
        library = LoadedLibrary(name, code, self._registered(body))
        own = {name.lower() for name in old.functions} if old is not None else set[bytes]()
        for function in library.functions:
            if function.lower() in self._scripts and function.lower() not in own:
                raise CommandError(b"ERR Function %b already exists" % function)
        if old is not None:
            self.delete(old.name)
        self._add(library)
        return name

    def _registered(self, body: bytes) -> Mapping[bytes, Registered]:
        registering = self.runner.library.registering
        lua = self.runner.lua
        try:
            source = lua.load(body, is_library=True)
        except LuaError as error:
            raise CommandError(b"ERR Error compiling function: " + error.text) from error
        functions: dict[bytes, Registered] = {}
        registering.functions = functions
        self.runner.begin_loading()
        try:
            lua.run_loading(source)
        except LuaError as error:
            text = error.text if error.has_code else b"ERR " + error.text
            raise CommandError(b"ERR Error registering functions: " + text) from error
        finally:
            registering.functions = None
            self.runner.loading_began = None
        if not functions:
            raise CommandError("ERR No functions registered")
        return functions

    def delete(self, name: bytes) -> None:
        """Remove a library.

        Raises:
            CommandError: there is none of this name.
        """
        library = self.libraries.pop(name, None)
        if library is None:
            raise CommandError("ERR Library not found")
        for function in library.functions:
            del self._scripts[function.lower()]

    def clear(self) -> None:
        """Remove all."""
        self.libraries.clear()
        self._scripts.clear()

    def _add(self, library: LoadedLibrary) -> None:
        self.libraries[library.name] = library
        for name, found in library.functions.items():
            self._scripts[name.lower()] = Script(name, found.function, found.flags, of_library=True)
