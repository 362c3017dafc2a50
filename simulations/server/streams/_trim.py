"""How a stream is cut, to a length or up to an id: XTRIM, and what XADD is told of it.

A whole node of entries goes at once. ``~`` leaves it at that, unless pending entries are to be looked at: then one
entry after the other is judged.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from attrs import define

from .._command import Call, Command, integer
from .._errors import CommandError, syntax_error
from .._reply import Reply
from ._ids import Id, parse_id
from ._references import References, delete_entry, references_named
from ._stream import Node, Stream

LIMIT_MAX: Final = 1_000_000


@define
class Trim:
    """How a stream is to be cut: to a length, or up to an id."""

    length: int | None = None
    least_id: Id | None = None
    approximate: bool = False
    limit: int | None = None
    references: References | None = None

    @property
    def given(self) -> bool:
        return self.length is not None or self.least_id is not None

    def is_done(self, stream: Stream, entry_id: Id) -> bool:
        """Whether this entry, the oldest that was not looked at yet, and those behind it stay."""
        if self.length is not None:
            return stream.length <= self.length
        return self.least_id is None or entry_id >= self.least_id

    def covers(self, stream: Stream, node: Node) -> bool:
        """Whether all entries of a node are to go."""
        if self.length is not None:
            return stream.length - node.live >= self.length
        return self.least_id is not None and node.ids[-1] < self.least_id


def strategies(call: Call) -> tuple[bytes, ...]:
    """The options that say how to trim, in this version."""
    return (b"MAXLEN", b"MINID") if call.profile.since(6, 2) else (b"MAXLEN",)


def parse_threshold(call: Call, trim: Trim, option: bytes, position: int) -> int:
    """Take MAXLEN or MINID with what belongs to it; returns where it goes on."""
    words = call.words
    if trim.given and call.profile.since(6, 2):
        raise CommandError("ERR syntax error, MAXLEN and MINID options at the same time are not compatible")
    trim.approximate = False
    if len(words) - 1 - position >= 2 and words[position + 1] in (b"~", b"="):
        trim.approximate = words[position + 1] == b"~"
        position += 1
    value = words[position + 1]
    if option == b"MAXLEN":
        trim.length = integer(value)
        if trim.length < 0:
            raise CommandError("ERR The MAXLEN argument must be >= 0.")
    else:
        trim.least_id = parse_id(value)
    return position + 2


def parse_limit(call: Call, trim: Trim, position: int) -> int:
    """Take LIMIT; returns where it goes on."""
    trim.limit = integer(call.words[position + 1])
    if trim.limit < 0:
        raise CommandError("ERR The LIMIT argument must be >= 0.")
    return position + 2


def check_trim(call: Call, trim: Trim, *, needed: bool = False) -> None:
    """Refuse what does not go together, and fill in the limit.

    Raises:
        CommandError: with the reason.
    """
    if trim.limit and not trim.given:
        raise CommandError("ERR syntax error, LIMIT cannot be used without specifying a trimming strategy")
    if needed and not trim.given:
        raise CommandError("ERR syntax error, XTRIM must be called with a trimming strategy")
    if not call.profile.since(6, 2):
        return
    if trim.limit is not None:
        # What a primary or a file says was about so much when it was said first.
        if not trim.approximate and not call.session.is_primary and not call.engine.is_loading:
            raise CommandError("ERR syntax error, LIMIT cannot be used without the special ~ option")
    elif trim.approximate:
        most = 100 * call.engine.configuration.number("stream-node-max-entries")
        trim.limit = min(most if most > 0 else 10_000, LIMIT_MAX)


def cut(call: Call, stream: Stream, trim: Trim) -> int:
    """Remove the oldest entries as far as the options say; returns how many."""
    references = trim.references or References.KEEP
    whole = references is References.KEEP
    removed = _cut_nodes(stream, trim) if whole else _cut_entries(stream, trim, references)
    if whole and not trim.approximate:
        removed += _cut_first_node(stream, trim)
    if removed:
        call.touch(call.words[1])
    return removed


def _cut_nodes(stream: Stream, trim: Trim) -> int:
    """Remove whole nodes."""
    removed, limit = 0, trim.limit or 0
    while stream.nodes:
        node = stream.nodes[0]
        if not trim.covers(stream, node) or (trim.approximate and limit and removed + node.live > limit):
            break
        removed += stream.remove_first_node()
    return removed


def _cut_first_node(stream: Stream, trim: Trim) -> int:
    """Remove entries of the one node that stays in part."""
    before = stream.length
    for entry_id in stream.live_ids(stream.nodes[0]) if stream.nodes else ():
        if trim.is_done(stream, entry_id):
            break
        stream.remove(entry_id)
    return before - stream.length


def _cut_entries(stream: Stream, trim: Trim, references: References) -> int:
    """Judge entry by entry; the limit counts by nodes all the same."""
    before, limit = stream.length, trim.limit or 0
    for node in list(stream.nodes):
        if trim.length is not None and stream.length <= trim.length:
            break
        removed = before - stream.length
        if trim.covers(stream, node) and trim.approximate and limit and removed + node.live > limit:
            break
        for entry_id in stream.live_ids(node):
            if trim.is_done(stream, entry_id):
                return before - stream.length
            delete_entry(stream, entry_id, references)
    return before - stream.length


def xtrim(call: Call) -> Reply:
    """XTRIM key MAXLEN|MINID [=|~] threshold [LIMIT n]."""
    if not call.profile.since(6, 2):
        return _xtrim_before_6_2(call)
    trim = _trim_options(call)
    check_trim(call, trim, needed=True)
    stream = call.database.get_as(Stream, call.words[1])
    return 0 if stream is None else _trimmed(call, stream, trim)


def _xtrim_before_6_2(call: Call) -> Reply:
    """The key is looked at first."""
    stream = call.database.get_as(Stream, call.words[1])
    if stream is None:
        return 0
    trim = _trim_options(call)
    if not trim.given:
        raise CommandError("ERR XTRIM called without an option to trim the stream")
    return _trimmed(call, stream, trim)


def _trim_options(call: Call) -> Trim:
    trim, position, words = Trim(), 2, call.words
    while position < len(words):
        option, more = words[position].upper(), len(words) - 1 - position
        if option in strategies(call) and more:
            position = parse_threshold(call, trim, option, position)
        elif option == b"LIMIT" and more and call.profile.since(6, 2):
            position = parse_limit(call, trim, position)
        elif trim.references is None and (named := references_named(call.profile, words[position])) is not None:
            trim.references = named
            position += 1
        else:
            raise syntax_error()
    return trim


def _trimmed(call: Call, stream: Stream, trim: Trim) -> int:
    removed = cut(call, stream, trim)
    if removed:
        call.notify("t", "xtrim", call.words[1])
    return removed


TRIM_COMMANDS: Final[Sequence[Command]] = (
    Command("xtrim", xtrim, -2, "write", (1, 1, 1), since=(5, 0), group="stream"),
    Command("xtrim", xtrim, -4, "write", (1, 1, 1), since=(6, 2), group="stream"),
)
