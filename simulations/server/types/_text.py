"""What a string is: bytes; and how OBJECT ENCODING calls the way in which a real server keeps them.

A number is kept as such ("int") where a command was given it as a value. What was changed in place is "raw" from then
on. The two classes here remember that; for everything else they are bytes.
"""

from __future__ import annotations

from typing import Final

from .._command import Call
from .._errors import WRONG_TYPE, CommandError
from .._keyspace import Value
from .._profile import Profile
from ..administration._configuration import Configuration
from ._packed import whole_number

EMBEDDED_MAX: Final = 44
"""The longest string that is kept together with its header."""


class ChangedText(bytes):
    """A string that was changed in place, as by APPEND or SETBIT."""


class ComputedText(bytes):
    """The result of a command such as INCRBYFLOAT: no number for the server, though it may look like one."""


def text_at(call: Call, key: bytes) -> bytes | None:
    """The string that a key holds.

    Raises:
        CommandError: WRONGTYPE, it is none.
    """
    value = call.database.get(key)
    if value is None or type(value) is bytes:
        return value
    if not isinstance(value, bytes):
        raise CommandError(WRONG_TYPE)
    return bytes(value)


def put_text(call: Call, key: bytes, text: bytes, event: str) -> None:
    """Have a key hold another string, for as long as it held the one before, and tell an event."""
    call.database.put(key, text, keep_expiry=True)
    call.notify("$", event, key)


def check_length(call: Call, length: int) -> None:
    """Refuse what gets too long.

    Raises:
        CommandError: it does.
    """
    if length > call.engine.configuration.number("proto-max-bulk-len"):
        most = "proto-max-bulk-len" if call.profile.since(6, 0) else "512MB"
        raise CommandError(f"ERR string exceeds maximum allowed size ({most})")


def encoding_of(value: Value, profile: Profile, configuration: Configuration) -> str:
    """What OBJECT ENCODING says of any value."""
    if not isinstance(value, bytes):
        return value.encoding(profile, configuration)
    if isinstance(value, ChangedText):
        return "raw"
    if type(value) is bytes and whole_number(value) is not None:
        return "int"
    return "embstr" if len(value) <= EMBEDDED_MAX else "raw"
