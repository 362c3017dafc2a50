"""What every command does that changes a value in place: say so, and remove the key when nothing is left."""

from __future__ import annotations

from collections.abc import Sized

from .._command import Call
from .._keyspace import Holder


def changed(call: Call, key: bytes, held: Holder) -> None:
    """A value was made, or changed in place."""
    if call.database.values.get(key) is held:
        call.touch(key)
    else:
        call.database.put(key, held)


def removed_from(call: Call, key: bytes, left: Sized) -> None:
    """Something was taken out of a value; what is left of it may be nothing."""
    if left:
        call.touch(key)
    else:
        call.database.delete(key)
        call.notify("g", "del", key)


def overwrite(call: Call, key: bytes, made: Holder | None, event_class: str, event: str) -> None:
    """A result takes the place of whatever the key holds; where there is none the key goes."""
    if made is not None:
        call.database.put(key, made, overwrites=True)
        call.notify(event_class, event, key)
    elif call.database.delete(key):
        call.notify("g", "del", key)
