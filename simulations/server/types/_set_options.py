"""What SET, GETEX, MSETEX and their like are told beside keys and values: when, and until when."""

from __future__ import annotations

from typing import Final

from attrs import define

from .._command import INTEGER_MAX, Call, integer
from .._errors import CommandError, syntax_error

_EXPIRY: Final = (b"EX", b"PX", b"EXAT", b"PXAT")
_MATCHES: Final = (b"IFEQ", b"IFNE", b"IFDEQ", b"IFDNE")


@define
class SetOptions:
    """The options.

    Attributes:
        existence: b"NX" or b"XX"; empty: it does not matter.
        condition: b"IFEQ", b"IFNE", b"IFDEQ" or b"IFDNE"; empty: none.
        match: what is compared with then.
        until: how it expires: b"EX", b"PX", b"EXAT", b"PXAT", b"KEEPTTL" or b"PERSIST"; empty: it does not.
        time: of the first four.
        answers_old: GET.
    """

    existence: bytes = b""
    condition: bytes = b""
    match: bytes = b""
    until: bytes = b""
    time: bytes | None = None
    answers_old: bool = False


def parse_set_options(call: Call, position: int, name: str) -> SetOptions:
    """The options from a word on, of "set", "getex" or "msetex".

    Raises:
        CommandError: there is another, or they exclude each other.
    """
    options, words = SetOptions(), call.words
    existences = (b"NX", b"XX") if name != "getex" else ()
    conditions = _MATCHES if name == "set" and call.profile.since(8, 4) else ()
    untils = _untils(call, name)
    while position < len(words):
        word = words[position].upper()
        position += 1
        if word in existences and options.existence in (b"", word):
            options.existence = word
        elif word in conditions and not options.existence and options.condition in (b"", word):
            options.condition, options.match = word, _next(call, position)
            position += 1
        elif word == b"GET" and name == "set" and call.profile.since(6, 2):
            options.answers_old = True
        elif word in untils and options.until in (b"", word):
            options.until = word
            if word in _EXPIRY:
                options.time = _next(call, position)
                position += 1
        else:
            raise syntax_error()
    if options.existence == b"NX" and options.answers_old and not call.profile.since(7, 0):
        raise syntax_error()
    return options


def _untils(call: Call, name: str) -> tuple[bytes, ...]:
    """The ways to expire that a command of a version knows."""
    known = _EXPIRY if call.profile.since(6, 2) else _EXPIRY[:2]
    if name == "getex":
        return (*known, b"PERSIST")
    return (*known, b"KEEPTTL") if call.profile.since(6, 0) else known


def _next(call: Call, position: int) -> bytes:
    if position >= len(call.words):
        raise syntax_error()
    return call.words[position]


def expiry_ms(call: Call, options: SetOptions, name: str) -> int | None:
    """When it expires, milliseconds since 1970; None: as the options say, not by a time.

    Raises:
        CommandError: that is no time.
    """
    return None if options.time is None else moment_ms(call, options.until, options.time, name)


def moment_ms(call: Call, unit: bytes, word: bytes, name: str) -> int:
    """The same for one time.

    Args:
        call: the command.
        unit: b"EX", b"PX", b"EXAT" or b"PXAT".
        word: the number.
        name: how errors call the command.
    """
    number, in_seconds = integer(word), unit.startswith(b"E")
    shown = f"'{name}' command" if call.profile.since(7, 0) else name
    ms = number * 1000 if in_seconds else number
    at_ms = ms if unit.endswith(b"AT") else call.now_ms + ms
    if number <= 0 or (call.profile.since(6, 2) and max(ms, at_ms) > INTEGER_MAX):
        raise CommandError(f"ERR invalid expire time in {shown}")
    return at_ms
