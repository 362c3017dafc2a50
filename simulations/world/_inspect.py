"""What the servers have, read from within: no command is sent for it, so nothing of the run is disturbed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from ...actors import checkpoint_key, readers_key, schedule_keys
from ...actors._reader_place import print_of
from ...wire import ZERO_ID, Entry, Mark
from ..history import GroupState
from ..server.streams._ids import text_of
from ..server.streams._stream import Stream
from ..server.types._hash import Hash
from ..server.types._sorted_set import SortedSet

if TYPE_CHECKING:
    from ._world import World


NEVER: Final = "never"
"""So begin the ids of schedules that can't be published: nobody waits for them."""


def unsettled(world: World) -> Sequence[str]:
    """What still waits to be handled, in words; nothing if all is settled but for what fails without end."""
    endless = _poison(world)
    waits = [f"{stream}: {number} scheduled" for stream, number in _scheduled(world).items()]
    waits += _behind(world)
    return waits + [
        f"{state.stream}/{state.group}: {len(state.pending)} pending, {len(state.unread)} unread"
        for state in group_states(world)
        if state.unread or any(_waits(world, state, raw_id, endless) for raw_id, _, _ in state.pending)
    ]


def _scheduled(world: World) -> dict[str, int]:
    """How much is to be published later to each stream that is read; those without any are left out."""
    values = world.primary.engine.databases[0].values
    sets = {stream: values.get(schedule_keys(stream)[0].encode()) for stream, _ in world.groups}
    ids = {stream: times.scores for stream, times in sets.items() if isinstance(times, SortedSet)}
    counts = {stream: sum(not each.startswith(NEVER.encode()) for each in known) for stream, known in ids.items()}
    return {stream: count for stream, count in counts.items() if count}


def _behind(world: World) -> Sequence[str]:
    """Readers that have not noted yet that they have handled everything, but for those that are broken for good."""
    values, waits = world.primary.engine.databases[0].values, list[str]()
    for (name, reader), host in world.readers.items():
        stream, marks = values.get(name.encode()), values.get(readers_key(name).encode())
        mark = marks.fields.get(reader.encode()) if isinstance(marks, Hash) else None
        known = Mark(0, ZERO_ID, None) if mark is None else Mark.parse(mark)
        position = known.position
        if host.is_broken_for_good or not isinstance(stream, Stream):
            continue
        unread = any(True for _ in stream.range((position.ms, position.seq + 1), stream.last_id))
        at = [print_of(Entry(b"", fields)) for _, fields in stream.range(position, position)]
        # In the other two cases it has yet to notice that the stream is another one.
        if unread or position > stream.last_id or (at and known.print not in (None, at[0])):
            waits.append(f"{name}: reader {reader} is at {position}")
    return waits


def _waits(world: World, state: GroupState, raw_id: bytes, endless: frozenset[bytes]) -> bool:
    return raw_id not in endless or world.groups[state.stream, state.group] is not None


def _poison(world: World) -> frozenset[bytes]:
    """The ids of entries whose handlers always fail: without a limit of deliveries those stay pending for ever."""
    planned = {f"event-{number}" for number, event in enumerate(world.plan.events) if event.fails < 0}
    if not planned:
        return frozenset()
    return frozenset(
        raw_id
        for entries in stream_entries(world).values()
        for raw_id, fields in entries
        if any(field.decode("utf-8", "replace") in planned for field in fields)
    )


def group_states(world: World) -> Sequence[GroupState]:
    """Every group that is read, as the primary has it."""
    database = world.primary.engine.databases[0]
    states: list[GroupState] = []
    for name, group_name in world.groups:
        stream = database.values.get(name.encode())
        group = stream.groups.get(group_name.encode()) if isinstance(stream, Stream) else None
        if not isinstance(stream, Stream) or group is None:
            entries = stream_entries(world).get(name, ())
            states.append(GroupState(name, group_name, (), tuple(raw_id for raw_id, _ in entries), None))
            continue
        unread = [text_of(i) for i, _ in stream.range(stream.first_id, stream.last_id) if i > group.last_id]
        pending = [(text_of(i), row.consumer.name, row.count) for i, row in group.pending.items()]
        checkpoint = database.values.get(checkpoint_key(name, group_name).encode())
        watermark = checkpoint.fields.get(b"id") if isinstance(checkpoint, Hash) else None
        states.append(GroupState(name, group_name, pending, unread, watermark))
    return states


def stream_entries(world: World) -> dict[str, Sequence[tuple[bytes, tuple[bytes, ...]]]]:
    """Every stream of the primary with its entries."""
    return {
        key.decode(): tuple(
            (text_of(entry_id), tuple(fields)) for entry_id, fields in value.range(value.first_id, value.last_id)
        )
        for key, value in world.primary.engine.databases[0].values.items()
        if isinstance(value, Stream)
    }
