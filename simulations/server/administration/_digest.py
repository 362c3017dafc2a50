"""DEBUG DIGEST and DIGEST-VALUE: one number for all that is stored, to compare servers by.

Where order means something a part is mixed in: the digest is then that of all before, and of this. Where it means
nothing, as of the members of a set, parts are put on top of each other.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from typing import Final

from .._keyspace import Database
from .._profile import Profile
from ..streams._ids import MAX_ID, MIN_ID
from ..streams._stream import Stream
from ..types._hash import Hash
from ..types._list import List
from ..types._numbers import double_text
from ..types._set import Set
from ..types._sorted_set import SortedSet

EMPTY: Final = 0
_KINDS: Final = {List: 1, Set: 2, SortedSet: 3, Hash: 4, Stream: 6}
"""As they are numbered inside of servers; a string is 0."""


def digest_of_all(databases: Iterable[Database], profile: Profile) -> bytes:
    """Of everything there is, as text."""
    total = EMPTY
    for database in databases:
        if database.values:
            total = _mixed(total, [_number(database.index)])
        for key in database.values:
            total ^= _digest(_of_value(database, key, _mixed(EMPTY, [key]), profile))
    return b"%040x" % total


def digest_of_key(database: Database, key: bytes, profile: Profile) -> bytes:
    """Of what a key holds, also one that has expired; zeros where there is none."""
    return b"%040x" % (_of_value(database, key, EMPTY, profile) if key in database.values else EMPTY)


def _of_value(database: Database, key: bytes, digest: int, profile: Profile) -> int:
    value = database.values[key]
    digest = _mixed(digest, [_number(_KINDS.get(type(value), 0))])
    if isinstance(value, bytes):
        digest = _mixed(digest, [value])
    elif isinstance(value, List):
        digest = _mixed(digest, value.items)
    elif isinstance(value, Stream):
        digest = _mixed(digest, _of_entries(value))
    else:
        for part in _parts(value, profile):
            digest ^= part
    return digest ^ _sha1(b"!!expire!!") if key in database.expires else digest


def _parts(value: object, profile: Profile) -> Iterator[int]:
    """What is put on top of each other: the digests of members, or of fields with their values."""
    if isinstance(value, Set):
        yield from map(_sha1, value.members)
    elif isinstance(value, SortedSet):
        for member, score in value.scores.items():
            yield _digest(_mixed(EMPTY, [member, double_text(score, profile)]))
    elif isinstance(value, Hash):
        for field, text in value.fields.items():
            expires = _sha1(b"!!hexpire!!") if field in value.expires else 0
            yield _digest(_mixed(EMPTY, [field, text]) ^ expires)


def _of_entries(stream: Stream) -> Iterator[bytes]:
    for entry_id, fields in stream.range(MIN_ID, MAX_ID):
        yield b"%d.%d" % entry_id
        yield from fields


def _mixed(digest: int, parts: Iterable[bytes]) -> int:
    for part in parts:
        digest = _digest(digest ^ _sha1(part))
    return digest


def _digest(digest: int) -> int:
    """That of a digest."""
    return _sha1(digest.to_bytes(20, "big"))


def _sha1(data: bytes) -> int:
    return int.from_bytes(hashlib.sha1(data, usedforsecurity=False).digest(), "big")


def _number(number: int) -> bytes:
    return number.to_bytes(4, "big")
