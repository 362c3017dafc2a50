"""What a user may say about a group of handlers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from datetime import datetime, timezone
from typing import Final, Literal

from attrs import Attribute, AttrsInstance, field, fields_dict, frozen, validators
from typing_extensions import TypedDict

from ..actors import Delivery, Dependency, OnLeaseLost, RetryPolicy
from ..wire import EntryId, OnGroupLost, instance, number, whole, whole_or_none
from ._errors import HandlerConflict
from ._names import expand

MAX_DELIVERIES: Final = 16
"""Poison ends by default, and an outage of what handlers need does not end what is healthy: with the default delays,
30 s to an hour, sixteen deliveries take nine hours at least: a night. Azure Service Bus has 10, Sidekiq 25."""

ON_GROUP_LOST: Final[tuple[OnGroupLost, ...]] = ("resume_at_checkpoint", "replay", "fail")
"""What may be said of a lost group."""

DELIVERY: Final[tuple[Delivery, ...]] = ("at_least_once", "at_most_once")
"""What may be said of how often events are handled."""

Start = str | EntryId | datetime
"""Where a *new* group begins: "0" (everything), "$" (what comes from now on), an id (after it), a time (from it on)."""


def _parse_start(start: Start) -> EntryId | Literal["$"]:
    return parse_start(start)


REAP_IDLE_MS: int | None = 86_400_000
"""A day: a process that comes back after a night finds its consumer as it left it. Optional for the field's type."""


def one_of(words: Sequence[str]) -> Callable[[object, Attribute[str], str], None]:
    """A validator for a choice, whose error can be read."""

    def check(_options: object, attribute: Attribute[str], word: str) -> None:
        if word not in words:
            raise ValueError(f"{attribute.name} must be {' or '.join(map(repr, words))}, not {word!r}")

    return check


def _is_name(_options: object, _attribute: object, consumer: str) -> None:
    expand(consumer)


def check_max_deliveries(_options: object, _attribute: Attribute[int], deliveries: int | None) -> None:
    """A validator."""
    if deliveries is not None and deliveries < 1:
        raise ValueError(f"max_deliveries must be 1 or more, or None for no end, not {deliveries!r}")


def _in_a_tuple(dependencies: Sequence[Dependency]) -> tuple[Dependency, ...]:
    return tuple(dependencies)


def _check_dependencies(_options: object, _attribute: object, dependencies: Sequence[object]) -> None:
    for each in dependencies:
        if not isinstance(each, Dependency):
            raise TypeError(f"dependencies is a list, as in [Dependency('db', ConnectionError)], not of {each!r}")
    names = [each.name for each in dependencies if isinstance(each, Dependency)]
    if len(set(names)) < len(names):
        raise ValueError(f"two dependencies have one name: {', '.join(names)}")


@frozen
class Reclaim:
    """How entries that were left behind are found.

    Attributes:
        interval_ms: time between two rounds through the group's pending list.
        min_idle_ms: idle time after which others may take an entry. Entries in hand are renewed at a quarter of it, so
            a long handler keeps its entry; all processes of a group should use the same.
        reap_idle_ms: consumers of the group that have not been heard of for so long, and have nothing pending, are
            removed; a day. None: never. A consumer is heard of with every read, at least once in `block_ms`.
    """

    interval_ms: int = field(default=30_000, validator=[whole, validators.ge(1)])
    min_idle_ms: int = field(default=30_000, validator=[whole, validators.ge(1)])
    reap_idle_ms: int | None = field(default=REAP_IDLE_MS, validator=validators.optional([whole, validators.ge(1)]))


RECLAIM: Reclaim | None = Reclaim()
"""As above."""


