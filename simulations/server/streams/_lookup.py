"""Finding groups and consumers, and what is said where there is none."""

from __future__ import annotations

from .._command import Call
from .._errors import WRONG_TYPE, CommandError
from ._stream import Consumer, Group, Stream
from ._telling import tell_silent_consumer


def shown(word: bytes) -> bytes:
    """A word as it is shown inside an error: up to its first zero byte, as C prints it."""
    return word.partition(b"\0")[0]


def find_group(call: Call, key: bytes, name: bytes, *, where: str = "") -> tuple[Stream, Group]:
    """The group that a command needs.

    Args:
        call: the command.
        key: of the stream.
        name: of the group.
        where: the end of the error's text.

    Raises:
        CommandError: NOGROUP, there is no such stream or group; WRONGTYPE, it is no stream.
    """
    value = call.database.get(key)
    if isinstance(value, Stream):
        group = value.groups.get(name)
        if group is not None:
            return value, group
    elif value is not None:
        raise CommandError(WRONG_TYPE)
    raise CommandError(b"NOGROUP No such key '%b' or consumer group '%b'%b" % (shown(key), shown(name), where.encode()))


def no_such_group(key: bytes, name: bytes) -> CommandError:
    """What XGROUP and XINFO say where the stream is there and the group is not."""
    return CommandError(b"NOGROUP No such consumer group '%b' for key name '%b'" % (shown(name), shown(key)))


def join_group(call: Call, key: bytes, group: Group, name: bytes) -> Consumer:
    """The consumer of this name, made now if there is none; either way it has been seen.

    Before 7.2 nobody calls this for a consumer that gets nothing.
    """
    consumer = group.consumers.get(name)
    if consumer is None:
        consumer = create_consumer(call, key, group, name)
        tell_silent_consumer(call, key, name)
    else:
        consumer.seen_ms = call.engine.now_us // 1000
    return consumer


def create_consumer(call: Call, key: bytes, group: Group, name: bytes) -> Consumer:
    """A new member of a group."""
    consumer = group.consumers[name] = Consumer(name, seen_ms=call.now_ms)
    note_change(call)
    if call.profile.since(7, 0):
        call.notify("t", "xgroup-createconsumer", key)
    return consumer


def note_change(call: Call) -> None:
    """Something of a group was changed: that goes to the journal, but transactions that watch the stream go on."""
    call.engine.dirty += 1
