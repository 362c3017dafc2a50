"""EVAL, EVALSHA and SCRIPT, with real Lua.

A script runs as one command: its changes go to the journal together, and whoever waits for what it changed is served
after it. Errors inside are told in the words of each version: before 7.0 behind "Error running script", from then on
with the code of the command that failed, and where it was.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from ._command import Call, Command, integer
from ._errors import CommandError
from ._lua import Lua, LuaError
from ._permissions import SCRIPT_REFUSED, check_in_script
from ._refusals import refusal_in_script
from ._reply import OK, Failure, Reply
from ._session import Block, Session, Words

if TYPE_CHECKING:
    from ._engine import Engine


REFUSED_BEFORE_RUNNING: Final = (
    b"ERR Unknown Redis command",
    b"ERR Wrong number of args",
    b"ERR This Redis command",
    SCRIPT_REFUSED,
)
"""Errors that the script engine itself makes: before 7.0 it says in them, too, where it was."""


class Scripts:
    """The scripts that a server knows, by the SHA-1 of their source.

    Args:
        engine: whose commands they call.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._sources: dict[bytes, bytes] = {}
        self._functions: dict[bytes, object] = {}
        self._lua: Lua | None = None
        self._session: Session | None = None

    def __contains__(self, sha: bytes) -> bool:
        return sha in self._sources

    def source(self, sha: bytes) -> bytes | None:
        """The source of a script that is known."""
        return self._sources.get(sha)

    def learn(self, source: bytes) -> bytes:
        """Get to know a script; returns its SHA-1.

        Raises:
            CommandError: it is no Lua.
        """
        sha = hashlib.sha1(source, usedforsecurity=False).hexdigest().encode()
        if sha not in self._functions:
            try:
                self._functions[sha] = self._running_lua().load(source)
            except LuaError as error:
                raise CommandError(
                    b"ERR Error compiling script (new function): " + error.text.replace(b"[string ", b"")
                ) from error
        self._sources[sha] = source
        return sha

    def forget(self) -> None:
        """SCRIPT FLUSH."""
        self._sources.clear()

    def run(self, call: Call, sha: bytes, keys: Words, argv: Words) -> Reply:
        """Run a script that is known.

        Raises:
            CommandError: it failed.
        """
        self._session = call.session
        self._dirty_before = self._engine.dirty
        database = call.session.database
        call.session.in_script = True
        try:
            return self._running_lua().run(self._functions[sha], keys, argv)
        except LuaError as error:
            raise CommandError(_told(call, sha, error)) from error
        finally:
            call.session.in_script = False
            call.session.database = database

    def _running_lua(self) -> Lua:
        if self._lua is None:
            self._lua = Lua(self._host, self._engine.profile)
        return self._lua

    def _host(self, words: Sequence[bytes]) -> Reply:
        """One command of a script."""
        if self._session is None or not words:
            return Failure(b"ERR Please specify at least one argument for this redis.call() call")
        refusal = self._refusal(words)
        if refusal is not None:
            return Failure(refusal)
        answer = self._engine.run(self._session, words, nested=True)
        if isinstance(answer, Block):
            return None
        return answer

    def _refusal(self, words: Sequence[bytes]) -> bytes | None:
        since_7 = self._engine.profile.since(7, 0)
        try:
            command, name = self._engine.table.find(words)
        except CommandError as error:
            if b"wrong number of arguments" in error.text:
                return b"ERR Wrong number of args calling Redis command %b script" % (
                    b"from" if since_7 else b"From Lua"
                )
            return b"ERR Unknown Redis command called from %b" % (b"script" if since_7 else b"Lua script")
        if "noscript" in command.flags:
            return b"ERR This Redis command is not allowed from %b" % (b"script" if since_7 else b"scripts")
        if self._session is not None and (denied := check_in_script(self._engine, self._session, command, name, words)):
            return denied
        if self._engine.may_refuse:
            return refusal_in_script(self._engine, command, has_written=self._engine.dirty != self._dirty_before)
        return None


def _told(call: Call, sha: bytes, error: LuaError) -> bytes:
    line = b"" if error.line is None else b"@user_script:%d" % error.line
    if not call.profile.since(7, 0):
        where = line + b": " if line else b""
        text = error.text
        if error.of_command and text.startswith(REFUSED_BEFORE_RUNNING):
            text = line.replace(b":", b": ") + b": " + text.removeprefix(b"ERR ")
        # 5.0 has a line end behind it, which is a blank in an error.
        end = b"" if call.profile.since(6, 0) else b" "
        return b"ERR Error running script (call to f_%b): %b%b%b" % (sha, where, text, end)
    text = error.text if error.of_command else b"ERR " + error.text
    return text + (b" script: %b, on %b." % (sha, line) if line else b" script: %b" % sha)


def evaluate(call: Call) -> Reply:
    """EVAL script numkeys key ... arg ..."""
    keys, argv = _keys_and_args(call)
    return call.engine.scripts.run(call, call.engine.scripts.learn(call.words[1]), keys, argv)


def evaluate_sha(call: Call) -> Reply:
    """EVALSHA sha1 numkeys key ... arg ..."""
    keys, argv = _keys_and_args(call)
    sha = call.words[1].lower()
    if sha not in call.engine.scripts:
        raise CommandError("NOSCRIPT No matching script. Please use EVAL.")
    return call.engine.scripts.run(call, sha, keys, argv)


def _keys_and_args(call: Call) -> tuple[Words, Words]:
    number = integer(call.words[2])
    if number > len(call.words) - 3:
        raise CommandError("ERR Number of keys can't be greater than number of args")
    if number < 0:
        raise CommandError("ERR Number of keys can't be negative")
    return call.words[3 : 3 + number], call.words[3 + number :]


def script_load(call: Call) -> Reply:
    """SCRIPT LOAD script."""
    return call.engine.scripts.learn(call.words[2])


def script_exists(call: Call) -> Reply:
    """SCRIPT EXISTS sha1 ..."""
    return [int(sha.lower() in call.engine.scripts) for sha in call.words[2:]]


def script_flush(call: Call) -> Reply:
    """SCRIPT FLUSH [ASYNC|SYNC]."""
    if len(call.words) > 3 or (len(call.words) == 3 and call.words[2].upper() not in (b"ASYNC", b"SYNC")):
        raise CommandError("ERR SCRIPT FLUSH only support SYNC|ASYNC option")
    call.engine.scripts.forget()
    return OK


def script_kill(_call: Call) -> Reply:
    """SCRIPT KILL: no script ever runs when a command comes."""
    raise CommandError("NOTBUSY No scripts in execution right now.")


SCRIPT_COMMANDS: Final[Sequence[Command]] = (
    Command(
        "eval",
        evaluate,
        -3,
        "noscript stale skip_monitor no_mandatory_keys movablekeys",
        since=(2, 6),
        group="scripting",
    ),
    Command(
        "evalsha",
        evaluate_sha,
        -3,
        "noscript stale skip_monitor no_mandatory_keys movablekeys",
        since=(2, 6),
        group="scripting",
    ),
    Command(
        "script",
        None,
        -2,
        since=(2, 6),
        group="scripting",
        subcommands=(
            Command("load", script_load, 3, "noscript stale", since=(2, 6), group="scripting"),
            Command("exists", script_exists, -3, "noscript", since=(2, 6), group="scripting"),
            Command("flush", script_flush, -2, "noscript", since=(2, 6), group="scripting"),
            Command("kill", script_kill, 2, "noscript allow_busy", since=(2, 6), group="scripting"),
        ),
    ),
)
