"""FCALL, and FUNCTION with its subcommands."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from .._command import Call, Command
from .._errors import CommandError
from .._glob import fits
from .._reply import OK, Members, Pairs, Reply, Status
from ..rdb._kinds import format_of
from ..rdb._payload import dumped_libraries, restored_libraries
from ._functions import Functions, LoadedLibrary
from ._registering import Registered
from ._scripts import keys_and_args
from ._shebang import library_header


def call_function(call: Call) -> Reply:
    """FCALL function numkeys key ... arg ..., and FCALL_RO."""
    script = call.engine.functions.script(call.words[1])
    keys, argv = keys_and_args(call, "ERR Bad number of keys provided")
    return call.engine.runner.run(call, script, keys, argv, read_only=call.words[0].upper() == b"FCALL_RO")


def load(call: Call) -> Reply:
    """FUNCTION LOAD [REPLACE] code."""
    *options, code = call.words[2:]
    for option in options:
        if option.upper() != b"REPLACE":
            raise CommandError(b"ERR Unknown option given: " + option)
    name = call.engine.functions.load(code, replace=bool(options))
    call.engine.dirty += 1
    return name


def delete(call: Call) -> Reply:
    """FUNCTION DELETE library."""
    call.engine.functions.delete(call.words[2])
    call.engine.dirty += 1
    return OK


def _check_length(call: Call, most: int) -> None:
    if len(call.words) > most:
        text = b"ERR unknown subcommand or wrong number of arguments for '%b'. Try FUNCTION HELP."
        raise CommandError(text % call.words[1][:128])


def flush(call: Call) -> Reply:
    """FUNCTION FLUSH [ASYNC|SYNC]."""
    _check_length(call, 3)
    if len(call.words) == 3 and call.words[2].upper() not in (b"ASYNC", b"SYNC"):
        raise CommandError("ERR FUNCTION FLUSH only supports SYNC|ASYNC option")
    call.engine.functions.clear()
    call.engine.dirty += 1
    return OK


def list_(call: Call) -> Reply:
    """FUNCTION LIST [LIBRARYNAME pattern] [WITHCODE]."""
    pattern, with_code, words = None, False, list(call.words[2:])
    while words:
        word = words.pop(0)
        if word.upper() == b"WITHCODE" and not with_code:
            with_code = True
        elif word.upper() == b"LIBRARYNAME" and pattern is None:
            if not words:
                raise CommandError("ERR library name argument was not given")
            pattern = words.pop(0)
        else:
            raise CommandError(b"ERR Unknown argument " + word)
    libraries = call.engine.functions.libraries.values()
    chosen = [each for each in libraries if pattern is None or fits(each.name, pattern, ignore_case=True)]
    return [_told(each, with_code=with_code) for each in chosen]


def _told(library: LoadedLibrary, *, with_code: bool) -> Reply:
    found: list[tuple[Reply, Reply]] = [
        (b"library_name", library.name),
        (b"engine", b"LUA"),
        (b"functions", [_function_told(each) for each in library.functions.values()]),
    ]
    return Pairs([*found, (b"library_code", library.code)] if with_code else found)


def _function_told(function: Registered) -> Reply:
    flags: list[Reply] = [Status(flag.encode()) for flag in sorted(function.flags)]
    return Pairs([(b"name", function.name), (b"description", function.description), (b"flags", Members(flags))])


def kill(call: Call) -> Reply:
    """FUNCTION KILL."""
    call.engine.runner.kill(is_function=True)
    return OK


def _running(call: Call) -> Reply:
    """What runs while FUNCTION STATS is said; a script is nothing that it tells of."""
    running = call.engine.runner.running
    if running is None or not running.script.of_library:
        return None
    took_ms = (call.engine.slowness.stopwatch() - running.began) // 1_000_000
    told: list[tuple[Reply, Reply]] = [
        (b"name", running.script.name),
        (b"command", list(running.words)),
        (b"duration_ms", took_ms),
    ]
    return Pairs(told)


def stats(call: Call) -> Reply:
    """FUNCTION STATS."""
    libraries = call.engine.functions.libraries.values()
    counts: list[tuple[Reply, Reply]] = [
        (b"libraries_count", len(libraries)),
        (b"functions_count", sum(len(each.functions) for each in libraries)),
    ]
    return Pairs([(b"running_script", _running(call)), (b"engines", Pairs([(b"LUA", Pairs(counts))]))])


def dump(call: Call) -> Reply:
    """FUNCTION DUMP: all libraries as one payload."""
    codes = [each.code for each in call.engine.functions.libraries.values()]
    return dumped_libraries(codes, format_of(call.engine))


def _check_is_new(functions: Functions, code: bytes) -> None:
    name = library_header(code)[0]
    if name in functions.libraries:
        raise CommandError(b"ERR Library %b already exists" % name)


def restore(call: Call) -> Reply:
    """FUNCTION RESTORE payload [FLUSH|APPEND|REPLACE]."""
    _check_length(call, 4)
    policy = call.words[3].upper() if len(call.words) == 4 else b"APPEND"
    if policy not in (b"FLUSH", b"APPEND", b"REPLACE"):
        raise CommandError("ERR Wrong restore policy given, value should be either FLUSH, APPEND or REPLACE.")
    functions = call.engine.functions
    codes = list(restored_libraries(call.words[2], format_of(call.engine)))
    kept = [each.code for each in functions.libraries.values()]
    try:
        if policy == b"FLUSH":
            functions.clear()
        for code in codes:
            if policy == b"APPEND":
                _check_is_new(functions, code)
            functions.load(code, replace=policy == b"REPLACE")
    except CommandError:
        functions.clear()
        for code in kept:
            functions.load(code, replace=True)
        raise
    call.engine.dirty += 1
    return OK


def _sub(name: str, run: Callable[[Call], Reply], arity: int, flags: str = "noscript") -> Command:
    return Command(name, run, arity, flags, since=(7, 0), group="scripting")


_CALL: Final = "noscript stale skip_monitor no_mandatory_keys movablekeys"

FUNCTION_COMMANDS: Final[Sequence[Command]] = (
    Command("fcall", call_function, -3, _CALL, since=(7, 0), group="scripting"),
    Command("fcall_ro", call_function, -3, _CALL + " readonly", since=(7, 0), group="scripting"),
    Command(
        "function",
        None,
        -2,
        "noscript",
        since=(7, 0),
        group="scripting",
        subcommands=(
            _sub("load", load, -3, "write denyoom noscript"),
            _sub("restore", restore, -3, "write denyoom noscript"),
            _sub("delete", delete, 3, "write noscript"),
            _sub("flush", flush, -2, "write noscript"),
            _sub("list", list_, -2),
            _sub("stats", stats, 2, "noscript allow_busy"),
            _sub("kill", kill, 2, "noscript allow_busy"),
            _sub("dump", dump, 2),
        ),
    ),
)
