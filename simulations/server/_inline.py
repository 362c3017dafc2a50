"""The words of a line that somebody typed, with quotes and escapes as redis-cli has them."""

from __future__ import annotations

import re
from typing import Final

BLANKS: Final = b" \t\n\v\f\r"
"""What stands between words. Only these four end a word that has no quotes: blank, tab, line feed, carriage return."""
_PLAIN: Final = re.compile(rb"[^ \t\n\r\"']+")
_HEX: Final = re.compile(rb"\\x([0-9a-fA-F]{2})")
_ESCAPES: Final = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"a": b"\a"}


class UnbalancedQuotes(ValueError):
    """A quote was not closed, or something stands right behind the closing one."""


def split_line(line: bytes) -> list[bytes]:
    r"""The words of a line without its end, as `sdssplitargs` in the server finds them.

    In double quotes ``\n``, ``\x41`` and the like are escapes, in single quotes only ``\'`` is one.

    Raises:
        UnbalancedQuotes: as its name says.
    """
    if b'"' not in line and b"'" not in line and b"\v" not in line and b"\f" not in line:
        return line.split()
    words: list[bytes] = []
    at = 0
    while True:
        at = len(line) - len(line[at:].lstrip(BLANKS))
        if at == len(line):
            return words
        word, at = _word(line, at)
        words.append(word)


def _word(line: bytes, at: int) -> tuple[bytes, int]:
    """The word that begins there, and where it ends."""
    word = b""
    while at < len(line) and line[at : at + 1] not in b" \t\n\r":
        plain = _PLAIN.match(line, at)
        if plain is not None:
            word += plain.group()
            at = plain.end()
            continue
        read = _double_quoted if line[at : at + 1] == b'"' else _single_quoted
        quoted, at = read(line, at + 1)
        # A closing quote ends the word.
        return word + quoted, at
    return word, at


def _double_quoted(line: bytes, at: int) -> tuple[bytes, int]:
    parts: list[bytes] = []
    while at < len(line):
        char = line[at : at + 1]
        if char == b'"':
            return b"".join(parts), _closed(line, at)
        if char == b"\\" and at + 1 < len(line):
            code = _HEX.match(line, at)
            if code is not None:
                char, at = bytes.fromhex(code[1].decode()), at + 3
            else:
                at += 1
                char = _ESCAPES.get(line[at : at + 1], line[at : at + 1])
        parts.append(char)
        at += 1
    raise UnbalancedQuotes


def _single_quoted(line: bytes, at: int) -> tuple[bytes, int]:
    parts: list[bytes] = []
    while at < len(line):
        char = line[at : at + 1]
        if char == b"'":
            return b"".join(parts), _closed(line, at)
        if line[at : at + 2] == b"\\'":
            char, at = b"'", at + 1
        parts.append(char)
        at += 1
    raise UnbalancedQuotes


def _closed(line: bytes, at: int) -> int:
    """Where it goes on behind the closing quote: there has to be a blank or the end."""
    if line[at + 1 : at + 2] not in (b"", *(BLANKS[i : i + 1] for i in range(len(BLANKS)))):
        raise UnbalancedQuotes
    return at + 1
