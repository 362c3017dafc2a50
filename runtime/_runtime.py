"""The runtime: what a Trio application embeds to publish and to handle events."""

from __future__ import annotations

import math
import os
import signal
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from types import TracebackType
from typing import TypeVar

import trio
from attrs import evolve
from typing_extensions import Self, Unpack, override

from ..actors import (
    Backoff,
    Child,
    Durability,
    Gate,
    Health,
    Limits,
    Patience,
    Snapshot,
    Stage,
    Supervision,
    Supervisor,
    WhenAway,
    group_child,
    guarded,
    health_of,
    nest,
    readers_children,
    run_root,
    stream_children,
)
from ..wire import Client, EntryId, RedisCommands, Retry, ServerAddress, Timeouts
from ._codec import Codec, Content, JsonCodec, written
from ._config import Config
from ._consumer_group import ConsumerGroup
from ._dead_letters import DeadLetters
from ._dispatch import AnyHandler, RunBatch
from ._errors import NotRunning
from ._event import Json, NewEvent
from ._log import Observer, log_event
from ._options import GroupOptions, GroupOptionsKeywords
from ._plans import Plans
from ._ports import Ports
from ._publishing import Publishing
from ._readers import Readers, Reads
from ._running import Running, Up, check_trio
from ._schedules import Schedules
from ._stream_options import StreamOptions, StreamOptionsKeywords
from ._typed import Structure, type_name
from ._unwrap import unwrapped

F = TypeVar("F", bound=AnyHandler)