@frozen
class GroupOptions:
    """How one group of handlers reads.

    Attributes:
        consumer: the consumer's name, stable across restarts; ``{host}``, ``{pid}`` and ``{env:NAME}`` in it are filled
            in. None: made of host and process.
        consumers: readers of this process in the group; more than one are named consumer-0, consumer-1, …
        concurrency: handlers of each reader that run at the same time.
        batch: None: the handler gets one event; else a list of at most so many.
        count: entries in one read at most.
        prefetch: entries held by each reader at most, from the read until they are settled; None: three reads, and
            enough for all handlers to be busy. Slow handlers hold less: about a second's work.
        block_ms: how long one read waits for new entries.
        start: where a *new* group begins; one that exists goes on where it was.
        checkpoint: where the watermark is kept: "redis", or "memory" for tests.
        reclaim: None: this process does not look for what others left behind.
        drain_seconds: how long a stop works on what is held, before the rest is handed back.
        max_deliveries: an event that has failed so often goes to the dead letters; None: it comes again for ever.
        retry_policy: when it comes again; None: as `RetryPolicy()` says after an exception, after the idle limit
            where the handler declined.
        on_lease_lost: what becomes of an async handler whose event another consumer owns now, as after a pause of the
            process: "cancel" ends it at its next checkpoint, "finish" leaves it alone. Neither acknowledges anything.
        dependencies: what the handlers need and may be away: then the group waits, and gives up no event for it.
        on_group_lost: what becomes of a group that was there and is gone: it is made again at its checkpoint, or at
            the beginning of the stream ("replay"), or the runtime ends with `GroupLost` ("fail").
        delivery: "at_least_once" acknowledges an event after its handler returned; "at_most_once" before it begins, so
            that it begins once at most, and whatever cuts it short loses it. That has no retries: options about them
            are refused. All processes of a group say the same.
    """

    consumer: str | None = field(default=None, validator=validators.optional([instance(str), _is_name]))
    consumers: int = field(default=1, validator=[whole, validators.ge(1)])
    concurrency: int = field(default=1, validator=[whole, validators.ge(1)])
    batch: int | None = field(default=None, validator=validators.optional([whole, validators.ge(1)]))
    count: int = field(default=100, validator=[whole, validators.ge(1)])
    prefetch: int | None = field(default=None, validator=validators.optional([whole, validators.ge(1)]))
    block_ms: int = field(default=5000, validator=[whole, validators.ge(1)])
    start: EntryId | Literal["$"] = field(default="0", converter=_parse_start)
    checkpoint: Literal["redis", "memory"] = field(default="redis", validator=one_of(("redis", "memory")))
    reclaim: Reclaim | None = field(default=RECLAIM, validator=validators.optional(instance(Reclaim)))
    drain_seconds: float = field(default=8.0, validator=[number, validators.ge(0)])
    max_deliveries: int | None = field(default=MAX_DELIVERIES, validator=[whole_or_none, check_max_deliveries])
    retry_policy: RetryPolicy | None = field(default=None, validator=validators.optional(instance(RetryPolicy)))
    on_lease_lost: OnLeaseLost = field(default="cancel", validator=one_of(("cancel", "finish")))
    dependencies: tuple[Dependency, ...] = field(default=(), converter=_in_a_tuple, validator=_check_dependencies)
    on_group_lost: OnGroupLost = field(default="resume_at_checkpoint", validator=one_of(ON_GROUP_LOST))
    delivery: Delivery = field(default="at_least_once", validator=one_of(DELIVERY))

    def __attrs_post_init__(self) -> None:
        """Look at what has to go together."""
        check_delivery(
            self.delivery,
            max_deliveries=self.max_deliveries != MAX_DELIVERIES,
            retry_policy=self.retry_policy is not None,
            dependencies=bool(self.dependencies),
            on_lease_lost=self.on_lease_lost != "cancel",
        )
        check_waiting(self.max_deliveries, [each.name for each in self.dependencies])

    @property
    def lease_ms(self) -> int:
        """Idle time after which others may take an entry from us; theirs is taken to be like ours."""
        return (self.reclaim or Reclaim()).min_idle_ms

    @property
    def places(self) -> int:
        """The prefetch in force."""
        if self.prefetch is not None:
            return self.prefetch
        return max(3 * self.count, 2 * self.concurrency, 2 * (self.batch or 0))


class GroupOptionsKeywords(TypedDict, total=False):
    """The same options as keywords of `Runtime.handler`."""

    consumer: str | None
    consumers: int
    concurrency: int
    batch: int | None
    count: int
    prefetch: int | None
    block_ms: int
    start: Start
    checkpoint: Literal["redis", "memory"]
    reclaim: Reclaim | None
    drain_seconds: float
    max_deliveries: int | None
    retry_policy: RetryPolicy | None
    on_lease_lost: OnLeaseLost
    dependencies: Sequence[Dependency]
    on_group_lost: OnGroupLost
    delivery: Delivery


def conflict(whose: str, ours: AttrsInstance, theirs: AttrsInstance) -> HandlerConflict:
    """What to tell whoever wants other options than those that hold already: both, where they differ."""
    names = [name for name in fields_dict(type(ours)) if _value(ours, name) != _value(theirs, name)]
    words = [", ".join(f"{name}={_value(options, name)!r}" for name in names) for options in (ours, theirs)]
    return HandlerConflict(f"{whose} has {words[0]} already, not {words[1]}")


def _value(options: object, name: str) -> object:
    value: object = getattr(options, name)
    return value


def check_delivery(delivery: str, **said: bool) -> None:
    """Refuse options that mean nothing where events are handled at most once.

    Args:
        delivery: how often they are handled.
        said: those options, and whether something else than the default was said.

    Raises:
        ValueError: one of them was.
    """
    words = [name for name, is_said in said.items() if is_said]
    if delivery == "at_most_once" and words:
        raise ValueError(
            f"delivery='at_most_once' acknowledges events before they are handled, and tries none again: "
            f"leave out {' and '.join(words)}"
        )


def check_waiting(max_deliveries: int | None, dependencies: Iterable[str]) -> None:
    """Refuse dependencies where no event can wait for them.

    Raises:
        ValueError: there are some.
    """
    names = ", ".join(dependencies)
    if names and max_deliveries == 1:
        raise ValueError(
            "with max_deliveries=1 an event can't wait until what it needs is back, since it has been delivered once: "
            f"say 2 or more, or leave out dependencies ({names})"
        )


def parse_start(start: Start) -> EntryId | Literal["$"]:
    """The id after which a new group begins, or "$" for its end.

    Raises:
        ValueError: it is none of "0", "$", an id or a time.
    """
    if isinstance(start, EntryId):
        return start
    if start == "$":
        return "$"
    if isinstance(start, str):
        with suppress(ValueError):
            return EntryId.parse(start)
    try:
        return _just_before(datetime.fromisoformat(start.replace("Z", "+00:00")) if isinstance(start, str) else start)
    except (ValueError, OverflowError, AttributeError):  # AttributeError: it is no time at all.
        raise ValueError(
            f"start must be '0' (everything), '$' (only what is new), an id like '1700000000000-0' or a time like "
            f"'2026-01-31T12:00:00+00:00', not {start!r}"
        ) from None


def _just_before(time: datetime) -> EntryId:
    """Groups begin *after* an id, so this is the last id before the time; a time without a zone is local time."""
    ms = max(0, int(time.astimezone(timezone.utc).timestamp() * 1000))
    return EntryId(ms, 0).previous() if ms else EntryId(0, 0)
