"""What stood in the server's books at each moment: entries pending, entries unread, connections in use.

Pending and unread entries follow from the changes of its data, one after the other, as the append-only file has them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from attrs import define, field

from ..history import Applied, Destroyed, History, Sent

Steps = Sequence[tuple[int, int]]
"""Places in the history at which a level changes, and the level from there on."""

Id = tuple[int, int]
_START: Final = (0, 0)


@define(eq=False)
class _Group:
    last: Id = _START
    pending: dict[Id, bytes] = field(factory=dict)


@define(eq=False)
class _Stream:
    entries: dict[Id, None] = field(factory=dict)
    groups: dict[bytes, _Group] = field(factory=dict)
    last: Id = _START


@define(eq=False)
class _Books:
    """Streams by name, as far as levels need them."""

    streams: dict[bytes, _Stream] = field(factory=dict)

    def apply(self, words: Sequence[bytes]) -> None:
        """One change. Of what is none of a stream nothing needs to be known."""
        command, key = words[0].upper(), words[1] if len(words) > 1 else b""
        if command in {b"FLUSHALL", b"FLUSHDB"}:
            self.streams.clear()
        elif command in {b"DEL", b"UNLINK"}:
            for name in words[1:]:
                self.streams.pop(name, None)
        elif command == b"XADD":
            self._add(self.streams.setdefault(key, _Stream()), words)
        elif command == b"XGROUP" and len(words) > 3:
            _group(self.streams.setdefault(words[2], _Stream()), words[1].upper(), words[3:])
        elif key in self.streams:
            _change(self.streams[key], command, words[2:])

    def _add(self, stream: _Stream, words: Sequence[bytes]) -> None:
        at = next((at for at, word in enumerate(words[2:], 2) if _is_id(word) and words[at - 1] not in _LIMITS), None)
        if at is None:
            return
        stream.last = _id(words[at])
        stream.entries[stream.last] = None
        _trim(stream, words[2:at])

    def pending(self) -> int:
        """Entries that were delivered and not acknowledged."""
        return sum(len(group.pending) for stream in self.streams.values() for group in stream.groups.values())

    def unread(self) -> int:
        """Entries that a group has not been given yet, over all groups."""
        return sum(
            entry > group.last
            for stream in self.streams.values()
            for group in stream.groups.values()
            for entry in reversed(stream.entries)
        )


_LIMITS: Final = (b"MINID", b"=", b"~")


def _is_id(word: bytes) -> bool:
    ms, dash, seq = word.partition(b"-")
    return bool(dash) and ms.isdigit() and seq.isdigit()


def _id(word: bytes) -> Id:
    ms, _, seq = word.partition(b"-")
    return (int(ms), int(seq or b"0")) if ms.isdigit() else _START


def _group(stream: _Stream, what: bytes, words: Sequence[bytes]) -> None:
    """CREATE, SETID, DESTROY, DELCONSUMER: the words begin with the group's name."""
    name = words[0]
    if what == b"DESTROY":
        stream.groups.pop(name, None)
    elif what in {b"CREATE", b"SETID"} and len(words) > 1:
        group = stream.groups.setdefault(name, _Group())
        group.last = stream.last if words[1] == b"$" else _id(words[1])
    elif what == b"DELCONSUMER" and name in stream.groups and len(words) > 1:
        group = stream.groups[name]
        group.pending = {entry: owner for entry, owner in group.pending.items() if owner != words[1]}


def _change(stream: _Stream, command: bytes, words: Sequence[bytes]) -> None:
    """A change within a stream; the words begin after its name."""
    if command == b"XTRIM":
        _trim(stream, words)
    elif command in {b"XDEL", b"XDELEX"}:
        for word in words:
            stream.entries.pop(_id(word), None)
    elif command in {b"XACK", b"XACKDEL"} and words[0] in stream.groups:
        for word in words[1:]:
            stream.groups[words[0]].pending.pop(_id(word), None)
    elif command == b"XCLAIM" and words[0] in stream.groups:
        _claim(stream.groups[words[0]], words[1:])


def _claim(group: _Group, words: Sequence[bytes]) -> None:
    """CONSUMER IDLE ID… [options]: who holds what; LASTID moves what was delivered last."""
    for at, word in enumerate(words[2:], 2):
        if _is_id(word) and words[at - 1].upper() != b"LASTID":
            group.pending[_id(word)] = words[0]
            group.last = max(group.last, _id(word))
        elif _is_id(word):
            group.last = max(group.last, _id(word))


def _trim(stream: _Stream, words: Sequence[bytes]) -> None:
    upper = [word.upper() for word in words]
    for at, word in enumerate(upper):
        if word not in {b"MAXLEN", b"MINID"}:
            continue
        limit = words[at + 2] if upper[at + 1] in {b"=", b"~"} else words[at + 1]
        entries = list(stream.entries)
        if word == b"MAXLEN":
            gone = entries[: max(0, len(entries) - int(limit))]
        else:
            gone = [entry for entry in entries if entry < _id(limit)]
        for entry in gone:
            del stream.entries[entry]


def _undo(books: _Books, lost: Destroyed) -> None:
    """What a server lost: entries are gone, what was acknowledged waits again."""
    for name, raw_id, _ in lost.entries:
        if name.encode() in books.streams:
            books.streams[name.encode()].entries.pop(_id(raw_id), None)
    for name, group in lost.groups:
        if name.encode() in books.streams:
            books.streams[name.encode()].groups.pop(group.encode(), None)
    for name, group, raw_id in lost.acknowledgements:
        stream = books.streams.get(name.encode())
        if stream is not None and group.encode() in stream.groups:
            stream.groups[group.encode()].pending[_id(raw_id)] = b""


def levels_of(history: History) -> tuple[Steps, Steps]:
    """Pending and unread entries, over all groups."""
    books = _Books()
    pending: list[tuple[int, int]] = [(0, 0)]
    unread: list[tuple[int, int]] = [(0, 0)]
    for place, record in enumerate(history.records):
        match record:
            case Applied() if record.words:
                books.apply(record.words)
            case Destroyed():
                _undo(books, record)
            case _:
                continue
        for steps, level in ((pending, books.pending()), (unread, books.unread())):
            if level != steps[-1][1]:
                steps.append((place, level))
    return pending, unread


def connections_of(history: History) -> Steps:
    """Connections in use: each from its first command to its last, which is what a history knows of them."""
    first: dict[int, int] = {}
    last: dict[int, int] = {}
    for place, record in enumerate(history.records):
        if isinstance(record, Sent):
            first.setdefault(record.client, place)
            last[record.client] = place
    changes: dict[int, int] = {}
    for place in first.values():
        changes[place] = changes.get(place, 0) + 1
    for place in last.values():
        changes[place + 1] = changes.get(place + 1, 0) - 1
    steps, level = [(0, 0)], 0
    for place in sorted(changes):
        level += changes[place]
        if place < len(history.records):
            steps.append((place, level))
    return steps
