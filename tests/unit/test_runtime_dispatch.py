"""Handlers that look like some and run nothing: what is refused when they are added, and what counts as a failure."""

from __future__ import annotations

import sys
import threading
from asyncio import CancelledError
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from functools import partial

import pytest
import trio
from redis_streams import Event, HandlerConflict, JsonCodec, Lease, Runtime, StreamConsumer
from redis_streams.actors import Failed, innermost
from redis_streams.actors._lease import Seat
from redis_streams.runtime._dispatch import Reader, Routes, answering, awaitable, in_batches, one_by_one
from redis_streams.runtime._typed import Structure
from redis_streams.wire import Entry
from support.untidy import fail_when_cancelled
from trio.testing import wait_all_tasks_blocked

if sys.version_info < (3, 11):
    from exceptiongroup import BaseExceptionGroup

READER = Reader("orders", JsonCodec(), Structure())
ENTRY = Entry(b"5-0", [b"event_id", b"e", b"event_type", b"a", b"timestamp", b"7", b"payload", b"1"])


async def _sell(_event: object) -> None: ...


def _lazily(_event: object) -> Iterator[bool]:
    yield True


async def _lazily_and_async(_event: object) -> AsyncIterator[bool]:
    yield True


UNRUN = {"coroutine": _sell, "generator": _lazily, "async_generator": _lazily_and_async}


@pytest.mark.parametrize(("kind", "function"), UNRUN.items(), ids=UNRUN)
async def test_an_answer_of_which_nothing_has_run_is_a_failure(kind: str, function: Callable[[object], object]) -> None:
    """Somebody forgot to await it, or to go through it: it counted as true, as done."""
    routes = Routes()

    async def handle(event: Event[object]) -> object:
        return function(event)

    routes.add("h", handle, None)
    verdict = await one_by_one(READER, routes)(ENTRY, 1, Lease())
    assert isinstance(verdict, Failed)
    assert isinstance(verdict.error, TypeError)
    assert f"returned a {kind}" in str(verdict.error)


@pytest.mark.parametrize("function", UNRUN.values(), ids=UNRUN)
async def test_a_plain_handler_that_returns_it_fails_as_well(function: Callable[[object], object]) -> None:
    """As a decorator's plain function round an async handler does."""
    routes = Routes()
    routes.add("h", awaitable(lambda event: [function(event)][0]), None)
    verdict = await one_by_one(READER, routes)(ENTRY, 1, Lease())
    assert isinstance(verdict, Failed)
    assert isinstance(verdict.error, TypeError)


@pytest.mark.parametrize("in_a_list", [False, True])
@pytest.mark.parametrize("function", UNRUN.values(), ids=UNRUN)
async def test_a_batch_of_which_nothing_has_run_is_a_failure(
    function: Callable[[object], object], *, in_a_list: bool
) -> None:
    """As the answer for all, and as the answer for each."""
    routes = Routes()
    routes.add("h", None, None)
    run = answering(lambda events: [function(event) for event in events] if in_a_list else function(events))
    verdicts = await in_batches(READER, routes, run)([(ENTRY, 1)] * 2, [Lease(), Lease()])
    assert [type(verdict.error) for verdict in verdicts if isinstance(verdict, Failed)] == [TypeError, TypeError]


async def _cleanup_fails(_given: object) -> None:
    await fail_when_cancelled()


def _run(function: Callable[[object], object], leases: list[Lease], *, in_a_list: bool) -> Awaitable[object]:
    """Have a handler run on as many events as there are leases: one by one the first of them."""
    routes = Routes()
    routes.add("h", awaitable(function), None)
    if in_a_list:
        return in_batches(READER, routes, answering(function))([(ENTRY, 1)] * len(leases), leases)
    return one_by_one(READER, routes)(ENTRY, 1, leases[0])


@pytest.mark.parametrize("in_a_list", [False, True])
async def test_a_cancelled_handler_whose_cleanup_fails_is_cancelled(*, in_a_list: bool, autojump_clock: object) -> None:
    """It broke: what its nursery raised went on through the scope that was cancelled, and crashed the consumer."""
    leases = [Lease(), Lease()]
    with trio.move_on_after(1) as scope:
        await _run(_cleanup_fails, leases, in_a_list=in_a_list)
    assert scope.cancelled_caught
    noted = leases[0].cleanup_error
    assert noted is not None
    assert isinstance(innermost(noted), OSError)
    assert (leases[1].cleanup_error is noted) is in_a_list


def _raise(error: BaseException) -> Callable[[object], object]:
    def raising(_given: object) -> None:
        raise error

    return raising


def _grouped(error: BaseException) -> BaseException:
    return BaseExceptionGroup("group", [ValueError(), BaseExceptionGroup("inner", [error])])


@pytest.mark.parametrize("in_a_list", [False, True])
@pytest.mark.parametrize(
    "error", [CancelledError(), _grouped(CancelledError()), _grouped(OSError())], ids=["asyncio", "group", "plain"]
)
async def test_whatever_a_handler_raises_is_a_failure(error: BaseException, *, in_a_list: bool) -> None:
    """It broke: what does not derive from Exception, as a CancelledError of asyncio, ended the runtime."""
    verdict = await _run(_raise(error), [Lease()], in_a_list=in_a_list)
    assert verdict == ([Failed(error)] if in_a_list else Failed(error))