class Runtime(Reads):
    """Streams, groups and handlers of one application, on one Redis.

    ::

        runtime = Runtime("redis://localhost:6379")

        @runtime.handler("orders", group="billing")
        async def bill(event):
            ...

        async with runtime:
            await runtime.publish("orders", {"total": 12}, event_type="order.placed")

    It runs as ``async with``, in a nursery (``await nursery.start(runtime.run)``), or until a signal comes
    (``trio.run(runtime.serve)``). Leaving the block, cancelling the nursery, the signal: each drains before it returns.
    Two runtimes live side by side in one process; there is no global state.

    Args:
        url: ``redis://``, ``rediss://`` or ``unix://``, with user, password, ``?db=`` and ``?client_name=`` as needed.
        codec: how events are written to and read from fields; yours, to read what other programs write.
        timeouts: how long a connection, a reply and a late blocking read may take, in seconds.
        retry: how often the first connection is tried, and how long to wait between tries, then and ever after.
        limits: restarts of crashed actors before the runtime gives up and raises `RestartLimitExceeded`.
        backoff: how long a crashed actor waits before it starts again.
        publish_seconds: how long `publish` waits for Redis.
        when_away: what `publish` does while there is no connection: "wait" for one, or "fail" at once with `RedisAway`.
        observer: hears typed events of everything that happens; logs them by default.
        ports: clock, randomness and dialling, for simulations.

    Raises:
        AddressError: the URL is none.
    """

    def __init__(
        self,
        url: str = "redis://localhost:6379",
        *,
        codec: Codec | None = None,
        timeouts: Timeouts | None = None,
        retry: Retry | None = None,
        limits: Limits | None = None,
        backoff: Backoff | None = None,
        publish_seconds: float = 30.0,
        when_away: WhenAway = "wait",
        observer: Observer = log_event,
        ports: Ports | None = None,
    ) -> None:
        if not publish_seconds > 0:
            raise ValueError(f"publish_seconds must be more than 0, not {publish_seconds!r}")
        if when_away not in ("wait", "fail"):
            raise ValueError(f"when_away must be 'wait' or 'fail', not {when_away!r}")
        self.address = ServerAddress.parse(url)
        self.config: Config | None = None
        """What the runtime was made from, if it was made by `from_config`."""
        self.structure = Structure()
        self._codec = codec or JsonCodec()
        self._timeouts = timeouts or Timeouts()
        self._retry = retry or Retry()
        self._publish_seconds = publish_seconds
        self._observer = guarded(observer)
        self._ports = ports or Ports()
        self._supervision = Supervision(
            self._ports.rng, self._observer, limits=limits or Limits(), backoff=backoff or Backoff()
        )
        self._plans = Plans(self._codec, self.structure, self._retry, self._ports.own_name, when_away)
        self._readers = Readers(self._codec, self.structure, self._retry, self._ports.own_name)
        self._ids = self._ports.rng("event-ids")
        self._running: Running | None = None
        self._root: Supervisor | None = None
        self._entered: AbstractAsyncContextManager[None] | None = None

    @classmethod
    def from_config(
        cls, config: Config | str | Path, *, codec: Codec | None = None, observer: Observer = log_event
    ) -> Self:
        """A runtime as a configuration says, or a YAML file, which the environment variables override.

        Its stream and group are those of handlers and events that name none.

        Raises:
            ConfigError: the file can't be used; the message names each key at fault.
        """
        known = config if isinstance(config, Config) else Config.load(config)
        runtime = cls(
            known.url,
            codec=codec,
            timeouts=known.timeouts.policy(),
            retry=known.retry.policy(),
            limits=known.limits.policy(),
            publish_seconds=known.producer.publish_seconds,
            when_away=known.producer.waits,
            observer=observer,
        )
        runtime.config = known
        if known.producer.stream is not None:
            runtime._plans.add_stream(known.producer.stream, known.producer.options())
        runtime._plans.add_retention(known.producer.stream or known.consumer.stream, known.retention.policy())
        return runtime

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> Self:
        """A runtime as ``REDIS_URL``, ``STREAM_NAME``, ``CONSUMER_GROUP`` and ``CONSUMER_NAME`` say.

        Raises:
            ConfigError: one of them can't be used.
        """
        return cls.from_config(Config.from_environment(environ))

    # What is handled

    def handler(
        self,
        stream: str | None = None,
        group: str | None = None,
        *,
        event_types: Iterable[str | type] | None = None,
        **options: Unpack[GroupOptionsKeywords],
    ) -> Callable[[F], F]:
        """Decorator: this function handles events of a stream, as a member of a consumer group.

        Args:
            stream: where to read; None: what the configuration says.
            group: the consumer group; each of its events is handled by one of its members. None: as configured.
            event_types: names, or attrs classes whose instances the payload then is; None: whatever no other handler
                of the group is meant for. Events that no handler is meant for are acknowledged and passed over.
            options: see `GroupOptions`; they hold for the group, so say them with its first handler.

        The function gets an `Event` (with ``batch=``: a list of them). It may be async, or plain: then it runs in a
        worker thread. Returning None or anything true acknowledges; False or an exception leaves the event to be
        delivered again. With ``batch=`` it may also return a list with an answer for each event.
        """

        def register(function: F) -> F:
            self.add_handler(stream, group, function, event_types=event_types, **options)
            return function

        return register

    def add_handler(
        self,
        stream: str | None,
        group: str | None,
        function: AnyHandler,
        *,
        event_types: Iterable[str | type] | None = None,
        **options: Unpack[GroupOptionsKeywords],
    ) -> None:
        """As `handler`, called plainly. Handlers are added before the runtime starts."""
        self._require_not_running()
        configured = self.config.group_options() if self.config is not None and group is None else None
        if configured is not None:
            chosen: GroupOptions | None = evolve(configured, **options)
        else:
            chosen = GroupOptions(**options) if options else None
        self._plans.add_handler(*self._group_names(stream, group), function, event_types, chosen)

    def _require_not_running(self) -> None:
        if self._running is not None:
            raise NotRunning("handlers are added before the runtime starts: this one is running already")

    @override
    def _reader_stream(self, stream: str | None) -> str:
        self._require_not_running()
        known = self.config or Config()
        return stream or _required(known.consumer_stream, "stream", "STREAM_NAME")

    def add_runner(
        self, stream: str, group: str, run: RunBatch, event_types: Iterable[str | type] | None, options: GroupOptions
    ) -> Gate:
        """As `add_handler`, for one who answers a batch with a verdict for each event, or for the first of them.

        Returns:
            What is closed while the group is paused.
        """
        return self._plans.add_runner(stream, group, run, event_types, options)

    def stream(self, name: str, **options: Unpack[StreamOptionsKeywords]) -> None:
        """Say what holds for a stream, before it is first used.

        Args:
            name: the stream.
            options: see `StreamOptions`: `max_length`, `publish_once`, `dedup_seconds`, `durability`.

        Raises:
            HandlerConflict: something else was said already, or it is in use without that: it has been published to, or
                has handlers.
            ValueError: an option is out of its range.
        """
        said = StreamOptions(**options)
        if self._running is not None:
            self._running.publishing.check_in_time(name, said)
        self._plans.add_stream(name, said)

    # What is published

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
        """Publish one event and wait until Redis has it.

        Args:
            stream: where to; None: what the configuration says.
            payload: an instance of an attrs class, whose name is the event's type; or a dict, with ``event_type``.
            event_type: what kind of event this is.
            metadata: what is to be said about the event, beside its payload.
            event_id: the event's own identity. An event that was given one is appended once: published again under it
                within `dedup_seconds`, by whom ever, it is not appended, and the id of the first is returned. A new one
                is drawn when it is empty.
            durability: how safe the event is to be before this returns; None: as the stream's.

        Returns:
            The id that Redis gave to the entry.

        Raises:
            PublishIndeterminate: the event was on its way when the connection broke, or the time was up: it may have
                been published. The runtime has tried again, if it was given an `event_id` or the stream is
                `publish_once`.
            NotDurable: the event was published, but did not become as safe as it shall be in time.
            DurabilityUnavailable: the server can't make it so. The event was not published.
            PublishTimeout: Redis was not there for `publish_seconds`. The event was not published.
            RedisAway: likewise, at once, for those who don't want to wait.
            redis.exceptions.ResponseError: Redis refused it, for instance for lack of memory.
            TypeError: the payload can't be written as JSON, or by the codec, or there is no event type.
            ValueError: the durability is none.
        """
        known_id = event_id or self._new_id()
        fields = self._fields(event_type or type_name(type(payload)), payload, metadata, known_id)
        publishing = self._require_running().publishing
        ids = await publishing.append(
            stream or self._own_stream(), [fields], [known_id], named=bool(event_id), durability=durability
        )
        return ids[0]

    async def publish_many(
        self, stream: str | None, events: Iterable[object], *, durability: Durability | str | None = None
    ) -> Sequence[EntryId]:
        """Publish events in this order and wait until Redis has them all; much faster than one by one.

        Args:
            stream: where to; None: what the configuration says.
            events: `NewEvent`s, or instances of attrs classes. If one of them was given an `event_id`, all of them are
                appended once.
            durability: as for `publish`.

        Returns:
            The ids, in the order of the events.

        Raises:
            PublishIncomplete: some were published and others were not. It has the ids, and why: what Redis refused, or
                what befell a part of a thousand; those after that part are not sent.
            PublishIndeterminate: as for `publish`. It has the ids of the parts before, which are there.
            Exception: otherwise as `publish`, and none was published.
        """
        known = list(events)
        named = any(isinstance(event, NewEvent) and event.event_id for event in known)
        event_ids = [(event.event_id if isinstance(event, NewEvent) else "") or self._new_id() for event in known]
        fields = list(map(self._fields_of, known, event_ids))
        publishing = self._require_running().publishing
        return await publishing.append_list(
            stream or self._own_stream(), fields, event_ids, named=named, durability=durability
        )

    def _new_id(self) -> str:
        return f"{self._ids.getrandbits(128):032x}"

    def _fields_of(self, event: object, event_id: str) -> Sequence[bytes]:
        if isinstance(event, NewEvent):
            return self._fields(event.event_type, event.payload, event.metadata, event_id)
        return self._fields(type_name(type(event)), event, None, event_id)

    def _fields(
        self,
        event_type: str,
        payload: object,
        metadata: Mapping[str, Json] | None,
        event_id: str,
        at_ms: int | None = None,
    ) -> Sequence[bytes]:
        if not isinstance(event_type, str):
            raise TypeError(f"event_type is a str, not {event_type!r}")
        if not isinstance(event_id, str):
            raise TypeError(f"event_id is a str, not {event_id!r}")
        if metadata is not None and not isinstance(metadata, Mapping):
            raise TypeError(f"metadata is a mapping, as {{'source': 'web'}}, not {metadata!r}")
        return written(
            self._codec,
            Content(
                event_id,
                event_type,
                self.structure.to_json(payload),
                metadata or {},
                self._ports.wall_clock_ms() if at_ms is None else at_ms,
            ),
        )

    def _own_stream(self) -> str:
        return _required((self.config or Config()).producer.stream, "stream", "STREAM_NAME")

    # Its life

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Run until cancelled or stopped; then drain. ``await nursery.start(runtime.run)`` returns when all is up.

        Raises:
            ConnectFailed: the server could not be reached at the start. Later outages are waited out.
            NotRunning: it was stopped before it was up, and somebody waits for that.
            RestartLimitExceeded: an actor kept crashing.
        """
        check_trio()
        if self._running is not None:
            raise NotRunning("this runtime is running already; make a second one to run two")
        client = Client(
            self.address,
            dial=self._ports.dial,
            timeouts=self._timeouts,
            retry=self._retry,
            rng=self._ports.rng("link"),
            on_event=self._observer,
        )
        with unwrapped():
            await self._run(client, task_status)

    async def _run(self, client: Client, task_status: trio.TaskStatus[None]) -> None:
        patience = Patience(self._publish_seconds)

        async def link(stage: Stage) -> None:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(patience.run)
                await nursery.start(client.run)
                stage.started()
                await stage.wait_draining()
                nursery.cancel_scope.cancel()

        plans = self._plans.all()
        tree = self._supervision
        streams = tree.supervisor("streams", [child for plan in plans for child in stream_children(plan, client, tree)])
        groups = [group_child(group, client, tree) for plan in plans for group in plan.groups]
        readers = self._readers.plans([each.settings for plan in plans for each in plan.groups])
        root = tree.supervisor(
            "root",
            [
                Child("redis", link, start_timeout_seconds=math.inf),
                nest("streams", streams, vital=True),
                tree.nested("groups", groups, together=True),
                *readers_children(readers, client, tree),
            ],
        )
        with trio.CancelScope() as scope:
            publishing = Publishing(client, self._plans, streams, tree, patience)
            for plan in plans:
                publishing.started(plan)
            self._running, self._root = Running(client, root, scope, publishing), root
            up = Up(task_status)
            try:
                await run_root(root, observer=self._observer, task_status=up)
            finally:
                self._running = None
                publishing.close()
        up.raise_if_never()

    def stop(self, *, at_once: bool = False) -> None:
        """Begin a graceful stop: intake ends, what is held is finished and settled, the rest is handed back.

        From any thread: a plain handler runs in one of its own. Saying it again changes nothing, but for `at_once`.

        Args:
            at_once: cancel the handlers that run instead of waiting for them, also of a stop that is under way. What
                they worked on is handed back; for that and for settling there are two seconds, then everything is cut.
        """
        if self._running is not None:
            self._running.stop(at_once=at_once)

    async def wait_stopped(self) -> None:
        """Wait until the runtime has stopped, or until it is to stop: for the body of ``async with runtime:``."""
        if self._running is not None:
            await self._running.stopping.wait()

    async def serve(self) -> None:
        """Run until SIGTERM or SIGINT, then drain: ``trio.run(runtime.serve)`` is a whole consumer process.

        A second signal cuts the drain short: see `stop`, `at_once`.
        """
        with unwrapped():
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._stop_on_signal)
                await self.run()
                nursery.cancel_scope.cancel()

    async def __aenter__(self) -> Self:
        """Start, and return when everything is up."""
        check_trio()
        self._entered = self._in_background()
        await self._entered.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool | None:
        """Drain and stop."""
        entered, self._entered = self._entered, None
        return await entered.__aexit__(kind, error, traceback) if entered is not None else None

    def dead_letters(self, stream: str | None = None, group: str | None = None) -> DeadLetters:
        """The dead letters of a group, to look at, mend, give back or throw away, while the runtime runs.

        Args:
            stream: the group's stream; None: what the configuration says.
            group: the consumer group; None: as configured.
        """
        return DeadLetters(self.client, *self._group_names(stream, group))

    def group(self, stream: str | None = None, group: str | None = None) -> ConsumerGroup:
        """A consumer group as a whole: to pause it, and to have it go on.

        Args:
            stream: the group's stream; None: what the configuration says.
            group: the consumer group; None: as configured.
        """
        names = self._group_names(stream, group)
        return ConsumerGroup(lambda: self.client, *names, self._plans.gate(*names), self._call)

    def _call(self, function: Callable[[], None]) -> None:
        """In the thread of the run, if it runs."""
        if self._running is None:
            function()
        else:
            self._running.call(function)

    def _group_names(self, stream: str | None, group: str | None) -> tuple[str, str]:
        known = self.config or Config()
        stream_name = stream or _required(known.consumer_stream, "stream", "STREAM_NAME")
        return stream_name, group or _required(known.consumer.group, "group", "CONSUMER_GROUP")

    def schedules(self, stream: str | None = None) -> Schedules:
        """What is to be published to a stream later, to add to, look at and cancel, while the runtime runs.

        Args:
            stream: where to; None: what the configuration says.
        """
        publishing, clock = self._require_running().publishing, self._ports.wall_clock_ms
        return Schedules(publishing, stream or self._own_stream(), self._fields, self._new_id, clock)

    def health(self, patience_seconds: float = 60.0) -> Health:
        """Whether all actors get on with their work, for whoever restarts this process when it does not.

        It follows what comes of the work, in answered reads and settled events, so a connection that answers a PING
        while nothing is consumed does not look healthy, and an outage of Redis looks as what it is. To be called in
        the runtime's thread.

        Args:
            patience_seconds: how long something may be overdue; longer than your longest handler takes.
        """
        if self._running is None or self._root is None:
            return Health(("the runtime does not run",))
        return health_of(self._root.snapshot(), trio.current_time(), patience_seconds)

    def snapshot(self) -> Snapshot | None:
        """The tree of actors as it is now, also when one of them is stuck; None before the first start."""
        return self._root.snapshot() if self._root is not None else None

    @property
    def client(self) -> Client:
        """The link that the runtime's actors share, with typed stream commands."""
        return self._require_running().client

    @property
    def redis(self) -> RedisCommands:
        """Every Redis command, as redis-py spells it, on the runtime's own link: ``await runtime.redis.get(...)``."""
        return self._require_running().client.redis

    def _require_running(self) -> Running:
        if self._running is None:
            raise NotRunning("the runtime is not running: use it inside 'async with runtime:'")
        return self._running

    @asynccontextmanager
    async def _in_background(self) -> AsyncIterator[None]:
        with unwrapped():
            async with trio.open_nursery() as nursery:
                await nursery.start(self.run)
                try:
                    yield
                finally:
                    self.stop()

    async def _stop_on_signal(self) -> None:
        with trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
            again = False
            async for _ in signals:
                self.stop(at_once=again)
                again = True


def _required(name: str | None, what: str, variable: str) -> str:
    if not name:
        raise ValueError(f"no {what} is named: give its name, or say it in the configuration or in {variable}")
    return name
