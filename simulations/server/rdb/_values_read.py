"""Values of all kinds, read as a version of the server does, from what it or an earlier one wrote."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from .._keyspace import Value
from ..types._hash import Hash
from ..types._list import List
from ..types._numbers import parse_double
from ..types._set import Set
from ..types._sorted_set import SortedSet
from ._kinds import Format, Kind
from ._listpack import unpacked
from ._reading import BadFormat, Reader
from ._streams_read import read_stream
from ._values import PACKED, PLAIN
from ._ziplist import of_intset, of_zipmap, unzipped

Unpack = Callable[[bytes], list[bytes]]
PAIR, TRIPLE = 2, 3


class EmptyValue(BadFormat):
    """The value holds nothing, which no key does; files may have such, of versions with bugs."""


def read_value(data: Reader, kind: int, how: Format) -> Value:
    """Read what a value holds.

    Raises:
        BadFormat: it is no value of this kind, or the version does not know the kind.
        EmptyValue: there is nothing in it.
    """
    if not how.knows(kind):
        raise BadFormat(f"no kind of value has the number {kind}")
    try:
        return _READ[Kind(kind)](data, how)
    except (IndexError, ValueError, struct.error) as error:
        raise BadFormat(f"what is packed is damaged: {error}") from error


def _string(data: Reader, _how: Format) -> Value:
    return data.string()


def _strings(data: Reader, of_each: int = 1) -> list[bytes]:
    return [data.string() for _ in range(_count(data) * of_each)]


def _count(data: Reader) -> int:
    count = data.length()
    if not count:
        raise EmptyValue("nothing in it")
    if count > len(data.data):
        raise BadFormat(f"{count} elements in {len(data.data)} bytes")
    return count


# Lists


def _list(data: Reader, how: Format) -> Value:
    return List.of(_strings(data), how.limits)


def _list_of(unpack: Unpack) -> Callable[[Reader, Format], Value]:
    def read(data: Reader, how: Format) -> Value:
        return List.of(_some(unpack(data.string())), how.limits)

    return read


def _list_of_ziplists(data: Reader, how: Format) -> Value:
    return List.of(_some([item for node in _strings(data) for item in unzipped(node)]), how.limits)


def _list_of_listpacks(data: Reader, how: Format) -> Value:
    items: list[bytes] = []
    for _ in range(_count(data)):
        container, node = data.length(), data.string()
        if container not in {PLAIN, PACKED}:
            raise BadFormat(f"{container} is no kind of node")
        items += [node] if container == PLAIN else unpacked(node)
    return List.of(_some(items), how.limits)


def _some(items: list[bytes], of_each: int = 1) -> list[bytes]:
    """What was packed, if it is anything and whole.

    Raises:
        EmptyValue, BadFormat: it is not.
    """
    if not items:
        raise EmptyValue("nothing in it")
    if len(items) % of_each:
        raise BadFormat("a part of an element is missing")
    return items


# Sets


def _set(data: Reader, how: Format) -> Value:
    members = _unlike(_strings(data))
    if len(members) <= how.limits.intset_entries:
        return Set.of(members, how.limits)
    return _set_in("hashtable", members)


def _set_in(encoding: str, members: Sequence[bytes]) -> Set:
    made = Set(encoding)
    made.members = dict.fromkeys(members)
    return made


def _set_intset(data: Reader, how: Format) -> Value:
    members = of_intset(data.string())
    return _set_in("intset" if len(members) <= how.limits.intset_entries else "hashtable", members)


def _set_listpack(data: Reader, how: Format) -> Value:
    members, limits = _unlike(_some(unpacked(data.string()))), how.limits
    small = len(members) <= limits.set_entries and max(map(len, members)) <= limits.set_value
    return _set_in("listpack" if small else "hashtable", members)


def _unlike(names: list[bytes]) -> list[bytes]:
    """Names of which none is there twice.

    Raises:
        BadFormat: one is.
    """
    if len(set(names)) != len(names):
        raise BadFormat("an element is there twice")
    return names


# Sorted sets


def _sorted_set(data: Reader, how: Format) -> Value:
    return _of_rows([(data.string(), data.double()) for _ in range(_count(data))], how)


def _sorted_set_of_text(data: Reader, how: Format) -> Value:
    return _of_rows([(data.string(), data.double_as_text()) for _ in range(_count(data))], how)


def _sorted_set_of(unpack: Unpack) -> Callable[[Reader, Format], Value]:
    def read(data: Reader, how: Format) -> Value:
        words = _some(unpack(data.string()), PAIR)
        rows: list[tuple[bytes, float]] = []
        for member, text in zip(words[::2], words[1::2], strict=True):
            score = parse_double(text)
            if score is None:
                raise BadFormat(f"{text!r} is no score")
            rows.append((member, score))
        return _of_rows(rows, how)

    return read


def _of_rows(rows: list[tuple[bytes, float]], how: Format) -> Value:
    _unlike([member for member, _ in rows])
    if any(math.isnan(score) for _, score in rows):
        raise BadFormat("a score is no number")
    return SortedSet.of(rows, how.limits)


# Hashes


def _hash(data: Reader, how: Format) -> Value:
    return _of_fields(_strings(data, PAIR), how)


def _hash_of(unpack: Unpack) -> Callable[[Reader, Format], Value]:
    def read(data: Reader, how: Format) -> Value:
        return _of_fields(_some(unpack(data.string()), PAIR), how)

    return read


def _of_fields(words: list[bytes], how: Format) -> Value:
    _unlike(words[::2])
    return Hash.of(zip(words[::2], words[1::2], strict=True), how.limits)


def _hash_expiring(*, with_soonest: bool) -> Callable[[Reader, Format], Value]:
    def read(data: Reader, how: Format) -> Value:
        soonest = data.moment() if with_soonest else 1
        rows = [(data.number(), data.string(), data.string()) for _ in range(_count(data))]
        return _of_expiring([(name, held, after and soonest + after - 1) for after, name, held in rows], how)

    return read


def _hash_listpack_expiring(*, with_soonest: bool) -> Callable[[Reader, Format], Value]:
    def read(data: Reader, how: Format) -> Value:
        if with_soonest:
            data.moment()
        words = _some(unpacked(data.string()), TRIPLE)
        return _of_expiring(
            [(words[at], words[at + 1], int(words[at + 2])) for at in range(0, len(words), TRIPLE)], how
        )

    return read


def _of_expiring(rows: list[tuple[bytes, bytes, int]], how: Format) -> Value:
    _unlike([name for name, _, _ in rows])
    made = Hash.of([(name, held) for name, held, _ in rows], how.limits)
    made.knew_expiry = True
    for name, _, at_ms in rows:
        if at_ms:
            made.expire_at(name, at_ms)
    return made


_READ: Final[Mapping[Kind, Callable[[Reader, Format], Value]]] = {
    Kind.STRING: _string,
    Kind.LIST: _list,
    Kind.LIST_ZIPLIST: _list_of(unzipped),
    Kind.LIST_OF_ZIPLISTS: _list_of_ziplists,
    Kind.LIST_OF_LISTPACKS: _list_of_listpacks,
    Kind.SET: _set,
    Kind.SET_INTSET: _set_intset,
    Kind.SET_LISTPACK: _set_listpack,
    Kind.SORTED_SET_OF_TEXT: _sorted_set_of_text,
    Kind.SORTED_SET: _sorted_set,
    Kind.SORTED_SET_ZIPLIST: _sorted_set_of(unzipped),
    Kind.SORTED_SET_LISTPACK: _sorted_set_of(unpacked),
    Kind.HASH: _hash,
    Kind.HASH_ZIPMAP: _hash_of(of_zipmap),
    Kind.HASH_ZIPLIST: _hash_of(unzipped),
    Kind.HASH_LISTPACK: _hash_of(unpacked),
    Kind.HASH_EXPIRING_OLD: _hash_expiring(with_soonest=False),
    Kind.HASH_EXPIRING: _hash_expiring(with_soonest=True),
    Kind.HASH_LISTPACK_EXPIRING_OLD: _hash_listpack_expiring(with_soonest=False),
    Kind.HASH_LISTPACK_EXPIRING: _hash_listpack_expiring(with_soonest=True),
    Kind.STREAM: lambda data, how: read_stream(data, Kind.STREAM, how),
    Kind.STREAM_2: lambda data, how: read_stream(data, Kind.STREAM_2, how),
    Kind.STREAM_3: lambda data, how: read_stream(data, Kind.STREAM_3, how),
    Kind.STREAM_4: lambda data, how: read_stream(data, Kind.STREAM_4, how),
}
