"""A runtime that writes history: the production runtime, of which every publishing and every handler's run is noted."""

from __future__ import annotations

import functools
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Literal, cast

import trio
from attrs import frozen
from typing_extensions import Unpack, override

from ...actors import (
    DEDUP_SECONDS,
    DONE,
    ActorEvent,
    Dependency,
    Durability,
    DurabilityUnavailable,
    NotDurable,
    PublishIncomplete,
    RedisAway,
    split_error,
    text_of,
)
from ...runtime import Event, Json, NewEvent, PublishTimeout, Runtime
from ...runtime._dispatch import UNJUDGED, AnyHandler, Run, awaitable, is_async, verdict_of
from ...runtime._options import GroupOptionsKeywords
from ...runtime._readers import ReaderOptionsKeywords
from ...wire import EntryId, LinkEvent, NotConnected, ResponseError
from ..history import AcknowledgesFirst, HandlerEnded, HandlerStarted, Published, Publishing, Told
from ..plan import HANDLER, Fault, Hang, Raise, Site, Slow
from ._failing import place_of
from ._in_hand import IN_HAND
from ._recording_schedules import RecordingSchedules

if TYPE_CHECKING:
    from ._host import Process

Outcome = Literal["done", "failed", "cancelled"]

_NOT_THERE = (ResponseError, NotConnected, PublishTimeout, RedisAway, DurabilityUnavailable)
"""By which a publisher is told for sure that its event is not there, so that it may publish it again."""


class SimulatedFailure(Exception):
    """What a plan makes a handler raise."""


@frozen
class _Whose:
    """Whose handler runs: a group's, or a reader's."""

    name: str
    deliveries_max: int | None
    finishes: bool = False
    is_reader: bool = False
    dependencies: Sequence[Dependency] = ()


