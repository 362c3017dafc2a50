"""What a fault destroyed: the difference between what a server had acknowledged and what it has afterwards."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from attrs import frozen

from .._engine import Engine
from ..streams._ids import Id
from ..streams._stream import Fields, Group, Stream


@frozen
class LostEntry:
    """An entry that was acknowledged to its publisher and is gone."""

    database: int
    stream: bytes
    id: Id
    fields: Fields


@frozen
class LostAcknowledgement:
    """An entry that a group had settled, and that is pending or unread again."""

    database: int
    stream: bytes
    group: bytes
    id: Id


@frozen
class LostGroup:
    """A consumer group that is gone, with how far it had come."""

    database: int
    stream: bytes
    group: bytes
    last_id: Id


@frozen
class Destroyed:
    """All that one fault destroyed, in the order of streams and ids."""

    entries: Sequence[LostEntry] = ()
    acknowledgements: Sequence[LostAcknowledgement] = ()
    groups: Sequence[LostGroup] = ()

    def __bool__(self) -> bool:
        return bool(self.entries or self.acknowledgements or self.groups)

    def common(self, other: Destroyed) -> Destroyed:
        """What was destroyed by both reckonings."""
        return Destroyed(
            tuple(lost for lost in self.entries if lost in other.entries),
            tuple(lost for lost in self.acknowledgements if lost in other.acknowledgements),
            tuple(lost for lost in self.groups if lost in other.groups),
        )


def difference(before: Engine, after: Engine) -> Destroyed:
    """What was in the one server and is not in the other."""
    entries: list[LostEntry] = []
    acknowledgements: list[LostAcknowledgement] = []
    groups: list[LostGroup] = []
    for database, key, stream in _streams(before):
        left = after.databases[database].values.get(key)
        survivor = left if isinstance(left, Stream) else Stream()
        for entry_id, fields in stream.range(stream.first_id, stream.last_id):
            if survivor.get(entry_id) != fields:
                entries.append(LostEntry(database, key, entry_id, fields))
        for name, group in stream.groups.items():
            kept = survivor.groups.get(name)
            if kept is None:
                groups.append(LostGroup(database, key, name, group.last_id))
                continue
            acknowledgements += [
                LostAcknowledgement(database, key, name, entry_id)
                for entry_id in _settled(stream, group)
                if entry_id in kept.pending or entry_id > kept.last_id
            ]
    return Destroyed(tuple(entries), tuple(acknowledgements), tuple(groups))


def _streams(engine: Engine) -> Iterator[tuple[int, bytes, Stream]]:
    for database in engine.databases:
        for key, value in database.values.items():
            if isinstance(value, Stream):
                yield database.index, key, value


def _settled(stream: Stream, group: Group) -> Iterator[Id]:
    """Entries still in the stream that were delivered to the group and are not pending."""
    for entry_id, _ in stream.range(stream.first_id, group.last_id):
        if entry_id not in group.pending:
            yield entry_id
