"""Values of all kinds, written as a version of the server does."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from .._keyspace import Value
from ..streams._stream import Stream
from ..types._hash import Hash
from ..types._list import List
from ..types._numbers import double_text
from ..types._packed import size_in_pack
from ..types._set import Set
from ..types._sorted_set import SortedSet
from ._kinds import Format, Kind
from ._listpack import packed
from ._streams import write_stream
from ._writing import Writer
from ._ziplist import intset, size_expected, size_in_ziplist, zipped

PLAIN, PACKED = 1, 2
"""Nodes of a list: one element that is too large for a listpack, or a listpack."""
LARGE: Final = 1 << 30
ESTIMATED: Final = 8
"""What a real server takes an element to need beside its bytes, when it looks whether a node has room for it."""
WHOLE_BELOW: Final = 2.0**62
EMPTY_PACK: Final = 7
EMPTY_ZIPLIST: Final = 11


def write_value(out: Writer, value: Value, how: Format) -> None:
    """Write what a value holds."""
    if isinstance(value, bytes):
        out.string(value)
    elif isinstance(value, List):
        _list(out, value, how)
    elif isinstance(value, Set):
        _set(out, value, how)
    elif isinstance(value, SortedSet):
        _sorted_set(out, value, how)
    elif isinstance(value, Hash):
        _hash(out, value, how)
    elif isinstance(value, Stream):
        write_stream(out, value, how)


def kind_written(value: Value, how: Format) -> Kind:
    """What a value is written as."""
    if isinstance(value, bytes):
        return Kind.STRING
    if isinstance(value, List):
        return Kind.LIST_OF_LISTPACKS if how.has_listpacks else Kind.LIST_OF_ZIPLISTS
    if isinstance(value, Set):
        return {"intset": Kind.SET_INTSET, "listpack": Kind.SET_LISTPACK}.get(
            value.encoding(how.profile, how.configuration), Kind.SET
        )
    if isinstance(value, SortedSet):
        compact = Kind.SORTED_SET_LISTPACK if how.has_listpacks else Kind.SORTED_SET_ZIPLIST
        return compact if value.is_compact else Kind.SORTED_SET
    if isinstance(value, Hash):
        return _kind_of_hash(value, how)
    return how.stream_kind


def _kind_of_hash(value: Hash, how: Format) -> Kind:
    if not value.is_compact:
        return Kind.HASH_EXPIRING if value.expires else Kind.HASH
    if value.knew_expiry:
        return Kind.HASH_LISTPACK_EXPIRING
    return Kind.HASH_LISTPACK if how.has_listpacks else Kind.HASH_ZIPLIST


def _pack(how: Format) -> Callable[[Iterable[bytes]], bytes]:
    return packed if how.has_listpacks else zipped


def _list(out: Writer, value: List, how: Format) -> None:
    nodes = list(_nodes(value, how))
    out.length(len(nodes))
    for node in nodes:
        if how.has_listpacks:
            plain = isinstance(node, bytes)
            out.length(PLAIN if plain else PACKED)
        out.string(node if isinstance(node, bytes) else _pack(how)(node))


def _nodes(value: List, how: Format) -> Iterator[list[bytes] | bytes]:
    """The elements in nodes, as they would be if each had been added behind the others; large ones alone."""
    if value.encoding(how.profile, how.configuration) == "listpack":
        yield list(value.items)
        return
    if not how.has_listpacks:
        yield from _ziplists(value, how)
        return
    node: list[bytes] = []
    size = EMPTY_PACK
    for item in value.items:
        is_large = _is_large(item, how)
        if node and (is_large or how.limits.list_node_exceeds(size + len(item) + ESTIMATED, len(node) + 1)):
            yield node
            node, size = [], EMPTY_PACK
        if is_large:
            yield item
        else:
            node.append(item)
            size += size_in_pack(item)
    if node:
        yield node


def _ziplists(value: List, how: Format) -> Iterator[list[bytes]]:
    """The same before 7.0."""
    node: list[bytes] = []
    size, before = EMPTY_ZIPLIST, 0
    for item in value.items:
        if node and how.limits.list_node_exceeds(size + size_expected(item), len(node) + 1):
            yield node
            node, size, before = [], EMPTY_ZIPLIST, 0
        node.append(item)
        before = size_in_ziplist(item, before)
        size += before
    if node:
        yield node


def _is_large(item: bytes, how: Format) -> bool:
    if not how.profile.since(7, 2):
        return how.has_listpacks and len(item) >= LARGE
    return how.limits.list_node_exceeds(len(item), 1)


def _set(out: Writer, value: Set, how: Format) -> None:
    kind, members = kind_written(value, how), value.ordered()
    if kind is Kind.SET_INTSET:
        out.string(intset(members))
    elif kind is Kind.SET_LISTPACK:
        out.string(packed(members))
    else:
        out.length(len(members))
        for member in members:
            out.string(member)


def _sorted_set(out: Writer, value: SortedSet, how: Format) -> None:
    if value.is_compact:
        out.string(_pack(how)(word for score, member in value.rows for word in (member, _score(score, how))))
        return
    out.length(len(value.rows))
    for score, member in reversed(value.rows):
        out.string(member)
        out.double(score)


def _score(score: float, how: Format) -> bytes:
    """A score as it stands in a listpack: as a whole number if it is one, else as text."""
    if how.has_listpacks and abs(score) < WHOLE_BELOW and score.is_integer():
        return b"%d" % score
    return double_text(score, how.profile)


def _hash(out: Writer, value: Hash, how: Format) -> None:
    kind, soonest = _kind_of_hash(value, how), min(value.expires.values(), default=0)
    if kind in {Kind.HASH_LISTPACK_EXPIRING, Kind.HASH_EXPIRING}:
        out.moment(soonest)
    if kind is Kind.HASH_LISTPACK_EXPIRING:
        expires = value.expires
        out.string(
            packed(word for name, held in value.fields.items() for word in (name, held, b"%d" % expires.get(name, 0)))
        )
    elif value.is_compact:
        out.string(_pack(how)(word for pair in value.fields.items() for word in pair))
    else:
        out.length(len(value.fields))
        for name, held in value.fields.items():
            if kind is Kind.HASH_EXPIRING:
                at_ms = value.expires.get(name)
                out.length(0 if at_ms is None else at_ms - soonest + 1)
            out.string(name)
            out.string(held)
