"""What is said about handlers and how they are run: of the right type, or told where it is said, not by a crash."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial, wraps
from unittest.mock import AsyncMock, Mock

import pytest
from redis_streams import (
    Backoff,
    Dependency,
    HandlerConflict,
    Limits,
    NewEvent,
    Reclaim,
    Replicated,
    Retention,
    Retry,
    RetryPolicy,
    Runtime,
    StreamConsumer,
    Timeouts,
)
from redis_streams.wire import AddressError

URL = "redis://localhost:1"


def add(**options: object) -> None:
    Runtime().add_handler("s", "g", print, **options)  # type: ignore[arg-type]  # of the wrong type on purpose


@pytest.mark.parametrize(
    "name", ["consumers", "concurrency", "batch", "count", "prefetch", "block_ms", "max_deliveries"]
)
@pytest.mark.parametrize("value", [2.5, 2.0, True, "2"])
def test_what_is_counted_is_an_int(name: str, value: object) -> None:
    """A float crashed the consumer, or the reclaimer, when it came to Redis; the sixth crash ended the runtime."""
    with pytest.raises(TypeError, match=rf"{name} must be a whole number, as an int, not {value!r}"):
        add(**{name: value})
    if name not in ("consumers", "concurrency", "batch"):
        with pytest.raises(TypeError, match=f"{name} must be a whole number"):
            StreamConsumer(URL, "s", "g", **{name: value})  # type: ignore[arg-type]  # on purpose


@pytest.mark.parametrize("name", ["count", "block_ms", "max_deliveries", "checkpoint_events"])
def test_so_it_is_for_a_reader(name: str) -> None:
    with pytest.raises(TypeError, match=f"{name} must be a whole number, as an int, not 2.5"):
        Runtime().add_reader("s", print, **{name: 2.5})  # type: ignore[arg-type]  # on purpose


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda: Reclaim(interval_ms=500.0), "interval_ms"),  # type: ignore[arg-type]
        (lambda: Reclaim(min_idle_ms=500.0), "min_idle_ms"),  # type: ignore[arg-type]
        (lambda: Reclaim(reap_idle_ms=500.0), "reap_idle_ms"),  # type: ignore[arg-type]
        (lambda: RetryPolicy(immediate=1.5), "immediate"),  # type: ignore[arg-type]
        (lambda: RetryPolicy(delay_seconds="5"), "delay_seconds"),  # type: ignore[arg-type]
        (lambda: Dependency("db", OSError, after=2.5), "after"),  # type: ignore[arg-type]
        (lambda: Dependency("db", OSError, delay_seconds=timedelta(1)), "delay_seconds"),  # type: ignore[arg-type]
        (lambda: Retention(max_length=2.5), "max_length"),  # type: ignore[arg-type]
        (lambda: Retention(max_age_seconds=timedelta(1)), "max_age_seconds"),  # type: ignore[arg-type]
        (lambda: Runtime().stream("s", max_length=1e6), "max_length"),  # type: ignore[arg-type]
        (lambda: Runtime().stream("s", dedup_seconds="60"), "dedup_seconds"),  # type: ignore[arg-type]
        (lambda: Replicated(1.5), "replicas"),  # type: ignore[arg-type]
        (lambda: Retry(max_retries=1.5), "max_retries"),  # type: ignore[arg-type]
        (lambda: Timeouts(reply_seconds="5"), "reply_seconds"),  # type: ignore[arg-type]
        (lambda: Limits(restarts=1.5), "restarts"),  # type: ignore[arg-type]
        (lambda: Backoff(initial_seconds="1"), "initial_seconds"),  # type: ignore[arg-type]
        (lambda: add(drain_seconds=timedelta(seconds=5)), "drain_seconds"),
        (lambda: add(reclaim=True), "reclaim"),
        (lambda: add(retry_policy=3), "retry_policy"),
        (lambda: Runtime().add_reader("s", print, retry_policy=3), "retry_policy"),  # type: ignore[arg-type]
        (lambda: add(consumer=5), "consumer"),
        (lambda: Runtime().add_handler(b"s", "g", print), "name"),  # type: ignore[arg-type]
    ],
)
def test_other_options_have_their_types_as_well(make: Callable[[], object], name: str) -> None:
    """`retry_policy=3` ended the runtime at the first failure, long after."""
    with pytest.raises(TypeError, match=rf"^{name} must be .*, not "):
        make()


def test_a_conflict_names_what_differs() -> None:
    """Two dozen options twice said it too, somewhere."""
    runtime = Runtime()
    runtime.add_handler("s", "g", print, event_types=["a"], concurrency=2, count=5)
    with pytest.raises(HandlerConflict, match=r"^group g of s has concurrency=2 already, not concurrency=3$"):
        runtime.add_handler("s", "g", print, event_types=["b"], concurrency=3, count=5)


@pytest.mark.parametrize("address", [None, 5, object()])
def test_what_is_no_address_is_told_by_its_type(address: object) -> None:
    """Not by its text: a client of another library may show its password."""
    with pytest.raises(AddressError, match=f"a str, not of type {type(address).__name__}; use "):
        Runtime(address)  # type: ignore[arg-type]  # on purpose


def test_without_trio_it_says_what_it_needs() -> None:
    """Under asyncio it was an AttributeError of something inside Trio."""

    async def enter() -> None:
        async with Runtime(URL):
            pass

    for run in (enter, Runtime(URL).run):
        with pytest.raises(RuntimeError, match=r"needs Trio: begin with trio\.run"):
            asyncio.run(run())


@pytest.mark.parametrize(
    ("event", "words"),
    [
        ({"a": 1}, "dict is not an attrs class, so it names no event type: give event_type='order.placed'"),
        (NewEvent("a", 1, event_id=7), "event_id is a str, not 7"),  # type: ignore[arg-type]
    ],
)
async def test_what_is_published_has_a_type_and_names_that_are_text(event: object, words: str) -> None:
    with pytest.raises(TypeError, match=words):
        await Runtime(URL).publish_many("s", [event])


def _nothing() -> None: ...


def _two(_event: object, _database: object) -> None: ...


async def _named_only(*, event: object) -> None: ...


class Takes:
    """Handlers that are methods."""

    def nothing(self) -> None:
        """One that forgot its event."""

    def one(self, event: object) -> None:
        """One as it should be."""

    def __call__(self, event: object, database: object = None) -> None:
        """The object itself, too."""


@pytest.mark.parametrize(
    "function", [_nothing, _two, _named_only, Takes().nothing, partial(_two, 1, 2), "handle", None]
)
def test_what_can_not_be_called_with_one_argument_is_no_handler(function: Callable[[object], object]) -> None:
    """Each of its events became a dead letter."""
    runtime = Runtime()
    for register in (
        lambda: runtime.add_handler("s", "g", function),
        lambda: runtime.add_handler("s", "in-batches", function, batch=10),
        lambda: runtime.add_reader("s", function),
        lambda: StreamConsumer(URL, "s", "g").subscribe(function),
    ):
        with pytest.raises(TypeError, match=r"is called with one argument|is a function that takes an event"):
            register()


def _with_database(function: Callable[[object, object], None]) -> Callable[[object], None]:
    @wraps(function)
    def handle(event: object) -> None:
        function(event, "a database")

    return handle


def _any(*_arguments: object) -> None: ...


MAY = [Takes().one, Takes(), partial(_two, 1), _with_database(_two), _any, Mock(), AsyncMock(), print, list, {}.get]


@pytest.mark.parametrize("function", MAY, ids=range(len(MAY)))
def test_what_may_take_an_event_is_a_handler(function: Callable[[Sequence[object] | object], object]) -> None:
    """Whatever can't be known is taken to be right: what a decorator hands on may have other parameters."""
    Runtime().add_handler("s", "g", function)
