"""From an entry to the handler that is meant for it, and from what the handler did to a verdict."""

from __future__ import annotations

import inspect
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import partial
from types import AsyncGeneratorType, CoroutineType, GeneratorType
from typing import Final, TypeVar, cast

import trio
from attrs import define, field, frozen
from typing_extensions import Never

from ..actors import (
    DONE,
    UNWANTED,
    Failed,
    Handle,
    HandleBatch,
    Job,
    Lease,
    Reject,
    RetryLater,
    Undecodable,
    Verdict,
    split_error,
    text_of,
)
from ..wire import Entry
from ._codec import Codec, Content, read
from ._errors import HandlerConflict, UndecodableEntry
from ._event import Event
from ._typed import Structure, type_name

E = TypeVar("E")

AnyHandler = Callable[[Never], object]
"""Whatever takes one argument: what its events are, its own annotation says, and `event_types` has to match."""

Function = Callable[[Event[object]], object]
"""A handler as users write it: plain or async. It returns None or anything true to acknowledge, anything false to leave
what it got for redelivery."""

BatchFunction = Callable[[Sequence[Event[object]]], object]
"""The same for a list of events; it may also return a list with an answer for each."""

RunBatch = Callable[[Sequence[Event[object]]], Awaitable[Sequence[Verdict]]]
"""Has a list of events handled, and says what came of the first so many of them."""

Run = Callable[[E], Awaitable[object]]

UNJUDGED: Final = (KeyboardInterrupt, SystemExit, GeneratorExit)
"""What is no failure of a handler: the first two end the program, and by the last Python closes what awaits it."""

REDRIVEN_GROUP: Final = b"redriven_group"
"""The last field of an entry that was given back from the dead letters: for which group alone (`redrive.lua`)."""

REDRIVEN_WORDS: Final = 4
"""What a redrive writes behind the entry's own fields: how often, and for whom."""


@frozen
class Route:
    """A handler that is meant for some type of event.

    Attributes:
        owner: the handler's name, for messages.
        run: the handler; None where it gets lists, and is run by whoever makes them.
        payload_class: what its events' payload becomes; None: JSON as Python has it.
    """

    owner: str
    run: Run[Event[object]] | None
    payload_class: type | None = None


@define
class Routes:
    """The handlers of one group, by the type of event that each is meant for."""

    by_type: dict[str, Route] = field(factory=dict)
    fallback: Route | None = None

    def add(self, owner: str, run: Run[Event[object]] | None, event_types: Iterable[str | type] | None) -> None:
        """Send events of these types to this handler, or all that no other handler is meant for.

        Raises:
            HandlerConflict: another handler is meant for the same events already.
            TypeError: it is no list of names and classes.
            ValueError: it is an empty list.
        """
        if event_types is None:
            if self.fallback is not None:
                raise HandlerConflict(f"{self.fallback.owner} takes every event already, {owner} can't too")
            self.fallback = Route(owner, run)
            return
        if isinstance(event_types, str | bytes | type):
            raise TypeError(f"event_types is a list of types: write [{event_types!r}], not {event_types!r}")
        routes = dict(self.by_type)
        for wanted in event_types:
            if not isinstance(wanted, str | type):
                raise TypeError(f"event_types has names and classes in it, not {wanted!r}")
            name, payload_class = (wanted, None) if isinstance(wanted, str) else (type_name(wanted), wanted)
            if name in routes:
                raise HandlerConflict(f"{routes[name].owner} takes {name!r} already, {owner} can't too")
            routes[name] = Route(owner, run, payload_class)
        if len(routes) == len(self.by_type):
            raise ValueError(
                f"event_types is empty, so {owner} would get no event, and what no handler gets is acknowledged: "
                "name some, or leave it out for all"
            )
        self.by_type = routes

    def find(self, event_type: str) -> Route | None:
        """The handler that is meant for this type, None if nobody wants it."""
        return self.by_type.get(event_type, self.fallback)


