"""What changed in a server's data, read from its append-only file, and whose command did it.

A server writes the changes of a command to that file before it sends the reply: when a reply passes the proxy, what
the command did can be read. The file tells each change in its canonical form, what a script did as one unit, and
outlives a crash. It does not tell whose command it was. That is found out by the words: a change says little that the
command did not say before it, and only the few commands can have done it that were on their way when it was made. Those
whose connection has ended are on their way until the server has read what they came by to its end.

The append-only file must not be rewritten meanwhile, and be written to at once: not with ``everysec``, under which a
server may go on without having written while an earlier part is synced.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Final

from attrs import define, field

from ...history import Applied
from ...server import Profile
from ...server._request import RequestParser
from ...server._session import Words
from ...world._actions import action_of
from ._journal import SERVER, Journal

CONFIGURATION: Final = {"appendonly": "yes", "auto-aof-rewrite-percentage": "0"}
"""What the server has to be configured with, beside an `appendfsync` of ``always`` or ``no``."""

_NAMES: Final = ("appendonlydir/appendonly.aof.1.incr.aof", "appendonly.aof")
"""Where it is from 7.0 on, and where it was before."""

_MAKES: Final[Mapping[bytes, Sequence[bytes]]] = MappingProxyType(
    {
        b"XREADGROUP": (b"XCLAIM", b"XGROUP"),
        b"XAUTOCLAIM": (b"XCLAIM", b"XGROUP"),
        b"XCLAIM": (b"XGROUP",),
        b"XADD": (b"XTRIM",),
    }
)
"""Which commands make changes that are called otherwise."""
_SCRIPTS: Final = (b"EVAL", b"EVALSHA")
_MAKES_ANY: Final = (*_SCRIPTS, b"EXEC")
_SEEK: Final = "seek"
"""The only script that has a group go on elsewhere. It says neither what it takes back for that, nor always where."""


@define(eq=False)
class AppendOnlyTail:
    """The end of an append-only file that grows.

    Args:
        folder: the server's.
    """

    _folder: Path
    _read: int = field(default=0, init=False)
    """Up to here all was taken."""

    def take(self) -> Iterator[Sequence[Words]]:
        """The units that were written since the last time, each with its changes in their order."""
        path = next((path for name in _NAMES if (path := self._folder / name).exists()), None)
        if path is None:
            return
        with path.open("rb") as file:
            file.seek(self._read)
            parser = RequestParser(Profile.of("7.0"))
            parser.feed(file.read())
        seen = self._read
        unit: list[Words] | None = None
        while (words := parser.take()) is not None:
            seen += _size(words)
            command = words[0].upper()
            if command == b"MULTI":
                unit = []
            elif unit is not None and command != b"EXEC":
                unit.append(words)
            else:
                # A unit that has not ended is read again the next time, unless a crash cuts it off.
                self._read = seen
                changes, unit = [words] if unit is None else unit, None
                yield [change for change in changes if change[0].upper() != b"SELECT"]


@define(eq=False)
class OnItsWay:
    """A command that may be changing something: it was sent, and its reply has not been seen."""

    host: str
    client: int
    words: Words
    number: int = 0
    """Unique in the run, from 1."""


@define(eq=False)
class Changes:
    """Writes down what changes in the server, and whose command it was.

    Args:
        tail: where it is read from.
        journal: where it is written down.
    """

    _tail: AppendOnlyTail
    _journal: Journal
    _on_their_way: dict[OnItsWay, None] = field(factory=dict[OnItsWay, None], init=False)
    _numbers: Iterator[int] = field(factory=lambda: itertools.count(1), init=False)

    def sent(self, host: str, client: int, words: Words) -> OnItsWay:
        """A command goes to the server. Without a host: a fault's."""
        command = OnItsWay(host, client, words, next(self._numbers))
        self._on_their_way[command] = None
        return command

    def answered(self, command: OnItsWay) -> None:
        """Its reply is there, so what it did is in the file."""
        self.over([command])

    def over(self, commands: Iterable[OnItsWay]) -> None:
        """Whatever these did is in the file: they can't do anything any more."""
        self.read()
        for command in commands:
            self._on_their_way.pop(command, None)

    def read(self) -> None:
        """Write down what is new."""
        for unit in self._tail.take():
            by = likeliest(unit, list(self._on_their_way))
            for words in unit:
                self._journal.write(
                    Applied(
                        self._journal.now_ms(),
                        SERVER,
                        tuple(words),
                        by=by.host if by is not None else "",
                        client=by.client if by is not None else 0,
                        command=by.number if by is not None else 0,
                    )
                )


def likeliest(unit: Sequence[Words], commands: Sequence[OnItsWay]) -> OnItsWay | None:
    """Whose words say most of what was changed; among equals who says to do just that, then who was sent first.

    None where nobody's did: what has expired is deleted by the server itself.
    """
    said = [
        (_shared(unit, command.words), command.words[0].upper() == unit[0][0].upper(), -number)
        for number, command in enumerate(commands)
        if unit
    ]
    most, _, number = max(said, default=(0, False, 0))
    return commands[-number] if most else None


def _shared(unit: Sequence[Words], words: Words) -> int:
    """How many of the unit's words are among the command's, if it can have made these changes at all."""
    has = Counter(words)
    if not all(
        len(change) > 1 and _can_make(words, change) and has.keys() >= set(_to_be_said(words, change))
        for change in unit
    ):
        return 0
    return sum((Counter(word for change in unit for word in change[1:]) & has).values())


def _can_make(words: Words, change: Words) -> bool:
    command, made = words[0].upper(), change[0].upper()
    if command in _SCRIPTS and made == b"XGROUP" and change[1].upper() == b"SETID":
        return action_of(words) == _SEEK
    return command == made or made in _MAKES.get(command, ()) or command in _MAKES_ANY


def _to_be_said(words: Words, change: Words) -> Words:
    """What the command has said that made this change, if it is this one."""
    match change[0].upper():
        case b"XACK" if action_of(words) == _SEEK:
            return change[1:3]
        case b"XACK":
            return change[1:]  # each id: a watermark, which is written with it, may be anybody's
        case b"XCLAIM" if words[0].upper() in _SCRIPTS:
            return [*change[1:4], *change[5:6]]  # the stream, the group, the consumer, and which entry
        case b"XCLAIM":
            return change[1:4]
        case b"XGROUP":
            return change[2:4]
        case _:
            return change[1:2]


def _size(words: Words) -> int:
    """How many bytes these are in the file."""
    return len(b"*%d\r\n" % len(words)) + sum(len(b"$%d\r\n" % len(word)) + len(word) + 2 for word in words)
