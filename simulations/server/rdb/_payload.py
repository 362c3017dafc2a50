"""What DUMP answers and RESTORE takes: a value, or libraries of functions, the version of the format, a checksum."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from .._errors import CommandError
from .._keyspace import Value
from ._checksum import checksum
from ._kinds import Format, rdb_version
from ._reading import BadFormat, Reader
from ._values import kind_written, write_value
from ._values_read import read_value
from ._writing import Writer

WRONG: Final = "ERR DUMP payload version or checksum are wrong"
BAD_DATA: Final = "ERR Bad data format"
FOOTER: Final = 10
LIBRARY: Final = 245


def dumped(value: Value, how: Format) -> bytes:
    """A value as a payload."""
    out = Writer(compresses=how.configuration["rdbcompression"] == "yes")
    out.byte(kind_written(value, how))
    write_value(out, value, how)
    return _sealed(out, how)


def restored(payload: bytes, how: Format) -> Value:
    """The value of a payload.

    Raises:
        CommandError: it is damaged, or comes from a later version.
    """
    data = _unsealed(payload, how)
    try:
        return read_value(data, data.byte(), how)
    except BadFormat as error:
        raise CommandError(BAD_DATA) from error


def dumped_libraries(codes: Sequence[bytes], how: Format) -> bytes:
    """The libraries of functions as a payload."""
    out = Writer(compresses=how.configuration["rdbcompression"] == "yes")
    for code in codes:
        out.byte(LIBRARY)
        out.string(code)
    return _sealed(out, how)


def restored_libraries(payload: bytes, how: Format) -> Iterator[bytes]:
    """The libraries in a payload.

    Raises:
        CommandError: it is damaged, comes from a later version, or holds something else.
    """
    data = _unsealed(payload, how)
    try:
        while data.at < len(data.data):
            if data.byte() != LIBRARY:
                raise CommandError("ERR given type is not a function")
            yield data.string()
    except BadFormat as error:
        raise CommandError(BAD_DATA) from error


def _sealed(out: Writer, how: Format) -> bytes:
    out.raw(rdb_version(how.profile).to_bytes(2, "little"))
    body = bytes(out.data)
    return body + checksum(body).to_bytes(8, "little")


def _unsealed(payload: bytes, how: Format) -> Reader:
    if len(payload) < FOOTER:
        raise CommandError(WRONG)
    told, crc = int.from_bytes(payload[-10:-8], "little"), int.from_bytes(payload[-8:], "little")
    unchecked = not how.checks_sums or (crc == 0 and how.profile.since(8, 6))
    if told > how.version or not (unchecked or checksum(payload[:-8]) == crc):
        raise CommandError(WRONG)
    return Reader(payload[:-FOOTER])
