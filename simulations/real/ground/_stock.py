"""What the server has, asked by commands: what waits to be handled, and at the end everything."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import cast

from ....actors import checkpoint_key
from ....wire import Client
from ...history import GroupState
from ...plan import Plan

Rows = Sequence[tuple[bytes, tuple[bytes, ...]]]


async def group_states(client: Client, groups: Iterable[tuple[str, str]]) -> Sequence[GroupState]:
    """These groups as the server has them."""
    return [await _group_state(client, stream, group) for stream, group in groups]


async def _group_state(client: Client, stream: str, group: str) -> GroupState:
    rows = await _entries(client, stream, "-")
    infos = await client.xinfo_groups(stream) if await client.call("EXISTS", stream) else ()
    known = {info.name: info for info in infos}
    if group not in known:
        return GroupState(stream, group, (), [raw_id for raw_id, _ in rows], None)
    pending = cast("list[list[bytes]]", await client.call("XPENDING", stream, group, "-", "+", "1000000"))
    unread = await _entries(client, stream, f"({known[group].last_delivered_id}")
    mark = cast("bytes | None", await client.call("HGET", checkpoint_key(stream, group), "id"))
    held = [(row[0], row[1], int(row[3])) for row in pending]
    return GroupState(stream, group, held, [raw_id for raw_id, _ in unread], mark)


async def unsettled(client: Client, plan: Plan, groups: Iterable[tuple[str, str]]) -> Sequence[str]:
    """What still waits to be handled, in words; nothing if all is settled but for events that always fail."""
    states = await group_states(client, groups)
    poison = await _poison(client, plan, {state.stream for state in states if state.pending})
    return [
        f"{state.stream}/{state.group}: {len(state.pending)} pending, {len(state.unread)} unread"
        for state in states
        if state.unread or any(raw_id not in poison for raw_id, _, _ in state.pending)
    ]


async def _poison(client: Client, plan: Plan, streams: Iterable[str]) -> frozenset[bytes]:
    """The ids of entries whose handlers always fail: those stay pending for ever."""
    planned = {f"event-{number}".encode() for number, event in enumerate(plan.events) if event.fails < 0}
    if not planned:
        return frozenset()
    return frozenset(
        [
            raw_id
            for stream in sorted(streams)
            for raw_id, fields in await _entries(client, stream, "-")
            if planned.intersection(fields)
        ]
    )


async def stream_entries(client: Client) -> dict[str, Rows]:
    """Every stream of the server with its entries."""
    keys = cast("list[bytes]", await client.call("KEYS", "*"))
    return {
        key.decode(): await _entries(client, key.decode(), "-")
        for key in sorted(keys)
        if await client.call("TYPE", key) in (b"stream", "stream")
    }


async def _entries(client: Client, stream: str, start: str) -> Rows:
    found = cast("list[tuple[bytes, list[bytes]]]", await client.call("XRANGE", stream, start, "+"))
    return [(raw_id, tuple(fields)) for raw_id, fields in found]
