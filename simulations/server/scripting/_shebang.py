"""The first line of a script and of a library, in which it says what it is and what it wants to do."""

from __future__ import annotations

from typing import Final

from attrs import frozen

from .._errors import CommandError
from .._inline import UnbalancedQuotes, split_line

FLAGS: Final = frozenset({"no-writes", "allow-oom", "allow-stale", "no-cluster", "allow-cross-slot-keys"})


@frozen
class Header:
    """What the first line says.

    Attributes:
        flags: of a script; None: there is no such line, and the script is run as scripts were before there were flags.
        body: the rest, with the end of the first line, so that lines keep their numbers.
    """

    flags: frozenset[str] | None
    body: bytes


def script_header(source: bytes) -> Header:
    """The flags of a script.

    Raises:
        CommandError: its first line is not understood.
    """
    if not source.startswith(b"#!"):
        return Header(None, source)
    end = source.find(b"\n")
    if end < 0:
        raise CommandError("ERR Invalid script shebang")
    words = _words(source[:end])
    if not words:
        raise CommandError("ERR Invalid engine in script shebang")
    if words[0] != b"#!lua":
        raise CommandError(b"ERR Unexpected engine in script shebang: " + words[0])
    flags: frozenset[str] = frozenset()
    for word in words[1:]:
        if not word.startswith(b"flags="):
            raise CommandError(b"ERR Unknown lua shebang option: " + word)
        flags |= _flags(word.removeprefix(b"flags="))
    return Header(flags, source[end:])


def _words(line: bytes) -> list[bytes]:
    try:
        return split_line(line)
    except UnbalancedQuotes:
        return []


def _flags(text: bytes) -> frozenset[str]:
    flags = [flag for flag in text.split(b",") if flag]
    for flag in flags:
        if flag.decode("latin-1") not in FLAGS:
            raise CommandError(b"ERR Unexpected flag in script shebang: " + flag)
    return frozenset(flag.decode("latin-1") for flag in flags)


def library_header(source: bytes) -> tuple[bytes, bytes]:
    """The name of a library, and its source without the first line.

    Raises:
        CommandError: the first line is not understood.
    """
    if not source.startswith(b"#!"):
        raise CommandError("ERR Missing library metadata")
    end = source.find(b"\n")
    words = _words(source[:end]) if end >= 0 else []
    if not words:
        raise CommandError("ERR Invalid library metadata")
    engine = words[0][2:]
    name: bytes | None = None
    for word in words[1:]:
        if not word.lower().startswith(b"name="):
            raise CommandError(b"ERR Invalid metadata value given: " + word)
        if name is not None:
            raise CommandError("ERR Invalid metadata value, name argument was given multiple times")
        name = word[len(b"name=") :]
    if name is None:
        raise CommandError("ERR Library name was not given")
    check_name(name)
    if engine.lower() != b"lua":
        raise CommandError(b"ERR Engine '%b' not found" % engine)
    return name, source[end:]


BAD_NAME: Final = (
    b"Library names can only contain letters, numbers, or underscores(_) and must be at least one character long"
)


def is_name(name: bytes) -> bool:
    """Whether a library or a function may have this name."""
    return bool(name) and name.isascii() and name.replace(b"_", b"a").isalnum()


def check_name(name: bytes) -> None:
    """Refuse what is no name.

    Raises:
        CommandError: it is none.
    """
    if not is_name(name):
        raise CommandError(b"ERR " + BAD_NAME)
