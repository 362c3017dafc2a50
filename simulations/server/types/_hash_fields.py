"""Looking at fields of a hash: one that has expired goes when somebody looks at it."""

from __future__ import annotations

from collections.abc import Sequence

from .._command import Call
from ._changes import changed
from ._hash import Hash


def hash_at(call: Call, key: bytes) -> Hash | None:
    """The hash of a key.

    Raises:
        CommandError: WRONGTYPE, it is none.
    """
    return call.database.get_as(Hash, key)


def hash_for_writing(call: Call, key: bytes, names: Sequence[bytes] = ()) -> Hash:
    """The hash of a key, or one that is not stored yet; without those of these fields that have expired."""
    held = hash_at(call, key)
    if held is None or (names and held.expires and drop_expired(call, key, held, names) and not held.fields):
        return Hash()
    return held


def stored(call: Call, key: bytes, held: Hash, event: str) -> None:
    """Something was put into a hash."""
    changed(call, key, held)
    call.notify("h", event, key)


def values_of(call: Call, key: bytes, names: Sequence[bytes]) -> list[bytes | None]:
    """The values of fields; those that have expired go by this."""
    held = hash_at(call, key)
    if held is None:
        return [None] * len(names)
    if held.expires:
        drop_expired(call, key, held, names)
    return [held.fields.get(name) for name in names]


def drop_expired(call: Call, key: bytes, held: Hash, names: Sequence[bytes]) -> bool:
    """Remove those of these fields that have expired; returns whether there were any.

    The key goes with the last field.
    """
    now_ms = call.now_ms
    gone = [name for name in names if name in held.fields and not held.is_live(name, now_ms)]
    if not gone:
        return False
    call.database.drop_fields(key, held, gone)
    return True