@frozen
class Reader:
    """Makes events of entries."""

    stream: str
    codec: Codec
    structure: Structure
    group: bytes = b""

    def own_fields(self, fields: Sequence[bytes]) -> Sequence[bytes] | None:
        """Without what a redrive noted behind them; None: it was given back to another group alone."""
        if len(fields) <= REDRIVEN_WORDS or fields[-2] != REDRIVEN_GROUP:
            return fields
        return fields[:-REDRIVEN_WORDS] if fields[-1] == self.group else None

    def identify(self, entry: Entry) -> tuple[str, str]:
        """The event's own id and its type, as far as they can be read."""
        try:
            content = read(self.codec, self.own_fields(entry.fields or ()) or ())
            return str(content.event_id or ""), str(content.event_type or "")
        except Exception:  # noqa: BLE001 - a codec is users' code too; what it can't read has no name
            return "", ""

    def event(
        self, entry: Entry, content: Content, payload_class: type | None, deliveries: int, lease: Lease
    ) -> Event[object]:
        """The event as a handler sees it.

        Raises:
            UndecodableEntry: the payload does not fit the class.
        """
        payload = content.payload
        if payload_class is not None:
            payload = self.structure.from_json(payload, payload_class)
        return Event(
            entry.raw_id,
            content.event_id,
            content.event_type,
            payload,
            content.metadata,
            content.timestamp_ms or entry.id.ms,
            self.stream,
            deliveries,
            lease,
        )


def one_by_one(reader: Reader, routes: Routes) -> Handle:
    """Runs the right handler on one entry. Events that no handler is meant for are done with as they are."""
    codec, find, make_event = reader.codec, routes.find, reader.event

    async def handle(entry: Entry, deliveries: int, lease: Lease) -> Verdict:
        fields = entry.fields or ()
        try:
            if len(fields) > REDRIVEN_WORDS and fields[-2] == REDRIVEN_GROUP:
                own = reader.own_fields(fields)
                if own is None:
                    return UNWANTED
                fields = own
            content = read(codec, fields)
            route = find(content.event_type)
            if route is None or route.run is None:
                return UNWANTED
            event = make_event(entry, content, route.payload_class, deliveries, lease)
        except UndecodableEntry as error:
            return Undecodable(text_of(error))
        except Exception as error:  # noqa: BLE001 - a codec is users' code too; what it did not expect is no verdict
            return Failed(error)
        try:
            return verdict_of(await route.run(event))
        except BaseException as error:  # noqa: BLE001 - this is where users' code ends
            return failure_of(error, [lease])

    return handle


def in_batches(reader: Reader, routes: Routes, run: RunBatch) -> HandleBatch:
    """Has a list of events handled; what can't be decoded or is not wanted is sorted out before."""

    async def handle(jobs: Sequence[Job], leases: Sequence[Lease]) -> Sequence[Verdict]:
        sorted_out = [_prepare(reader, routes, job, lease) for job, lease in zip(jobs, leases, strict=True)]
        events = [item for item in sorted_out if isinstance(item, Event)]
        answers = deque(await run(events) if events else ())
        verdicts: list[Verdict] = []
        for item in sorted_out:
            if not isinstance(item, Event):
                verdicts.append(item)
            elif answers:
                verdicts.append(answers.popleft())
            else:
                break  # Whoever handles them answered the first ones only: the rest is offered again.
        return verdicts

    return handle


def sifting(reader: Reader, routes: Routes) -> Callable[[Entry], Verdict | None]:
    """Says what is clear of an entry without its handler; None: it is an event for one."""

    def sift(entry: Entry) -> Verdict | None:
        prepared = _prepare(reader, routes, (entry, 1), Lease())
        return None if isinstance(prepared, Event) else prepared

    return sift


def _prepare(reader: Reader, routes: Routes, job: Job, lease: Lease) -> Event[object] | Verdict:
    entry, deliveries = job
    fields = reader.own_fields(entry.fields or ())
    if fields is None:
        return UNWANTED
    try:
        content = read(reader.codec, fields)
        route = routes.find(content.event_type)
        return UNWANTED if route is None else reader.event(entry, content, route.payload_class, deliveries, lease)
    except UndecodableEntry as error:
        return Undecodable(text_of(error))
    except Exception as error:  # noqa: BLE001 - as above
        return Failed(error)


def answering(function: BatchFunction) -> RunBatch:
    """Runs a handler of lists. It gives one answer for all events, or a list with one for each."""
    run = awaitable(function)

    async def run_batch(events: Sequence[Event[object]]) -> Sequence[Verdict]:
        try:
            return _verdicts_of(await run(events), len(events))
        except BaseException as error:  # noqa: BLE001 - as above: users' code ends here
            return [failure_of(error, [event.lease for event in events])] * len(events)

    return run_batch


def _verdicts_of(answer: object, events: int) -> Sequence[Verdict]:
    if not isinstance(answer, list | tuple):
        return [verdict_of(answer)] * events
    if len(answer) != events:
        raise ValueError(f"the handler of a batch gave {len(answer)} answers for {events} events: give one for each")
    return [verdict_of(single) for single in answer]


