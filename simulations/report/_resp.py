"""Redis' replies in a line: for people, who want to know what it said rather than every byte of it."""

from __future__ import annotations

from typing import Final

LONGEST: Final = 60
"""Characters of one reply; what an entry says in full stands in the line of its publishing."""


def reply_in_words(reply: bytes | None) -> str:
    """As redis-cli would say it, but in one line, and cut where it gets long."""
    if reply is None:
        return "no reply yet"
    try:
        told, _ = _value(reply, 0)
    except (ValueError, IndexError):
        told = shown(reply)
    return cut(told)


def shown(word: bytes) -> str:
    """A word of a command or a reply, as text where it is text."""
    text = word.decode("utf-8", "backslashreplace")
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


def cut(text: str, longest: int = LONGEST) -> str:
    """The text, or its beginning."""
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def _value(reply: bytes, at: int) -> tuple[str, int]:
    """One value that begins there, in words, and where the next one begins."""
    end = reply.index(b"\r\n", at)
    kind, rest = reply[at : at + 1], reply[at + 1 : end]
    if kind in b"$=!" and rest.isdigit():
        after = end + 2 + int(rest)
        return shown(reply[end + 2 : after]), after + 2
    if kind in b"*~>%" and rest.isdigit():
        return _several(reply, end + 2, int(rest) * (2 if kind == b"%" else 1))
    if rest == b"-1" or kind == b"_":
        return "nil", end + 2
    return shown(rest), end + 2


def _several(reply: bytes, at: int, count: int) -> tuple[str, int]:
    parts: list[str] = []
    for _ in range(count):
        part, at = _value(reply, at)
        parts.append(part)
    return f"[{', '.join(parts)}]", at
