"""What was registered with a runtime, and the plans that its tree of actors is built from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import cast

from attrs import Attribute, define, evolve, field

from ..actors import (
    ConsumerSettings,
    Durability,
    Gate,
    GroupPlan,
    GroupSettings,
    MemoryCheckpoint,
    ReclaimSettings,
    RetainerSettings,
    Retention,
    Rules,
    SchedulerSettings,
    StreamPlan,
    WhenAway,
    Work,
)
from ..wire import Retry, instance
from ._codec import Codec
from ._dispatch import (
    AnyHandler,
    BatchFunction,
    Function,
    Reader,
    Routes,
    RunBatch,
    answering,
    awaitable,
    check_runs,
    in_batches,
    name_of,
    one_by_one,
    sifting,
)
from ._errors import HandlerConflict
from ._names import expand
from ._options import GroupOptions, conflict
from ._schedule import stamped
from ._stream_options import StreamOptions
from ._typed import Structure

TICKET_SIZE_MAX = 16
"""Entries in one offer of the reclaimer at most: a consumer takes what it has room for, the rest comes round again."""


@define
class _Group:
    options: GroupOptions
    routes: Routes = field(factory=Routes)
    run_batch: RunBatch | None = None
    prefetch_min: int = 2
    """Enough for every worker to have something while the next read is under way."""
    gate: Gate = field(factory=Gate)


def _check_name(_stream: _Stream, _attribute: Attribute[str], name: str) -> None:
    try:
        name.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError as error:
        raise ValueError(f"the name of a stream can't be written in UTF-8: {error}") from None


@define
class _Stream:
    name: str = field(validator=[instance(str), _check_name])
    options: StreamOptions = StreamOptions()
    groups: dict[str, _Group] = field(factory=dict)


@define
class Plans:
    """Streams, their groups and their handlers, in the order in which they were registered."""

    codec: Codec
    structure: Structure
    retry: Retry
    own_name: Callable[[], str]
    when_away: WhenAway = "wait"
    _streams: dict[str, _Stream] = field(factory=dict, init=False)

    def add_stream(self, name: str, options: StreamOptions) -> None:
        """Note a stream and how it is published to.

        Raises:
            HandlerConflict: it was said otherwise before.
        """
        stream = self._stream(name)
        stream.options = stream.options.joined(name, options)

    def add_retention(self, name: str | None, retention: Retention | None) -> None:
        """Note what a configuration says that its stream keeps, if it says both."""
        if name is not None and retention is not None:
            self.add_stream(name, StreamOptions(retention=retention))

    def options(self, name: str) -> StreamOptions:
        """How a stream is published to."""
        return self._stream(name).options

    def add_handler(
        self,
        stream: str,
        group: str,
        function: AnyHandler,
        event_types: Iterable[str | type] | None,
        options: GroupOptions | None,
    ) -> None:
        """Note a handler.

        Raises:
            HandlerConflict: another handler is meant for the same events, or wants other options for the group.
            TypeError: it is a generator function.
        """
        if not group:
            raise ValueError("a handler needs the name of a consumer group, not an empty string")
        check_runs(function)
        noted = self._group(stream, group, options)
        workers, batch = noted.options.concurrency, noted.options.batch
        noted.prefetch_min = 2 * workers if batch is None else (workers + 1) * batch
        if batch is None:
            noted.routes.add(name_of(function), awaitable(cast("Function", function)), event_types)
        else:
            run = answering(cast("BatchFunction", function))
            self._set_runner(stream, group, noted, name_of(function), run, event_types)
        self._note_group(stream, group, noted)

    def add_runner(
        self, stream: str, group: str, run: RunBatch, event_types: Iterable[str | type] | None, options: GroupOptions
    ) -> Gate:
        """Note somebody who answers the events of a batch one by one; returns what is closed while it is paused."""
        noted = self._group(stream, group, options)
        self._set_runner(stream, group, noted, name_of(run), run, event_types)
        self._note_group(stream, group, noted)
        return noted.gate

    def _group(self, stream: str, group: str, options: GroupOptions | None) -> _Group:
        noted = self._stream(stream).groups.get(group) or _Group(options or GroupOptions())
        if options is not None and noted.options != options:
            raise conflict(f"group {group} of {stream}", noted.options, options)
        return noted

    def _note_group(self, stream: str, group: str, noted: _Group) -> None:
        """Once it has a handler: a group without one acknowledges whatever comes."""
        self._stream(stream).groups[group] = noted

    def _set_runner(
        self,
        stream: str,
        group: str,
        noted: _Group,
        owner: str,
        run: RunBatch,
        event_types: Iterable[str | type] | None,
    ) -> None:
        if noted.run_batch is not None:
            raise HandlerConflict(f"group {group} of {stream} handles batches: it can have one handler only")
        noted.routes.add(owner, None, event_types)
        noted.run_batch = run

    def gate(self, stream: str, group: str) -> Gate | None:
        """What is closed while a group is paused; None: it has no handler here."""
        noted = self._streams[stream].groups.get(group) if stream in self._streams else None
        return None if noted is None else noted.gate

    def group_options(self, stream: str, group: str) -> GroupOptions:
        """How this group, which was noted, reads."""
        return self._stream(stream).groups[group].options

    def all(self) -> Sequence[StreamPlan]:
        """The plan of every stream, made anew for each run of the runtime."""
        return [self.one(name) for name in self._streams]

    def one(self, name: str) -> StreamPlan:
        """The plan of one stream, registered or not."""
        stream = self._stream(name)
        groups = [self._group_plan(name, group_name, group) for group_name, group in stream.groups.items()]
        settings = stream.options.settings(name, None, self.retry, self.when_away)
        return StreamPlan(settings, groups, self.scheduler(name) if groups else None, self.retainer(name))

    def retainer(self, name: str) -> RetainerSettings | None:
        """The plan of the actor that removes what a stream need not keep; None: it keeps all."""
        retention = self._stream(name).options.retention
        return None if retention is None else RetainerSettings(name, retention, self.retry)

    def way(self, name: str, way: Durability) -> StreamPlan:
        """The plan of one more actor for a stream, which publishes in this way."""
        return StreamPlan(self._stream(name).options.settings(name, way, self.retry, self.when_away))

    def scheduler(self, name: str) -> SchedulerSettings:
        """The plan of the actor that moves what is due into a stream."""
        return SchedulerSettings(name, partial(stamped, self.codec), lambda: self.options(name).max_length, self.retry)

    def _stream(self, name: str) -> _Stream:
        if not name:
            raise ValueError("a stream needs a name, not an empty string")
        return self._streams.setdefault(name, _Stream(name))

    def _group_plan(self, stream: str, name: str, group: _Group) -> GroupPlan:
        options = group.options
        memory = MemoryCheckpoint() if options.checkpoint == "memory" else None
        reader = Reader(stream, self.codec, self.structure, name.encode())
        if group.run_batch is not None:
            work = Work(handle_batch=in_batches(reader, group.routes, group.run_batch), identify=reader.identify)
        else:
            work = Work(handle=one_by_one(reader, group.routes), identify=reader.identify)
        work = evolve(work, sift=sifting(reader, group.routes))
        return GroupPlan(
            GroupSettings(
                stream,
                name,
                options.start,
                memory,
                options.on_group_lost,
                reap_idle_ms=options.reclaim.reap_idle_ms if options.reclaim is not None else None,
                retry=self.retry,
            ),
            self._consumers(stream, name, options, group.prefetch_min),
            work,
            self._reclaim(stream, name, options),
            options.dependencies,
            group.gate,
        )

    def _consumers(
        self, stream: str, group: str, options: GroupOptions, prefetch_min: int
    ) -> Sequence[ConsumerSettings]:
        base = expand(options.consumer) if options.consumer else self.own_name()
        delays = options.reclaim is not None
        rules = Rules(options.max_deliveries, options.retry_policy, options.lease_ms / 1000, delays)
        names = [base] if options.consumers == 1 else [f"{base}-{index}" for index in range(options.consumers)]
        return [
            ConsumerSettings(
                stream,
                group,
                name,
                count=options.count,
                prefetch=options.places,
                prefetch_min=prefetch_min,
                block_ms=options.block_ms,
                concurrency=options.concurrency,
                batch=options.batch or options.count,
                lease_ms=options.lease_ms,
                drain_seconds=options.drain_seconds,
                retry=self.retry,
                rules=rules,
                on_lease_lost=options.on_lease_lost,
                delivery=options.delivery,
            )
            for name in names
        ]

    def _reclaim(self, stream: str, group: str, options: GroupOptions) -> ReclaimSettings | None:
        reclaim = options.reclaim
        if reclaim is None:
            return None
        ticket_size = min(TICKET_SIZE_MAX, options.places)
        return ReclaimSettings(stream, group, reclaim.interval_ms, reclaim.min_idle_ms, ticket_size, self.retry)
