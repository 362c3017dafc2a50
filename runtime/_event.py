"""What a handler receives and what a publisher hands in."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Generic, TypeVar

from attrs import define, field, frozen, setters

from ..actors import Lease
from ..wire import EntryId

P_co = TypeVar("P_co", covariant=True)

Json = dict[str, "Json"] | list["Json"] | str | int | float | bool | None
"""Anything that JSON can say."""

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


# Not frozen=True: that makes the constructor, which stands on the hot path, twice as slow.
@define(eq=False, on_setattr=setters.frozen)
class Event(Generic[P_co]):
    """One event as its handler sees it.

    Attributes:
        event_id: the event's own identity, set when it was published; the same in every redelivery and every copy. Only
            this one is fit for deduplication: after a failover a server may hand out a stream id a second time.
        event_type: what kind of event this is, as in ``"order.placed"``.
        payload: what the publisher said: JSON as Python has it, or an instance of the event's class.
        metadata: what was said about the event, beside its payload.
        timestamp_ms: when it was published, in milliseconds since 1970 by the publisher's clock.
        stream: the stream it was read from.
        delivery_count: how often it has been delivered, this time included: 1 at first.
        lease: by which the handler can ask whether the event is still its own, or wait until it is not.
    """

    raw_id: bytes
    event_id: str
    event_type: str
    payload: P_co
    metadata: Mapping[str, Json]
    timestamp_ms: int
    stream: str
    delivery_count: int
    lease: Lease = field(factory=Lease, repr=False)

    @property
    def id(self) -> EntryId:
        """The place in the stream that Redis gave to the event: ordered, and unique as long as Redis keeps its data."""
        return EntryId.parse(self.raw_id)

    @property
    def timestamp(self) -> datetime:
        """When the event was published, by the publisher's clock, in UTC."""
        return _EPOCH + timedelta(milliseconds=self.timestamp_ms)


@frozen
class NewEvent:
    """An event that is yet to be published, for events without a class of their own.

    Attributes:
        event_type: what kind of event this is; not empty.
        payload: anything that JSON can say; a dict as a rule.
        metadata: what is to be said about the event, beside its payload.
        event_id: the event's own identity; a new one is drawn when it is empty.
    """

    event_type: str = field()
    payload: object
    metadata: Mapping[str, Json] | None = None
    event_id: str = ""

    @event_type.validator
    def _check_event_type(self, _attribute: object, value: object) -> None:
        if not isinstance(value, str) or not value:
            raise ValueError(f"event_type must be a non-empty string like 'order.placed', not {value!r}")