@pytest.mark.parametrize("in_a_list", [False, True])
@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit, GeneratorExit])
@pytest.mark.parametrize("wrapped", [lambda error: error, _grouped], ids=["alone", "grouped"])
async def test_what_ends_the_program_is_none(
    kind: type[BaseException], wrapped: Callable[[BaseException], BaseException], *, in_a_list: bool
) -> None:
    """Alone, and with others in a group."""
    error = wrapped(kind())
    with pytest.raises(type(error)) as raised:
        await _run(_raise(error), [Lease()], in_a_list=in_a_list)
    assert raised.value is error


@pytest.fixture
async def no_thread(autojump_clock: object) -> AsyncIterator[Callable[[], None]]:
    """None of Trio's threads is free until this is called."""
    limiter = trio.to_thread.current_default_thread_limiter()
    tokens, limiter.total_tokens = limiter.total_tokens, 1
    limiter.acquire_on_behalf_of_nowait(limiter)
    yield lambda: limiter.release_on_behalf_of(limiter)
    limiter.total_tokens = tokens


@pytest.mark.parametrize("cancels", [True, False])
@pytest.mark.parametrize("in_a_list", [False, True])
async def test_what_is_lost_while_it_waits_for_a_thread_does_not_begin(
    no_thread: Callable[[], None], *, cancels: bool, in_a_list: bool
) -> None:
    """It broke: it began when a thread was free, and what it did the owner did as well. Its place is free at once."""
    leases, begun = [Lease(b"5-0"), Lease(b"5-0")], list[object]()
    seat = Seat(cancels, leases)
    async with trio.open_nursery() as nursery:

        @nursery.start_soon
        async def sit() -> None:
            with seat.scope:
                await _run(begun.append, leases, in_a_list=in_a_list)

        await wait_all_tasks_blocked()
        seat.tell({b"5-0"})
        await wait_all_tasks_blocked()
        assert seat.scope.cancelled_caught is cancels
        no_thread()
    assert begun == []


async def test_what_begins_in_its_thread_is_not_cancelled_any_more() -> None:
    """It can ask."""
    lease, begun, lost = Lease(b"5-0"), trio.Event(), list[bool]()
    seat = Seat(cancels=True, leases=[lease])

    def handle(event: Event[object]) -> None:
        trio.from_thread.run_sync(begun.set)
        while not event.lease.lost:
            threading.Event().wait(0.01)
        lost.append(event.lease.lost)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(partial(_run, handle, [lease], in_a_list=False))
        await begun.wait()
        seat.tell({b"5-0"})
    assert not seat.is_cancelled
    assert lost == [True]


async def test_a_plain_handler_that_is_abandoned_can_ask() -> None:
    """As one that outlasts a stop: its event is handed back. One whose thread is about to begin does not begin so."""
    ended = threading.Event()
    begun = trio.Event()

    def handle(event: Event[object]) -> None:
        trio.from_thread.run_sync(begun.set)
        while not event.lease.lost:
            threading.Event().wait(0.01)
        ended.set()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(partial(_run, handle, [Lease()], in_a_list=False))
        await begun.wait()
        nursery.cancel_scope.cancel()
    assert ended.wait(10)


class Lazy:
    """A handler that is an object."""

    def __call__(self, _event: object) -> Iterator[bool]:
        """As a generator function."""
        yield True


GENERATORS = {"plain": _lazily, "async": _lazily_and_async, "partial": partial(_lazily), "object": Lazy()}


@pytest.mark.parametrize("function", GENERATORS.values(), ids=GENERATORS)
def test_a_generator_function_is_refused_as_a_handler(function: Callable[[object], object]) -> None:
    """Calling it runs nothing of it. Whoever adds it hears so, not whoever looks at the dead letters."""
    runtime = Runtime()
    for add in (
        lambda: runtime.add_handler("s", "g", function),
        lambda: runtime.add_handler("s", "in-batches", function, batch=10),
        lambda: runtime.add_reader("s", function),
        lambda: StreamConsumer("redis://localhost:1", "s", "g").subscribe(function),
    ):
        with pytest.raises(TypeError, match="has a 'yield'"):
            add()


@pytest.mark.parametrize(
    ("event_types", "error", "says"),
    [
        ([], ValueError, "event_types is empty, so .* would get no event"),
        ("order.placed", TypeError, r"write \['order.placed'\]"),
        (Lazy, TypeError, r"write \[<class"),
        ([3], TypeError, "has names and classes in it, not 3"),
    ],
)
def test_event_types_that_name_nothing_are_refused_and_no_group_is_left(
    event_types: Iterable[str | type], error: type[Exception], says: str
) -> None:
    """A group whose handlers are meant for nothing acknowledged each of its events in silence."""
    runtime = Runtime()

    consumer = StreamConsumer("redis://localhost:1", "s", "g")
    for add in (
        lambda: runtime.add_handler("s", "g", print, event_types=event_types),
        lambda: runtime.add_handler("s", "in-batches", print, event_types=event_types, batch=10),
        lambda: runtime.add_reader("s", print, event_types=event_types),
        lambda: consumer.subscribe(print, event_types),
        lambda: consumer.subscribe(print, event_types),
    ):
        with pytest.raises(error, match=says):
            add()
    for group in ("g", "in-batches"):
        with pytest.raises(ValueError, match="has no handler in this process"):
            runtime.group("s", group).pause()


def test_types_of_which_one_is_taken_are_all_refused() -> None:
    """Half of a handler would be as good as none."""
    routes = Routes()
    routes.add("first", None, ["b"])
    with pytest.raises(HandlerConflict, match="first takes 'b' already, second can't too"):
        routes.add("second", None, ["a", "b"])
    assert routes.find("a") is None
