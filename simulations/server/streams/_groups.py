"""XGROUP: consumer groups and their members are made, moved and removed.

Since 7.0 every subcommand is a command of its own; before, XGROUP is one command, which looks for the key and the
group before it looks at the subcommand's name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from .._command import Call, Command, integer
from .._errors import CommandError
from .._reply import OK, Reply
from ._help import xgroup_help_text
from ._ids import MIN_ID, Id, parse_bound, parse_id
from ._lookup import create_consumer, no_such_group, note_change
from ._stream import Group, Stream

KEY_NEEDED: Final = (
    "ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use the MKSTREAM option"
    " to create an empty stream automatically."
)
NEEDING_A_GROUP: Final = frozenset({"setid", "createconsumer", "delconsumer"})


def xgroup_create(call: Call) -> Reply:
    """XGROUP CREATE key group id|$ [MKSTREAM] [ENTRIESREAD n]."""
    make, entries_read = _options(call, may_make=True)
    return _create(call, make=make, entries_read=entries_read)


def xgroup_setid(call: Call) -> Reply:
    """XGROUP SETID key group id|$ [ENTRIESREAD n]."""
    _, entries_read = _options(call, may_make=False)
    return _set_id(call, entries_read)


def xgroup_destroy(call: Call) -> Reply:
    """XGROUP DESTROY key group: 1, or 0 where there is no such group."""
    key, name = call.words[2:4]
    stream = _stream(call)
    if stream.groups.pop(name, None) is None:
        return 0
    note_change(call)
    call.notify("t", "xgroup-destroy", key)
    if call.profile.since(6, 0):
        call.signal_ready(key)  # who waits for entries of this group is told
    return 1


def xgroup_createconsumer(call: Call) -> Reply:
    """XGROUP CREATECONSUMER key group consumer: 1, or 0 where it exists."""
    key, _, name = call.words[2:5]
    _, group = _group(call)
    if name in group.consumers:
        return 0
    create_consumer(call, key, group, name)
    if not call.profile.since(7, 0):
        call.notify("t", "xgroup-createconsumer", key)
    return 1


def xgroup_delconsumer(call: Call) -> Reply:
    """XGROUP DELCONSUMER key group consumer: how many entries it held, which nobody holds from now on."""
    key, _, name = call.words[2:5]
    _, group = _group(call)
    consumer = group.consumers.pop(name, None)
    if consumer is None and call.profile.since(7, 0):
        return 0
    note_change(call)
    call.notify("t", "xgroup-delconsumer", key)
    if consumer is None:
        return 0
    held = list(consumer.pending)
    for entry_id in held:
        group.release(entry_id)
    return len(held)


def xgroup_help(call: Call) -> Reply:
    """XGROUP HELP."""
    return xgroup_help_text(call.profile)


def xgroup_before_7(call: Call) -> Reply:
    """XGROUP as one command."""
    words = call.words
    name = words[1].decode("latin-1").lower()
    make = len(words) == 6 and name == "create"
    if make and words[5].upper() != b"MKSTREAM":
        raise _syntax_error(call)
    if len(words) >= 4:
        stream = call.database.get_as(Stream, words[2])
        if stream is None and not make:
            raise CommandError(KEY_NEEDED)
        newer = name == "createconsumer" and not call.profile.since(6, 2)
        if stream is not None and name in NEEDING_A_GROUP and not newer and words[3] not in stream.groups:
            raise no_such_group(words[2], words[3])
    subcommand = _SUBCOMMANDS_BEFORE_7.get((name, len(words)))
    if subcommand is None or (name == "createconsumer" and not call.profile.since(6, 2)):
        if name == "help" and not call.profile.since(6, 0):
            return xgroup_help(call)
        raise _syntax_error(call)
    return subcommand(call)


def _create(call: Call, *, make: bool, entries_read: int | None) -> Reply:
    key, name = call.words[2:4]
    stream = call.database.get_as(Stream, key)
    if stream is None and not make:
        raise CommandError(KEY_NEEDED)
    if len(call.words) > 8:  # each option once, whichever it was
        raise _syntax_error(call)
    last_id = _given_id(call, stream, strict=True)
    if stream is None:
        stream = Stream()
        if call.profile.since(6, 0):
            call.database.put(key, stream)
        else:  # 5.0 says nothing to those who watch the key.
            call.database.values[key] = stream
            call.engine.dirty += 1
    elif name in stream.groups:
        raise CommandError("BUSYGROUP Consumer Group name already exists")
    stream.groups[name] = Group(last_id, _capped(call, stream, entries_read))
    note_change(call)
    call.notify("t", "xgroup-create", key)
    return OK


def _set_id(call: Call, entries_read: int | None) -> Reply:
    stream, group = _group(call)
    if len(call.words) > 7:
        raise _syntax_error(call)
    group.last_id = _given_id(call, stream, strict=False)
    group.entries_read = _capped(call, stream, entries_read)
    note_change(call)
    call.notify("t", "xgroup-setid", call.words[2])
    return OK


def _stream(call: Call) -> Stream:
    stream = call.database.get_as(Stream, call.words[2])
    if stream is None:
        raise CommandError(KEY_NEEDED)
    return stream


def _group(call: Call) -> tuple[Stream, Group]:
    stream = _stream(call)
    group = stream.groups.get(call.words[3])
    if group is None:
        raise no_such_group(call.words[2], call.words[3])
    return stream, group


def _options(call: Call, *, may_make: bool) -> tuple[bool, int | None]:
    """MKSTREAM and ENTRIESREAD."""
    make, entries_read = False, None
    words = iter(call.words[5:])
    for word in words:
        option = word.upper()
        value = next(words, None) if option == b"ENTRIESREAD" else None
        if option == b"MKSTREAM" and may_make:
            make = True
        elif value is not None:
            number = integer(value)
            if number < -1:
                raise CommandError("ERR value for ENTRIESREAD must be positive or -1")
            entries_read = None if number == -1 else number
        else:
            raise _syntax_error(call)
    return make, entries_read


def _capped(call: Call, stream: Stream, entries_read: int | None) -> int | None:
    if entries_read is None or not call.profile.since(8, 6):
        return entries_read
    return min(entries_read, stream.entries_added)


def _given_id(call: Call, stream: Stream | None, *, strict: bool) -> Id:
    word = call.words[4]
    if word == b"$":
        return stream.last_id if stream is not None else MIN_ID
    return parse_id(word) if strict else parse_bound(word)


def _syntax_error(call: Call) -> CommandError:
    return subcommand_error(call, "XGROUP")


def subcommand_error(call: Call, container: str) -> CommandError:
    """A subcommand that has not got these words."""
    begin = b"unknown" if call.profile.since(7, 0) else b"Unknown"
    shown = call.words[1].partition(b"\0")[0][:128]
    return CommandError(
        b"ERR %b subcommand or wrong number of arguments for '%b'. Try %b HELP." % (begin, shown, container.encode())
    )


_SUBCOMMANDS_BEFORE_7: Final[Mapping[tuple[str, int], Callable[[Call], Reply]]] = {
    ("help", 2): xgroup_help,
    ("create", 5): lambda call: _create(call, make=False, entries_read=None),
    ("create", 6): lambda call: _create(call, make=True, entries_read=None),
    ("setid", 5): lambda call: _set_id(call, None),
    ("destroy", 4): xgroup_destroy,
    ("createconsumer", 5): xgroup_createconsumer,
    ("delconsumer", 5): xgroup_delconsumer,
}
"""By name and number of words."""

_KEY: Final = (2, 2, 1)

GROUP_COMMANDS: Final = (
    Command("xgroup", xgroup_before_7, -2, "write denyoom", _KEY, since=(5, 0), group="stream"),
    Command(
        "xgroup",
        None,
        -2,
        since=(7, 0),
        group="stream",
        subcommands=(
            Command("create", xgroup_create, -5, "write denyoom", _KEY, since=(5, 0), group="stream"),
            Command("setid", xgroup_setid, -5, "write", _KEY, since=(5, 0), group="stream"),
            Command("destroy", xgroup_destroy, 4, "write", _KEY, since=(5, 0), group="stream"),
            Command("createconsumer", xgroup_createconsumer, 5, "write denyoom", _KEY, since=(6, 2), group="stream"),
            Command("delconsumer", xgroup_delconsumer, 5, "write", _KEY, since=(5, 0), group="stream"),
            Command("help", xgroup_help, 2, "loading stale", since=(5, 0), group="stream"),
        ),
    ),
)
