"""Runs what is written in Lua as one command of the server: scripts, and functions of libraries.

Its changes go to the journal together, and whoever waits for what it changed is served after it. Errors are told in the
words of each version: before 7.0 behind "Error running script", from then on with the code of the command that failed.
Either way with the place where it happened.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from attrs import frozen

from .._command import Call, Command
from .._errors import CommandError
from .._refusals import refusal_in_script
from .._reply import Failure, Reply
from .._session import Block, Session, Words
from ..access._permissions import SCRIPT_REFUSED, check_in_script
from ._library import Library
from ._lua import Lua, LuaError
from ._values import on_one_line

if TYPE_CHECKING:
    from .._engine import Engine

NO_WRITES = b"ERR Write commands are not allowed from read-only scripts."


@frozen
class Script:
    """What can be run.

    Attributes:
        name: as errors name it: the SHA-1 of a script, the name of a function.
        function: in Lua.
        flags: see `_shebang`; None: of a script without a first line that says any.
        of_library: whether it is a function of a library.
    """

    name: bytes
    function: object
    flags: frozenset[str] | None
    of_library: bool = False


class Runner:
    """Runs scripts on one server.

    Args:
        engine: whose commands they call.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.library = Library(self)
        self._lua: Lua | None = None
        self._session: Session | None = None
        self._read_only = False
        self._dirty_before = 0
        self._bears_no_memory = False

    @property
    def lua(self) -> Lua:
        """The state of Lua, which is made when it is needed for the first time.

        Raises:
            CommandError: there is no Lua.
        """
        if self._lua is None:
            self._lua = Lua(self.engine.profile, self.library)
        return self._lua

    @property
    def session(self) -> Session | None:
        """For whom something runs."""
        return self._session

    def run(self, call: Call, script: Script, keys: Words, argv: Words, *, read_only: bool) -> Reply:
        """Run a script and return its reply.

        Raises:
            CommandError: it failed.
        """
        flags = script.flags or frozenset()
        if read_only and script.flags is not None and "no-writes" not in flags:
            raise CommandError("ERR Can not execute a script with write flag using *_ro command.")
        session, database = call.session, call.session.database
        self._session, self._dirty_before = session, self.engine.dirty
        self._read_only = read_only or "no-writes" in flags
        self._bears_no_memory = "allow-oom" in flags
        session.in_script = True
        try:
            run = self.lua.run_function if script.of_library else self.lua.run_script
            return run(script.function, keys, argv)
        except LuaError as error:
            raise CommandError(_told(call, script, error)) from error
        finally:
            session.in_script = False
            session.database = database

    def command(self, words: Sequence[bytes]) -> Reply:
        """One command of the script that runs; a `Failure` where it fails."""
        session = self._session
        if session is None:
            return Failure(b"ERR redis.call/pcall can only be called inside a script invocation")
        refusal = self._refusal(session, words)
        if refusal is not None:
            return refusal
        answer = self.engine.run(session, words, nested=True)
        return None if isinstance(answer, Block) else answer

    def _refusal(self, session: Session, words: Sequence[bytes]) -> Failure | None:
        found = self._found(words)
        if isinstance(found, Failure):
            return found
        command, name = found
        if denied := check_in_script(self.engine, session, command, name, words):
            own = denied.startswith(SCRIPT_REFUSED)
            return self.own_failure(denied.removeprefix(b"ERR ")) if own else Failure(denied)
        if self._read_only and "write" in command.flags:
            return Failure(NO_WRITES)
        return self._refused_by_state(command) if self.engine.may_refuse else None

    def _found(self, words: Sequence[bytes]) -> tuple[Command, str] | Failure:
        since_7 = self.engine.profile.since(7, 0)
        try:
            command, name = self.engine.table.find(words)
        except CommandError as error:
            if error.text.startswith(b"ERR wrong number of arguments"):
                whence = b"from" if since_7 else b"From Lua"
                return self.own_failure(b"Wrong number of args calling Redis command %b script" % whence)
            if error.text.startswith(b"ERR Unknown subcommand"):
                return Failure(error.text)
            return self.own_failure(b"Unknown Redis command called from %b" % (b"script" if since_7 else b"Lua script"))
        if "noscript" in command.flags:
            return self.own_failure(b"This Redis command is not allowed from script" + (b"" if since_7 else b"s"))
        return command, name

    def _refused_by_state(self, command: Command) -> Failure | None:
        wrote = self.engine.dirty != self._dirty_before
        text = refusal_in_script(self.engine, command, bears_no_memory=wrote or self._bears_no_memory)
        if text is None:
            return None
        # Before 7.0 it is a whole reply, with its sign and its end of line.
        return Failure(text) if self.engine.profile.since(7, 0) else self.own_failure(b"-%b\r\n" % text)

    def own_failure(self, text: bytes) -> Failure:
        """An error that the script engine itself makes; before 7.0 it says where in the script, but no code."""
        if self.engine.profile.since(7, 0):
            return Failure(b"ERR " + text)
        source, line, _ = self.lua.caller()
        return Failure(b"%b: %d: %b" % (source or b"?", line, text))


def _told(call: Call, script: Script, error: LuaError) -> bytes:
    text = error.text.rstrip(b"\r\n") if call.profile.since(6, 0) else error.text
    text = on_one_line(text)
    if not call.profile.since(7, 0):
        where = b"" if error.source is None else b"%b:%d: " % (error.source, error.line)
        # 5.0 has a line end behind it, which is a blank in an error.
        end = b"" if call.profile.since(6, 0) else b" "
        return b"ERR Error running script (call to f_%b): %b%b%b" % (script.name, where, text, end)
    where = b"." if error.source is None else b", on %b:%d." % (error.source, error.line)
    return b"%b%b script: %b%b" % (b"" if error.has_code else b"ERR ", text, script.name, where)
