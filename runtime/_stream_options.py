"""What a user may say about a stream."""

from __future__ import annotations

import math

from attrs import Attribute, evolve, field, fields, frozen, validators
from typing_extensions import TypedDict

from ..actors import DEDUP_SECONDS, DURABLE_SECONDS, Durability, Retention, StreamSettings, WhenAway, parse_durability
from ..wire import WINDOW_SECONDS_MAX, Retry, instance, number, number_or_none, whole_or_none
from ._errors import HandlerConflict


def _check_max_length(_options: StreamOptions, _attribute: Attribute[int], length: int | None) -> None:
    if length is not None and length < 1:
        raise ValueError(f"max_length must be 1 or more, or None to keep all entries, not {length!r}")


def _check_dedup_seconds(_options: StreamOptions, _attribute: Attribute[float], seconds: float | None) -> None:
    if seconds is not None and not (math.isfinite(seconds) and 1 <= seconds <= WINDOW_SECONDS_MAX):
        raise ValueError(f"dedup_seconds must be a number from 1 to {WINDOW_SECONDS_MAX}, not {seconds!r}")


def _durability(said: Durability | str | None) -> Durability | None:
    return None if said is None else parse_durability(said)


@frozen
class StreamOptions:
    """How a stream is published to; None: not said, so the default holds.

    Attributes:
        max_length: about how many entries it keeps; older ones are trimmed when new ones are published, read or not.
        retention: what it keeps, beyond what groups still need; see `Retention`. Not together with `max_length`.
        publish_once: whether each event is appended once, however often it is sent. By default those are that were
            given an `event_id`; True: all, so that the runtime itself may repeat what it did not hear of; False: none.
        dedup_seconds: for how long what was published once is remembered, at least.
        durability: how safe events are to be before `publish` returns.
        durable_seconds: how long that is waited for.
    """

    max_length: int | None = field(default=None, validator=[whole_or_none, _check_max_length])
    publish_once: bool | None = None
    dedup_seconds: float | None = field(default=None, validator=[number_or_none, _check_dedup_seconds])
    durability: Durability | None = field(default=None, converter=_durability)
    durable_seconds: float | None = field(default=None, validator=validators.optional([number, validators.gt(0)]))
    retention: Retention | None = field(default=None, validator=validators.optional(instance(Retention)))

    def __attrs_post_init__(self) -> None:
        if self.max_length is not None and self.retention is not None:
            raise ValueError(
                "max_length trims what groups still need: say it in the retention, with lossy=True if that is meant"
            )

    def joined(self, stream: str, other: StreamOptions) -> StreamOptions:
        """With what else is said about the stream.

        Raises:
            HandlerConflict: that is something else.
        """
        changes: dict[str, object] = {}
        for attribute in fields(StreamOptions):
            ours, theirs = _value(self, attribute.name), _value(other, attribute.name)
            if None not in (ours, theirs) and ours != theirs:
                raise HandlerConflict(f"stream {stream} has {attribute.name} {ours} already, not {theirs}")
            changes[attribute.name] = ours if theirs is None else theirs
        return evolve(self, **changes)  # type: ignore[arg-type]  # the same attributes with the same types

    def way(self, durability: Durability | str | None, *, named: bool) -> Durability | None:
        """How an event is published: as safe as this, once; None: as safe as a server's memory, and not repeated.

        Args:
            durability: what was said for it alone.
            named: whether it was given an id by whoever publishes it.

        Raises:
            ValueError: it is no durability.
        """
        wanted = _durability(durability) or self.durability or "acknowledged"
        once = named if self.publish_once is None else self.publish_once
        return wanted if once or wanted != "acknowledged" else None

    def settings(self, stream: str, way: Durability | None, retry: Retry, when_away: WhenAway) -> StreamSettings:
        """What the actor needs to know that publishes in this way."""
        return StreamSettings(
            stream,
            self.max_length,
            retry,
            once=way is not None,
            dedup_seconds=self.dedup_seconds or DEDUP_SECONDS,
            durability=way or "acknowledged",
            durable_seconds=self.durable_seconds or DURABLE_SECONDS,
            when_away=when_away,
        )


def _value(options: StreamOptions, name: str) -> object:
    value: object = getattr(options, name)
    return value


class PublishKeywords(TypedDict, total=False):
    """How a stream is published to, as keywords of `StreamProducer`."""

    publish_once: bool | None
    dedup_seconds: float | None
    durability: Durability | str | None
    durable_seconds: float | None
    retention: Retention | None


class StreamOptionsKeywords(PublishKeywords, total=False):
    """The same options as keywords of `Runtime.stream`."""

    max_length: int | None