class RecordingRuntime(Runtime):
    """The runtime of a simulated process; see `Process.runtime`."""

    def __init__(self, process: Process, url: str, **options: object) -> None:
        options.setdefault("observer", self._hear)
        super().__init__(url, **options)  # type: ignore[arg-type]
        self._process = process
        self._world = process.world
        self._host = process.host.name
        self._drawn = deque[str]()

    def _hear(self, event: ActorEvent | LinkEvent) -> None:
        self._world.note(Told(self._world.now_ms, self._host, event))

    # Handlers

    @override
    def add_handler(
        self,
        stream: str | None,
        group: str | None,
        function: AnyHandler,
        *,
        event_types: Iterable[str | type] | None = None,
        **options: Unpack[GroupOptionsKeywords],
    ) -> None:
        run: Run[object] = awaitable(cast("Callable[[object], object]", function))

        @functools.wraps(function)
        async def recorded(given: object) -> object:
            said = self._plans.group_options(stream or "", group or "")
            finishes = said.on_lease_lost == "finish" or not is_async(function)
            whose = _Whose(group or "", said.max_deliveries, finishes=finishes, dependencies=said.dependencies)
            return await self._run_handler(run, given, whose)

        super().add_handler(stream, group, recorded, event_types=event_types, **options)
        if stream and group:
            said = self._plans.group_options(stream, group)
            self._world.watch_group(stream, group, said.max_deliveries)
            if said.delivery == "at_most_once":
                in_hand = said.consumers * said.concurrency * (said.batch or 1)
                self._world.note(AcknowledgesFirst(self._world.now_ms, self._host, stream, group, in_hand))

    @override
    def add_reader(
        self,
        stream: str | None,
        function: AnyHandler,
        *,
        name: str | None = None,
        event_types: Iterable[str | type] | None = None,
        **options: Unpack[ReaderOptionsKeywords],
    ) -> None:
        run: Run[object] = awaitable(cast("Callable[[object], object]", function))

        @functools.wraps(function)
        async def recorded(given: object) -> object:
            deliveries_max = self._readers.options(stream or "", name).max_deliveries
            return await self._run_handler(run, given, _Whose(name or "", deliveries_max, is_reader=True))

        super().add_reader(stream, recorded, name=name, event_types=event_types, **options)
        if stream and name:
            self._world.watch_reader(stream, name, self._process.host)

    async def _run_handler(self, run: Run[object], given: object, whose: _Whose) -> object:
        events = cast("Sequence[Event[object]]", given if isinstance(given, list) else [given])
        begun = [self._note_start(event, whose) for event in events]
        outcomes: Sequence[Outcome] = ["cancelled"] * len(events)
        error_words, away = "", False
        outside = IN_HAND.set(events[0].event_id if events else "")
        try:
            faults = self._world.strikes.at(self._host, HANDLER)
            await self._meet(faults, before=True)
            answer = await run(given)
            outcomes = _outcomes(answer, len(events))
        except BaseException as error:
            if split_error(error, (trio.Cancelled, *UNJUDGED))[0] is None:
                outcomes = ["failed"] * len(events)
                error_words = f"{type(error).__name__}: {text_of(error)}{place_of(error)}"
                away = any(dependency.explains(error) for dependency in whose.dependencies)
            raise
        finally:
            IN_HAND.reset(outside)
            for started, outcome in zip(begun, outcomes, strict=True):
                self._note_end(started, outcome, error_words, away=away)
        await self._meet(faults, before=False)
        return answer

    async def _meet(self, faults: Sequence[tuple[int, Fault]], *, before: bool) -> None:
        """What the plan has for this run of a handler."""
        for number, fault in faults:
            if not isinstance(fault.when, Site) or fault.when.before is not before:
                continue
            self._world.strikes.strike(number, fault, self._process.host, None)
            match fault.effect:
                case Raise():
                    raise SimulatedFailure("a fault of the plan")
                case Slow(ms=ms):
                    await trio.sleep(ms / 1000)
                case Hang():
                    await self._world.healed.wait()
                case _:
                    await trio.lowlevel.checkpoint()  # from which one that was killed does not come back

    def _note_start(self, event: Event[object], whose: _Whose) -> HandlerStarted:
        payload = event.payload
        started = HandlerStarted(
            self._world.now_ms,
            self._host,
            event.stream,
            whose.name,
            event.event_id,
            event.raw_id,
            event.delivery_count,
            self._world.next_run(),
            _key_of(payload),
            whose.deliveries_max,
            whose.finishes,
            whose.is_reader,
        )
        self._world.note(started)
        return started

    def _note_end(self, started: HandlerStarted, outcome: Outcome, error: str, *, away: bool) -> None:
        if not self._process.is_dead:  # who is dead tells nothing
            where = (started.stream, started.group, started.event_id, started.raw_id)
            self._world.note(HandlerEnded(self._world.now_ms, self._host, *where, started.run, outcome, error, away))

    # Publishing

    @override
    async def publish(
        self,
        stream: str | None,
        payload: object,
        *,
        event_type: str | None = None,
        metadata: Mapping[str, Json] | None = None,
        event_id: str = "",
        durability: Durability | str | None = None,
    ) -> EntryId:
        known_id = event_id or self._draw_id()
        key = _key_of(payload)
        [raw_id] = await self._publishing(
            stream or "",
            [(known_id, key)],
            lambda: super(RecordingRuntime, self).publish(
                stream, payload, event_type=event_type, metadata=metadata, event_id=event_id, durability=durability
            ),
            fails=int(payload.get("fails", 0)) if isinstance(payload, dict) else 0,
            once_ms=self._once_ms(stream or "", durability, named=bool(event_id)),
        )
        return raw_id

    @override
    async def publish_many(
        self, stream: str | None, events: Iterable[object], *, durability: Durability | str | None = None
    ) -> Sequence[EntryId]:
        known = list(events)
        own_ids = [event.event_id if isinstance(event, NewEvent) else "" for event in known]
        return await self._publishing(
            stream or "",
            [(own_id or self._draw_id(), "") for own_id in own_ids],
            lambda: super(RecordingRuntime, self).publish_many(stream, known, durability=durability),
            once_ms=self._once_ms(stream or "", durability, named=any(own_ids)),
        )

    @override
    def schedules(self, stream: str | None = None) -> RecordingSchedules:
        publishing, clock = self._require_running().publishing, self._ports.wall_clock_ms
        made = RecordingSchedules(publishing, stream or self._own_stream(), self._fields, super()._new_id, clock)
        made.process = self._process
        return made

    def _draw_id(self) -> str:
        """The id that the event gets which is published next without one: such a one as a person can read."""
        self._drawn.append(self._world.next_event_id(self._host))
        return self._drawn[-1]

    @override
    def _new_id(self) -> str:
        return self._drawn.popleft()

    def _once_ms(self, stream: str, durability: Durability | str | None, *, named: bool) -> float:
        options = self._plans.options(stream or self._own_stream())
        once = options.way(durability, named=named) is not None
        return 1000 * (options.dedup_seconds or DEDUP_SECONDS) if once else 0.0

    async def publish_undecodable(self, stream: str, event_id: str, key: str) -> EntryId:
        """Write an entry as a program does that knows nothing of us."""

        async def write() -> EntryId:
            return EntryId.of_reply(cast("bytes", await self.client.call("XADD", stream, "*", "written-by", event_id)))

        [raw_id] = await self._publishing(stream, [(event_id, key)], write, undecodable=True)
        return raw_id

    async def _publishing(
        self,
        stream: str,
        events: Sequence[tuple[str, str]],
        publish: Callable[[], Awaitable[EntryId | Sequence[EntryId]]],
        *,
        undecodable: bool = False,
        fails: int = 0,
        once_ms: float = 0.0,
    ) -> Sequence[EntryId]:
        """Note that these events are published, and how it ended."""
        for event_id, key in events:
            begun = Publishing(self._world.now_ms, self._host, stream, event_id, key, undecodable, fails, once_ms)
            self._world.note(begun)
        outcome: Literal["unknown", "refused"] = "unknown"
        ids: Sequence[EntryId] = ()
        words = "cancelled"
        try:
            answer = await publish()
            ids = [answer] if isinstance(answer, EntryId) else answer
        except PublishIncomplete as error:
            ids, words = error.published, str(error)
            raise
        except NotDurable as error:
            ids, words = error.ids, str(error)
            raise
        except _NOT_THERE as error:
            outcome, words = "refused", str(error)
            raise
        except Exception as error:
            words = f"{type(error).__name__}: {error}"
            raise
        finally:
            for place, (event_id, _) in enumerate(events if not self._process.is_dead else ()):
                if len(ids) == len(events):
                    end = Published(
                        self._world.now_ms, self._host, stream, event_id, "acknowledged", str(ids[place]).encode()
                    )
                else:
                    end = Published(self._world.now_ms, self._host, stream, event_id, outcome, None, words)
                self._world.note(end)
        return ids


def _key_of(payload: object) -> str:
    """What an event is about, where it says so under this name."""
    return str(payload.get("key", "") if isinstance(payload, dict) else getattr(payload, "key", ""))


def _outcomes(answer: object, events: int) -> Sequence[Outcome]:
    answers = answer if isinstance(answer, list) and len(answer) == events else [answer] * events
    return ["done" if verdict_of(each) is DONE else "failed" for each in answers]
