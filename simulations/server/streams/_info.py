"""XINFO: what a stream, its groups and their consumers are like."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from .._command import Call, Command, integer
from .._errors import NO_SUCH_KEY, CommandError
from .._reply import Pairs, Reply
from ._groups import subcommand_error
from ._help import xinfo_help_text
from ._idempotence import facts_of
from ._ids import MAX_ID, MIN_ID, text_of
from ._info_full import entry_of, stream_in_full
from ._lag import lag_of
from ._lookup import no_such_group
from ._radix import count_radix_nodes
from ._stream import Consumer, Group, Stream

FULL_COUNT: Final = 10
"""XINFO STREAM FULL shows so many entries and pending entries by default."""


def xinfo_stream(call: Call) -> Reply:
    """XINFO STREAM key [FULL [COUNT n]]."""
    stream = _stream(call)
    count = _parse_full(call)
    head = list(_head(call, stream))
    if count is not None:
        return Pairs([*head, *stream_in_full(call, stream, count)])
    first = next(stream.range(MIN_ID, MAX_ID), None)
    last = next(stream.range_backwards(MIN_ID, MAX_ID), None)
    groups: tuple[Reply, Reply] = (b"groups", len(stream.groups))
    if call.profile.since(6, 0):
        head.append(groups)
    else:
        head.insert(-1, groups)
    return Pairs(
        [
            *head,
            (b"first-entry", entry_of(*first) if first else None),
            (b"last-entry", entry_of(*last) if last else None),
        ]
    )


def xinfo_groups(call: Call) -> Reply:
    """XINFO GROUPS key."""
    stream = _stream(call)
    return [Pairs(_group_pairs(call, stream, name, group)) for name, group in stream.groups.items()]


def xinfo_consumers(call: Call) -> Reply:
    """XINFO CONSUMERS key group."""
    stream = _stream(call)
    group = stream.groups.get(call.words[3])
    if group is None:
        raise no_such_group(call.words[2], call.words[3])
    return [Pairs(_consumer_pairs(call, consumer)) for consumer in group.consumers.values()]


def xinfo_help(call: Call) -> Reply:
    """XINFO HELP."""
    return xinfo_help_text(call.profile)


def xinfo_before_7(call: Call) -> Reply:
    """XINFO as one command, which looks for the key before it looks at the subcommand's name."""
    words = call.words
    name = words[1].upper()
    newer = call.profile.since(6, 2)
    if name == b"HELP":
        return xinfo_help(call)
    if len(words) < 3:
        raise subcommand_error(call, "XINFO") if newer else CommandError("ERR syntax error, try 'XINFO HELP'")
    _stream(call)
    if name == b"CONSUMERS" and len(words) == 4:
        return xinfo_consumers(call)
    if name == b"GROUPS" and len(words) == 3:
        return xinfo_groups(call)
    if name == b"STREAM" and (len(words) == 3 or call.profile.since(6, 0)):
        return xinfo_stream(call)
    raise subcommand_error(call, "XINFO")


def _stream(call: Call) -> Stream:
    stream = call.database.get_as(Stream, call.words[2])
    if stream is None:
        raise CommandError(NO_SUCH_KEY)
    return stream


def _parse_full(call: Call) -> int | None:
    """How many of each FULL shows, 0: all; None: it was not asked for."""
    options = call.words[3:]
    if not options:
        return None
    names = [word.upper() for word in options[:2]]
    if (len(options), names) not in ((1, [b"FULL"]), (3, [b"FULL", b"COUNT"])):
        raise subcommand_error(call, "XINFO")
    count = integer(options[2]) if len(options) == 3 else FULL_COUNT
    return count if count >= 0 else FULL_COUNT


def _head(call: Call, stream: Stream) -> Iterator[tuple[Reply, Reply]]:
    starts = [node.ids[0] for node in stream.nodes]
    yield b"length", stream.length
    yield b"radix-tree-keys", len(starts)
    yield b"radix-tree-nodes", count_radix_nodes(starts)
    yield b"last-generated-id", text_of(stream.last_id)
    if call.profile.since(7, 0):
        yield b"max-deleted-entry-id", text_of(stream.max_deleted_id)
        yield b"entries-added", stream.entries_added
        yield b"recorded-first-entry-id", text_of(stream.first_id)
    if call.profile.since(8, 6):
        yield from facts_of(call, stream)


def _group_pairs(call: Call, stream: Stream, name: bytes, group: Group) -> list[tuple[Reply, Reply]]:
    pairs: list[tuple[Reply, Reply]] = [
        (b"name", name),
        (b"consumers", len(group.consumers)),
        (b"pending", len(group.pending)),
        (b"last-delivered-id", text_of(group.last_id)),
    ]
    if call.profile.since(7, 0):
        pairs.append((b"entries-read", group.entries_read))
        pairs.append((b"lag", lag_of(call.profile, stream, group)))
    return pairs


def _consumer_pairs(call: Call, consumer: Consumer) -> list[tuple[Reply, Reply]]:
    pairs: list[tuple[Reply, Reply]] = [
        (b"name", consumer.name),
        (b"pending", len(consumer.pending)),
        (b"idle", max(0, call.now_ms - consumer.seen_ms)),
    ]
    if call.profile.since(7, 2):
        inactive_ms = -1 if consumer.active_ms == -1 else max(0, call.now_ms - consumer.active_ms)
        pairs.append((b"inactive", inactive_ms))
    return pairs


_KEY: Final = (2, 2, 1)

INFO_COMMANDS: Final = (
    Command("xinfo", xinfo_before_7, -2, "readonly", _KEY, since=(5, 0), group="stream"),
    Command(
        "xinfo",
        None,
        -2,
        since=(7, 0),
        group="stream",
        subcommands=(
            Command("stream", xinfo_stream, -3, "readonly", _KEY, since=(5, 0), group="stream"),
            Command("groups", xinfo_groups, 3, "readonly", _KEY, since=(5, 0), group="stream"),
            Command("consumers", xinfo_consumers, 4, "readonly", _KEY, since=(5, 0), group="stream"),
            Command("help", xinfo_help, 2, "loading stale", since=(5, 0), group="stream"),
        ),
    ),
)
