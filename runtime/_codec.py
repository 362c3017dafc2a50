"""Between events and the fields of a stream entry: the wire format, and how to read what others wrote.

The format of this library is documented in ``docs/data-model.md``: five fields, values in UTF-8, payload and metadata
in JSON. Decoding happens after the entry's id is known, so what can't be decoded is dead-lettered with its id and
never blocks the stream.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple, Protocol, cast

import msgspec
from attrs import field, frozen

from ._errors import UndecodableEntry
from ._event import Json

EVENT_ID: Final = b"event_id"
EVENT_TYPE: Final = b"event_type"
PAYLOAD: Final = b"payload"
METADATA: Final = b"metadata"
TIMESTAMP: Final = b"timestamp"

_ORDER: Final = [EVENT_ID, EVENT_TYPE, TIMESTAMP, PAYLOAD]
"""The fields of an entry without metadata in the order in which they are written."""


class Content(NamedTuple):
    """What the fields of one entry say.

    Attributes:
        event_id: the event's own identity; empty where the writer gave it none.
        event_type: what kind of event this is.
        payload: JSON as Python has it.
        metadata: what was said about the event.
        timestamp_ms: milliseconds since 1970; 0 where the writer did not say, then the time in the entry's id is taken.
    """

    event_id: str
    event_type: str
    payload: object
    metadata: Mapping[str, Json]
    timestamp_ms: int


class Codec(Protocol):
    """Reads and writes the fields of stream entries. Pass your own to read what other programs write."""

    def encode(self, content: Content) -> Sequence[bytes]:
        """The fields to write, as a flat list of name, value, name, value, and so on: each of them bytes.

        Raises:
            TypeError: the payload holds something that can't be written.
        """
        ...

    def decode(self, fields: Sequence[bytes]) -> Content:
        """What the fields of an entry say: a flat list of name, value, name, value, and so on.

        Raises:
            UndecodableEntry: they can't be read; the entry goes to the dead-letter stream with this reason.
        """
        ...


def read(codec: Codec, fields: Sequence[bytes]) -> Content:
    """What the fields of an entry say, by this codec.

    Raises:
        UndecodableEntry: it can't read them, or what it makes of them is no content.
    """
    content = codec.decode(fields)
    if not isinstance(content, Content):
        raise UndecodableEntry(f"{type(codec).__name__}.decode returned {_kind(content)}, which is no Content")
    return content


def written(codec: Codec, content: Content) -> Sequence[bytes]:
    """The fields of an entry that says this, by this codec.

    They are looked at here, by who publishes: the actors that send them send those of others, too.

    Raises:
        TypeError: it can't write them, or one of them is not bytes.
    """
    fields = codec.encode(content)
    for word in fields:
        if not isinstance(word, bytes):
            raise TypeError(f"{type(codec).__name__}.encode returned {word!r} among its fields, and not bytes")
    return fields


class JsonCodec:
    """This library's own wire format: one field each for id, type, time, payload and metadata."""

    def __init__(self) -> None:
        self._encode = msgspec.json.Encoder().encode
        self._decode_payload: Callable[[bytes], object] = msgspec.json.Decoder().decode
        self._decode_metadata: Callable[[bytes], object] = msgspec.json.Decoder(dict[str, object]).decode

    def encode(self, content: Content) -> Sequence[bytes]:
        """The five fields; metadata is left out when it is empty."""
        fields = [
            EVENT_ID,
            content.event_id.encode(),
            EVENT_TYPE,
            content.event_type.encode(),
            TIMESTAMP,
            b"%d" % content.timestamp_ms,
            PAYLOAD,
            self._encode(content.payload),
        ]
        if content.metadata:
            fields += (METADATA, self._encode(content.metadata))
        return fields

    def decode(self, fields: Sequence[bytes]) -> Content:
        """Read the five fields in any order; what is missing but not needed is taken as empty."""
        try:
            if fields[0:8:2] == _ORDER and len(fields) == 8:
                _, event_id, _, event_type, _, timestamp, _, payload = fields
                return Content(
                    event_id.decode(), event_type.decode(), self._decode_payload(payload), _NONE, int(timestamp)
                )
            return self._decode_any_order(dict(zip(fields[::2], fields[1::2], strict=True)))
        except (ValueError, RecursionError) as error:  # msgspec's and Unicode's errors are ValueErrors too.
            raise UndecodableEntry(_explain(fields, error)) from error

    def _decode_any_order(self, named: Mapping[bytes, bytes]) -> Content:
        missing = [name.decode() for name in (EVENT_TYPE, PAYLOAD) if name not in named]
        if missing:
            raise UndecodableEntry(
                f"no field {' and no field '.join(map(repr, missing))} among {_names(named)}; "
                "a codec of your own can read what other programs write"
            )
        return Content(
            named.get(EVENT_ID, b"").decode(),
            named[EVENT_TYPE].decode(),
            self._decode_payload(named[PAYLOAD]),
            self._metadata(named[METADATA]) if METADATA in named else _NONE,
            int(named.get(TIMESTAMP, b"0")),
        )

    def _metadata(self, text: bytes) -> Mapping[str, Json]:
        return cast("Mapping[str, Json]", self._decode_metadata(text))


@frozen
class FieldsCodec:
    """Reads entries that other programs wrote as plain fields: the payload is a dict of all fields, as strings.

    Attributes:
        event_type: what kind of event each entry is, where no field says so.
        event_type_field: the field that says so; None: no field does.
        event_id_field: the field with the event's own identity; None: no field has it.
    """

    event_type: str = "entry"
    event_type_field: str | None = None
    event_id_field: str | None = field(default=None)

    def encode(self, content: Content) -> Sequence[bytes]:
        """Write a flat dict of strings and numbers as it is."""
        if not isinstance(content.payload, dict):
            raise TypeError(f"plain fields are written from a dict, not from {type(content.payload).__name__}")
        named = {str(name): str(value) for name, value in content.payload.items()}
        if self.event_type_field is not None:
            named[self.event_type_field] = content.event_type
        if self.event_id_field is not None:
            named[self.event_id_field] = content.event_id
        return [part.encode() for pair in named.items() for part in pair]

    def decode(self, fields: Sequence[bytes]) -> Content:
        """All fields as text."""
        try:
            named = {name.decode(): value.decode() for name, value in zip(fields[::2], fields[1::2], strict=True)}
        except ValueError as error:
            raise UndecodableEntry(_explain(fields, error)) from error
        event_type = named.get(self.event_type_field, self.event_type) if self.event_type_field else self.event_type
        event_id = named.get(self.event_id_field, "") if self.event_id_field else ""
        return Content(event_id, event_type, named, _NONE, 0)


_NONE: Final[Mapping[str, Json]] = {}


def _kind(what: object) -> str:
    return "None" if what is None else f"a {type(what).__name__}"


def _names(named: Mapping[bytes, bytes]) -> str:
    return ", ".join(repr(name.decode(errors="replace")) for name in named) or "no fields at all"


def _explain(fields: Sequence[bytes], error: Exception) -> str:
    if isinstance(error, UndecodableEntry):
        return str(error)
    shown = b" ".join(fields)[:200].decode(errors="replace")
    return f"{error} (fields: {shown})"
