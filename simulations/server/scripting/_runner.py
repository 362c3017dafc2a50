"""Runs what is written in Lua as one command of the server: scripts, and functions of libraries.

Its changes go to the journal together, and whoever waits for what it changed is served after it. Errors are told in the
words of each version: before 7.0 behind "Error running script", from then on with the code of the command that failed.
Either way with the place where it happened.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from attrs import define, frozen

from .._command import Call, Command
from .._errors import CommandError
from .._facts import flags_of
from .._refusals import MAY_REPLICATE, refusal_in_script
from .._reply import Failure, Reply
from .._session import Block, Session, Words
from ..access._permissions import SCRIPT_REFUSED, check_in_script
from ._library import Library
from ._lua import Lua, LuaError
from ._values import on_one_line

if TYPE_CHECKING:
    from .._engine import Engine

KILLED = b"Script killed by user with SCRIPT KILL..."
LOADS_TOO_LONG = b"FUNCTION LOAD timeout"
LOADING_NS_MAX = 500_000_000
"""For so long may the source of a library run, as in Redis; nobody else is served meanwhile."""
HAS_WRITTEN = (
    b"Sorry the script already executed write commands against the dataset. You can either wait the script termination "
    b"or kill the server in a hard way using the SHUTDOWN NOSAVE command."
)
FROM_PRIMARY = b"The busy script was sent by a master instance in the context of replication and cannot be killed."
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


@define
class Running:
    """A script that runs.

    Attributes:
        script: what it is.
        session, words: for whom, and the command that began it.
        began: by the stopwatch, in nanoseconds.
        read_only, bears_no_memory: what it may do, and wants to bear.
        wrote: whether it has called a command that writes, so that nothing can take it back.
        is_busy: whether it has run for so long that others are answered meanwhile.
        is_killed: whether somebody said that it has to end.
    """

    script: Script
    session: Session
    words: Words
    began: int
    read_only: bool
    bears_no_memory: bool
    wrote: bool = False
    is_busy: bool = False
    is_killed: bool = False


class Runner:
    """Runs scripts on one server.

    Args:
        engine: whose commands they call.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.library = Library(self)
        self._lua: Lua | None = None
        self.running: Running | None = None
        self._kept: dict[str, bool] = {}
        """Whether a command is kept from scripts, of those that one has tried."""
        self.loading_began: int | None = None
        """When the source of a library began to run, by the stopwatch."""
        self.is_busy = False
        """Whether something runs for so long that others are answered meanwhile."""
        self.meanwhile: Callable[[], None] = _nobody
        """Has those answered who say something while a script is busy; whoever feeds the engine may do so."""

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
    def memory_bytes(self) -> int:
        """What Lua takes, beside what it takes to begin with."""
        return 0 if self._lua is None else self._lua.grown_bytes

    @property
    def session(self) -> Session | None:
        """For whom something runs."""
        return None if self.running is None else self.running.session

    def begin_loading(self) -> None:
        """The source of a library is going to run."""
        self.loading_began = self.engine.slowness.stopwatch()

    def look_around(self) -> bytes | None:
        """See whether what runs takes long, and have others served meanwhile; returns why it has to end, if it has."""
        running, engine = self.running, self.engine
        if running is None:
            began = self.loading_began
            late = began is not None and engine.slowness.stopwatch() - began >= LOADING_NS_MAX
            return LOADS_TOO_LONG if late else None
        if not running.is_busy:
            # Of both names of the parameter the older one is known to all versions.
            threshold_ms = engine.configuration.number("lua-time-limit")
            if threshold_ms <= 0 or engine.slowness.stopwatch() - running.began < threshold_ms * 1_000_000:
                return None
            running.is_busy = True
        before = engine.may_refuse
        self.is_busy = engine.may_refuse = True
        try:
            self.meanwhile()
        finally:
            self.is_busy = False
            engine.may_refuse = before
        return KILLED if running.is_killed or engine.ended else None

    def kill(self, *, is_function: bool) -> None:
        """SCRIPT KILL, and FUNCTION KILL: have what runs end.

        Raises:
            CommandError: nothing runs, it is of the other kind, or it has written.
        """
        running = self.running
        if running is None:
            raise CommandError("NOTBUSY No scripts in execution right now.")
        if running.session.is_primary:
            raise CommandError(b"UNKILLABLE " + FROM_PRIMARY)
        if running.wrote:
            raise CommandError(b"UNKILLABLE " + HAS_WRITTEN)
        if running.script.of_library != is_function:
            raise CommandError(self.busy_text)
        running.is_killed = True

    @property
    def busy_text(self) -> bytes:
        """What others are told while something runs for long."""
        kind = b"FUNCTION" if self.running is not None and self.running.script.of_library else b"SCRIPT"
        return b"BUSY Redis is busy running a script. You can only call %b KILL or SHUTDOWN NOSAVE." % kind

    def run(self, call: Call, script: Script, keys: Words, argv: Words, *, read_only: bool) -> Reply:
        """Run a script and return its reply.

        Raises:
            CommandError: it failed.
        """
        flags = script.flags or frozenset()
        if read_only and script.flags is not None and "no-writes" not in flags:
            raise CommandError("ERR Can not execute a script with write flag using *_ro command.")
        session, database = call.session, call.session.database
        self.running = Running(
            script,
            session,
            call.words,
            self.engine.slowness.stopwatch(),
            read_only=read_only or "no-writes" in flags,
            bears_no_memory="allow-oom" in flags,
        )
        session.in_script = True
        try:
            run = self.lua.run_function if script.of_library else self.lua.run_script
            reply = run(script.function, keys, argv)
            if self.lua.values.errors:
                self._count_errors(call)
            return reply  # noqa: TRY300 - the error below is of the script only
        except LuaError as error:
            counted = error.is_counted and call.profile.since(7, 0)
            raise CommandError(_told(call, script, error), is_counted=counted) from error
        finally:
            self.running = None
            session.in_script = False
            session.database = database

    def _count_errors(self, call: Call) -> None:
        """Errors that a script returned, and did not raise."""
        statistics = self.engine.statistics
        for text, is_counted in self.lua.values.errors:
            if not is_counted:
                statistics.note_error(text)
        statistics.of(self.engine.table.find(call.words)[1]).failed += 1

    def command(self, words: Sequence[bytes]) -> Reply:
        """One command of the script that runs; a `Failure` where it fails."""
        running = self.running
        if running is None:
            return Failure(b"ERR redis.call/pcall can only be called inside a script invocation")
        allowed = self._allowed(running, words)
        if isinstance(allowed, Failure):
            if self.engine.profile.since(7, 0):
                self._count_refusal(allowed, words)
            return allowed
        command, name = allowed
        if "write" in command.flags:
            running.wrote = True
        answer = self.engine.run_found(running.session, command, name, words)
        return None if isinstance(answer, Block) else answer

    def _count_refusal(self, refusal: Failure, words: Sequence[bytes]) -> None:
        statistics, found = self.engine.statistics, self.engine.table.look_up(words)
        statistics.note_error(refusal.text)
        if found is not None:
            statistics.of(found[1]).rejected += 1

    def _allowed(self, running: Running, words: Sequence[bytes]) -> tuple[Command, str] | Failure:
        found = self._found(words)
        if isinstance(found, Failure):
            return found
        command, name = found
        if denied := check_in_script(self.engine, running.session, command, name, words):
            own = denied.startswith(SCRIPT_REFUSED)
            return self.own_failure(denied.removeprefix(b"ERR ")) if own else Failure(denied)
        if running.read_only and ("write" in command.flags or name in MAY_REPLICATE):
            return Failure(NO_WRITES)
        refused = self._refused_by_state(running, command) if self.engine.may_refuse else None
        return found if refused is None else refused

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
        if self._is_kept_from_scripts(command, name) and not self.engine.debugging.scripts_may_all:
            return self.own_failure(b"This Redis command is not allowed from script" + (b"" if since_7 else b"s"))
        return command, name

    def _is_kept_from_scripts(self, command: Command, name: str) -> bool:
        kept = self._kept.get(name)
        if kept is None:
            kept = self._kept[name] = "noscript" in (flags_of(self.engine.profile, name) or command.flags)
        return kept

    def _refused_by_state(self, running: Running, command: Command) -> Failure | None:
        text = refusal_in_script(self.engine, command, bears_no_memory=running.wrote or running.bears_no_memory)
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


def _nobody() -> None:
    """Nobody is served while a script runs."""
