"""The scripts that a server knows, and the commands about them: EVAL, EVALSHA and SCRIPT."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Final

from attrs import define

from .._command import Call, Command, Run, integer
from .._errors import CommandError
from .._reply import OK, Reply
from .._session import Words
from ._lua import LuaError
from ._runner import Runner, Script
from ._shebang import Header, script_header

NO_SCRIPT: Final = "NOSCRIPT No matching script. Please use EVAL."


EVALUATED_MAX: Final = 500
"""So many scripts that were only evaluated does a server keep since 7.4."""


@define
class _Known:
    source: bytes
    script: Script


class Scripts:
    """The scripts that a server knows, by the SHA-1 of their source.

    Args:
        runner: who runs them.

    Attributes:
        evicted: how many were forgotten, as there were too many.
    """

    def __init__(self, runner: Runner) -> None:
        self._runner = runner
        self._known: dict[bytes, _Known] = {}
        self._evaluated: dict[bytes, None] = {}
        """Those that may be forgotten: nobody has loaded them. The one that was not used for longest comes first."""
        self._evicts = runner.engine.profile.since(7, 4)
        self.evicted = 0

    def __contains__(self, sha: bytes) -> bool:
        return sha in self._known

    def __len__(self) -> int:
        return len(self._known)

    def source(self, sha: bytes) -> bytes | None:
        """The source of a script that is known."""
        known = self._known.get(sha)
        return None if known is None else known.source

    @property
    def source_bytes(self) -> int:
        """How long all sources are."""
        return sum(len(known.source) for known in self._known.values())

    def script(self, sha: bytes) -> Script:
        """A script that is known, to be run.

        Raises:
            CommandError: it is not.
        """
        known = self._known.get(sha)
        if known is None:
            raise CommandError(NO_SCRIPT)
        if sha in self._evaluated:
            self._evaluated[sha] = self._evaluated.pop(sha)
        return known.script

    def learn(self, source: bytes, *, evaluated: bool = False) -> Script:
        """Get to know a script.

        Args:
            source: the script.
            evaluated: whether it is only to be run once, so that it may be forgotten when others come.

        Raises:
            CommandError: it is no Lua.
        """
        sha = hashlib.sha1(source, usedforsecurity=False).hexdigest().encode()
        if sha not in self._known:
            self._known[sha] = _Known(source, self._compiled(sha, source))
            if evaluated and self._evicts:
                self._remember_for_now(sha)
        elif not evaluated:
            self._evaluated.pop(sha, None)
        return self.script(sha)

    def _remember_for_now(self, sha: bytes) -> None:
        self._evaluated[sha] = None
        if len(self._evaluated) > EVALUATED_MAX:
            oldest = next(iter(self._evaluated))
            del self._evaluated[oldest], self._known[oldest]
            self.evicted += 1

    def forget(self) -> None:
        """SCRIPT FLUSH."""
        self._known.clear()
        self._evaluated.clear()

    def flags_of(self, source: bytes) -> frozenset[str] | None:
        """What a script says that it does and bears; None: nothing."""
        try:
            return script_header(source).flags if source.startswith(b"#!") else None
        except CommandError:
            return None

    def _compiled(self, sha: bytes, source: bytes) -> Script:
        header = script_header(source) if self._runner.engine.profile.since(7, 0) else Header(None, source)
        try:
            function = self._runner.lua.load(header.body)
        except LuaError as error:
            # 5.0 has a line end behind it, which is a blank in an error.
            end = b"" if self._runner.engine.profile.since(6, 0) else b" "
            raise CommandError(b"ERR Error compiling script (new function): " + error.text + end) from error
        return Script(sha, function, header.flags)


def _run(call: Call, script: Script, keys: Words, argv: Words) -> Reply:
    read_only = call.words[0][-3:].upper() == b"_RO"
    return call.engine.runner.run(call, script, keys, argv, read_only=read_only)


def evaluate(call: Call) -> Reply:
    """EVAL script numkeys key ... arg ..., and EVAL_RO."""
    keys, argv = keys_and_args(call)
    return _run(call, call.engine.scripts.learn(call.words[1], evaluated=True), keys, argv)


def evaluate_sha(call: Call) -> Reply:
    """EVALSHA sha1 numkeys key ... arg ..., and EVALSHA_RO."""
    keys, argv = keys_and_args(call)
    return _run(call, call.engine.scripts.script(call.words[1].lower()), keys, argv)


def keys_and_args(call: Call, error: str = "ERR value is not an integer or out of range") -> tuple[Words, Words]:
    """The keys and the arguments behind the number of keys.

    Raises:
        CommandError: the number is none (with that text), or there are fewer words.
    """
    number = integer(call.words[2], error)
    if number > len(call.words) - 3:
        raise CommandError("ERR Number of keys can't be greater than number of args")
    if number < 0:
        raise CommandError("ERR Number of keys can't be negative")
    return call.words[3 : 3 + number], call.words[3 + number :]


def script_load(call: Call) -> Reply:
    """SCRIPT LOAD script."""
    return call.engine.scripts.learn(call.words[2]).name


def script_exists(call: Call) -> Reply:
    """SCRIPT EXISTS sha1 ..."""
    return [int(sha.lower() in call.engine.scripts) for sha in call.words[2:]]


def script_flush(call: Call) -> Reply:
    """SCRIPT FLUSH [ASYNC|SYNC]."""
    if len(call.words) > 2 and not call.profile.since(6, 2):
        shown = call.words[1].decode("utf-8", "surrogateescape")
        raise CommandError(f"ERR Unknown subcommand or wrong number of arguments for '{shown}'. Try SCRIPT HELP.")
    if len(call.words) > 3 or (len(call.words) == 3 and call.words[2].upper() not in (b"ASYNC", b"SYNC")):
        raise CommandError("ERR SCRIPT FLUSH only support SYNC|ASYNC option")
    call.engine.scripts.forget()
    return OK


def script_kill(call: Call) -> Reply:
    """SCRIPT KILL."""
    call.engine.runner.kill(is_function=False)
    return OK


def script_debug(call: Call) -> Reply:
    """SCRIPT DEBUG: there is no debugger, so that only NO says what is true."""
    if call.words[2].upper() == b"NO":
        return OK
    if call.words[2].upper() in (b"YES", b"SYNC"):
        raise CommandError("ERR the simulated server has no debugger for scripts")
    options = "YES/SYNC/NO" if call.profile.since(6, 2) else "yes/sync/no"
    raise CommandError(f"ERR Use SCRIPT DEBUG {options}")


def _command(name: str, run: Run, since: tuple[int, int], more: str = "") -> Command:
    return Command(
        name,
        run,
        -3,
        f"noscript stale skip_monitor no_mandatory_keys movablekeys {more}",
        since=since,
        group="scripting",
    )


SCRIPT_COMMANDS: Final[Sequence[Command]] = (
    _command("eval", evaluate, (2, 6)),
    _command("evalsha", evaluate_sha, (2, 6)),
    _command("eval_ro", evaluate, (7, 0), "readonly"),
    _command("evalsha_ro", evaluate_sha, (7, 0), "readonly"),
    Command(
        "script",
        None,
        -2,
        "noscript",
        since=(2, 6),
        group="scripting",
        subcommands=(
            Command("load", script_load, 3, "noscript stale", since=(2, 6), group="scripting"),
            Command("exists", script_exists, -2, "noscript", since=(2, 6), group="scripting"),
            Command("exists", script_exists, -3, "noscript", since=(7, 0), group="scripting"),
            Command("flush", script_flush, -2, "noscript", since=(2, 6), group="scripting"),
            Command("kill", script_kill, 2, "noscript allow_busy", since=(2, 6), group="scripting"),
            Command("debug", script_debug, 3, "noscript", since=(3, 2), group="scripting"),
        ),
    ),
)
