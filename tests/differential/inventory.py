"""What there is to be seen of the commands on streams: every option, every kind of answer, every error, by version.

The list itself is `inventory.txt`, which people read and mend. A run of the differential notes what both servers had
in common; what is listed for its version and was not seen is a hole, and what was seen and is not listed is a gap in
the list.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from attrs import frozen
from differential.resp import Part

Words = list[bytes]
Version = tuple[int, int]

FILE = Path(__file__).parent / "inventory.txt"
ALWAYS: Version = (0, 0)
NEVER: Version = (99, 0)
QUOTED = re.compile(r"'[^']*'")
CONTAINERS = ("XGROUP", "XINFO")
SUBCOMMANDS = frozenset(
    ["CREATE", "SETID", "DESTROY", "CREATECONSUMER", "DELCONSUMER", "HELP", "STREAM", "GROUPS", "CONSUMERS"]
)


@frozen
class Item:
    """Something to be seen.

    Attributes:
        command: whose it is, as in "XGROUP CREATE".
        what: "option MAXLEN", "answer null" or "error ERR syntax error".
        since, before: the versions that have it.
    """

    command: str
    what: str
    since: Version = ALWAYS
    before: Version = NEVER

    def is_of(self, version: Version) -> bool:
        """Whether a server of this version can show it."""
        return self.since <= version < self.before


def inventory(text: str | None = None) -> list[Item]:
    """The items of the list.

    Raises:
        ValueError: a line says nothing that could be seen.
    """
    items: list[Item] = []
    command = ""
    for line in (FILE.read_text("utf-8") if text is None else text).splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        if not line.startswith(" "):
            command = line.strip()
            continue
        versions, what = line.strip().split(maxsplit=1)
        if what.split()[0] not in ("option", "answer", "error"):
            raise ValueError(f"no option, answer or error of {command}: {line!r}")
        since, _, before = versions.partition("..")
        items.append(Item(command, what, _version(since, ALWAYS), _version(before, NEVER)))
    return items


def _version(text: str, otherwise: Version) -> Version:
    if not text or text == "*":
        return otherwise
    major, minor = text.split(".")
    return int(major), int(minor)


def pattern(text: str) -> str:
    """An error's text, with a star for each word of the command that stands in it."""
    return text if text.startswith("ERR Unbalanced") else QUOTED.sub("'*'", text)


def name_of(words: Words) -> str | None:
    """The command's name in the list; None: it is none on streams."""
    name = words[0].decode("utf-8", "replace").upper()
    if name in CONTAINERS and len(words) > 1:
        subcommand = words[1].decode("utf-8", "replace").upper()
        return f"{name} {subcommand if subcommand in SUBCOMMANDS else 'any'}"
    return name if name.startswith("X") else None


def seen(words: Words, reply: Part | None, known: Mapping[str, frozenset[str]]) -> Iterator[tuple[str, str]]:
    """What a command and its reply show, as pairs of command and item.

    Args:
        words: the command.
        reply: what both servers said; None: the client waits.
        known: the options of each command, by its name.
    """
    name = name_of(words)
    if name is None or name not in known:
        return
    if reply is not None and reply.sign == "-" and isinstance(reply.value, bytes):
        if b"script" in reply.value and b"BLOCK option" not in reply.value:
            return  # what a script is told is no word of the command's
        yield name, "error " + pattern(reply.value.decode("utf-8", "replace"))
        return
    yield name, "answer " + ("(waits)" if reply is None else kind(reply))
    for option in _options(name, words) & known.get(name, frozenset()):
        yield name, f"option {option}"


def _options(name: str, words: Words) -> set[str]:
    said = {word.decode("utf-8", "replace").upper() for word in words[1:]}
    said |= {"(id" for word in words[2:] if word[:1] == b"("}
    said |= {"ms-*" for word in words[2:] if word[-2:] == b"-*"}
    if name in ("XREAD", "XREADGROUP") and "STREAMS" in said:
        behind = len(words) - 1 - [word.upper() for word in words].index(b"STREAMS")
        said |= {"several"} if behind > 2 else set()
    if name == "XPENDING":
        plain = len(words) - (2 if len(words) > 3 and words[3].upper() == b"IDLE" else 0)
        said |= {"range"} if plain >= 6 else set()
        said |= {"consumer"} if plain >= 7 else set()
    return said


def kind(reply: Part) -> str:
    """What sort of reply it is."""
    if reply.value is None or reply.sign == "_":
        return "null"
    if isinstance(reply.value, list):
        return "empty" if not reply.value else "array"
    return {"$": "text", ":": "number", "+": "status"}.get(reply.sign, reply.sign)


def options_of(items: Sequence[Item]) -> Mapping[str, frozenset[str]]:
    """The options of each command."""
    names = {item.command for item in items}
    return {
        name: frozenset(
            item.what.removeprefix("option ")
            for item in items
            if item.command == name and item.what.startswith("option ")
        )
        for name in names
    }