def verdict_of(answer: object) -> Verdict:
    """What a handler's return value says."""
    if answer is None or answer is True:
        return DONE
    if isinstance(answer, RetryLater | Reject):
        return Failed(answer)
    if isinstance(answer, GeneratorType | AsyncGeneratorType) or hasattr(type(answer), "__await__"):
        return Failed(_not_run(answer))
    return DONE if answer else Failed(None)


def failure_of(error: BaseException, leases: Iterable[Lease]) -> Failed:
    """What an error says that came out of a handler, in whatever groups.

    Raises:
        trio.Cancelled: the handler was cancelled. What it raised beside that is noted in the leases.
        BaseException: the error itself, where it ends the program.
    """
    if split_error(error, UNJUDGED)[0] is not None:
        raise error
    cancelled, rest = split_error(error, trio.Cancelled)
    if cancelled is None:
        return Failed(error)
    for lease in leases if rest is not None else ():
        lease.cleanup_error = rest
    # Alone, since the scope that was cancelled takes out nothing but this: the rest would go on, as a crash of ours.
    raise cancelled from None


def _not_run(answer: object) -> TypeError:
    """What is wrong with an answer that would only do something if somebody awaited it, or went through it."""
    if isinstance(answer, CoroutineType | GeneratorType):
        answer.close()  # Otherwise Python warns of it, some time later and somewhere else.
    kind = type(answer).__name__
    if isinstance(answer, GeneratorType | AsyncGeneratorType):
        return TypeError(
            f"the handler returned a {kind}, which nobody goes through: do that inside, and return the answer"
        )
    return TypeError(
        f"the handler returned a {kind}, which nobody awaits: await it in an async handler of a Runtime, where what is "
        "wrapped round the handler has to be async as well"
    )


def awaitable(function: Callable[[E], object]) -> Run[E]:
    """The handler itself if it is async; else one that runs it in a worker thread.

    Raises:
        TypeError: it is neither, see `check_runs`.
    """
    check_runs(function)
    if is_async(function):
        return cast("Run[E]", function)

    async def run_in_thread(argument: E) -> object:
        leases = _leases_of(argument)
        try:
            # Abandoned when its time to stop has run out: the thread can't be interrupted, but its answer counts no
            # more. What it has is handed back, so somebody else will own it.
            return await trio.to_thread.run_sync(_begin, function, argument, leases, abandon_on_cancel=True)
        except trio.Cancelled:
            for lease in leases:
                lease.tell()
            raise

    return run_in_thread


def _leases_of(given: object) -> Sequence[Lease]:
    return [event.lease for event in (given if isinstance(given, list) else [given]) if isinstance(event, Event)]


def _begin(function: Callable[[E], object], argument: E, leases: Sequence[Lease]) -> object:
    """Run a handler in the thread that was free for it at last, unless nothing of what it gets is ours any more."""
    # First this, then the look: whoever tells the leases looks the other way round, so one of the two sees the other.
    for lease in leases:
        lease.let_finish()
    if leases and all(lease.lost for lease in leases):
        return False  # Not heard by anybody: whoever owns it now handles it.
    return function(argument)


def check_runs(function: object) -> None:
    """Look whether a handler can run.

    Raises:
        TypeError: it can't be called with one argument, or calling it runs nothing of it: it is a generator function.
    """
    if not callable(function):
        raise TypeError(f"a handler is a function that takes an event, not {function!r}")
    if not _may_take_one(function):
        raise TypeError(f"{name_of(function)} is called with one argument, what it is to handle: that does not fit it")
    if _is(inspect.isgeneratorfunction, function) or _is(inspect.isasyncgenfunction, function):
        raise TypeError(
            f"{name_of(function)} has a 'yield', so calling it runs nothing of it: a handler returns its answer"
        )


def _may_take_one(function: AnyHandler) -> bool:
    """Not: does take one. What a decorator says of itself may be what it wraps, and a builtin may say nothing."""
    if hasattr(function, "__signature__"):
        return True
    try:
        signature = inspect.signature(function, follow_wrapped=False)
    except (TypeError, ValueError):
        return True
    try:
        signature.bind(None)
    except TypeError:
        return False
    return True


def is_async(function: object) -> bool:
    """Whether calling this gives something to await."""
    return _is(inspect.iscoroutinefunction, function)


def _is(kind: Callable[[object], bool], function: object) -> bool:
    while isinstance(function, partial):
        function = function.func
    return kind(function) or kind(getattr(function, "__call__", None))  # noqa: B004


def name_of(function: object) -> str:
    """How messages call a handler."""
    return str(getattr(function, "__qualname__", function))
