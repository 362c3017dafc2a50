"""Readers without a group: each sees every event of its stream, whoever else reads it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from typing import Final, Literal, TypeVar, cast

from attrs import define, field, frozen, validators
from typing_extensions import TypedDict, Unpack

from ..actors import GroupSettings, OnStreamLost, ReaderPlan, ReaderSettings, RetryPolicy, Rules, Work
from ..wire import EntryId, Retry, instance, number, whole, whole_or_none
from ._codec import Codec
from ._dispatch import AnyHandler, Function, Reader, Routes, awaitable, name_of, one_by_one
from ._errors import HandlerConflict
from ._names import expand
from ._options import Start, check_max_deliveries, conflict, one_of, parse_start
from ._typed import Structure

F = TypeVar("F", bound=AnyHandler)

ON_STREAM_LOST: Final[tuple[OnStreamLost, ...]] = ("resume", "fail")
"""What may be said of a lost stream."""

MAX_DELIVERIES: Final = 16
"""As many as for a handler; but nothing else is handled meanwhile, so with the default delays it takes four minutes and
no night: an outage that is shorter gives up nothing, and an event that always fails holds up the others as long."""


@frozen
class ReaderOptions:
    """How one reader without a group reads.

    Attributes:
        start: where it begins: "0" (everything), "$" (what comes from now on), an id (after it), a time (from it on).
            One that has a checkpoint goes on there instead. Beyond the end is the end.
        count: entries in one read at most.
        block_ms: how long one read waits for new entries.
        drain_seconds: how long a stop waits for the handler that runs.
        max_deliveries: an event that has failed so often is given up, as counted by this process; None: it is tried for
            ever, and nothing behind it is handled.
        retry_policy: when it is tried again. Nothing behind it is handled meanwhile.
        checkpoint_events: so many events are handled at most before the checkpoint is written.
        checkpoint_seconds: it is written after so many seconds at most, if there is something to write.
        on_stream_lost: what becomes of a reader whose stream is another one by now: it reads on where nothing new is
            skipped ("resume"), or the runtime ends with `StreamLost` ("fail").
    """

    start: EntryId | Literal["$"] = field(default="$", converter=parse_start)
    count: int = field(default=100, validator=[whole, validators.ge(1)])
    block_ms: int = field(default=5000, validator=[whole, validators.ge(1)])
    drain_seconds: float = field(default=8.0, validator=[number, validators.ge(0)])
    max_deliveries: int | None = field(default=MAX_DELIVERIES, validator=[whole_or_none, check_max_deliveries])
    retry_policy: RetryPolicy = field(
        default=RetryPolicy(immediate=1, delay_seconds=0.5, max_delay_seconds=30.0),
        validator=instance(RetryPolicy),
    )
    checkpoint_events: int = field(default=100, validator=[whole, validators.ge(1)])
    checkpoint_seconds: float = field(default=1.0, validator=[number, validators.gt(0)])
    on_stream_lost: OnStreamLost = field(default="resume", validator=one_of(ON_STREAM_LOST))


class ReaderOptionsKeywords(TypedDict, total=False):
    """The same options as keywords of `Runtime.reader`."""

    start: Start
    count: int
    block_ms: int
    drain_seconds: float
    max_deliveries: int | None
    retry_policy: RetryPolicy
    checkpoint_events: int
    checkpoint_seconds: float
    on_stream_lost: OnStreamLost


@define
class _Reader:
    stream: str
    name: str
    options: ReaderOptions
    routes: Routes = field(factory=Routes)


@define
class Readers:
    """All readers of a runtime, in the order in which they were registered."""

    codec: Codec
    structure: Structure
    retry: Retry
    own_name: Callable[[], str]
    _noted: list[_Reader] = field(factory=list["_Reader"], init=False)

    def add(
        self,
        stream: str,
        name: str | None,
        function: AnyHandler,
        event_types: Iterable[str | type] | None,
        options: ReaderOptions | None,
    ) -> None:
        """Note a handler. Those of one name are one reader; without a name each is one by itself.

        Raises:
            HandlerConflict: another handler is meant for the same events, or wants other options for the reader.
        """
        if name == "":
            raise ValueError("a reader has a name that is not empty, or None")
        known = "" if name is None else expand(name, whose="reader")
        reader = self._find(stream, known) or _Reader(stream, known, options or ReaderOptions())
        if options is not None and reader.options != options:
            raise conflict(f"reader {known} of {stream}", reader.options, options)
        reader.routes.add(name_of(function), awaitable(cast("Function", function)), event_types)
        if reader not in self._noted:
            self._noted.append(reader)

    def options(self, stream: str, name: str | None) -> ReaderOptions:
        """How this reader, which was noted last if it has no name, reads."""
        known = "" if name is None else expand(name, whose="reader")
        return next(each.options for each in reversed(self._noted) if (each.stream, each.name) == (stream, known))

    def plans(self, groups: Sequence[GroupSettings]) -> Sequence[ReaderPlan]:
        """The plan of each, made anew for each run of the runtime.

        Raises:
            HandlerConflict: a reader is called as one of these groups of its stream: they would share dead letters.
        """
        taken = {(group.stream, group.group) for group in groups}
        for each in self._noted:
            if (each.stream, each.name) in taken:
                raise HandlerConflict(f"{each.name} is a group of {each.stream}: give the reader another name")
        return [self._plan(number, reader) for number, reader in enumerate(self._noted, 1)]

    def _find(self, stream: str, name: str) -> _Reader | None:
        return next((each for each in self._noted if name and (each.stream, each.name) == (stream, name)), None)

    def _plan(self, number: int, reader: _Reader) -> ReaderPlan:
        options = reader.options
        makes = Reader(reader.stream, self.codec, self.structure, reader.name.encode())
        settings = ReaderSettings(
            reader.stream,
            reader.name,
            self.own_name(),
            options.start,
            count=options.count,
            block_ms=options.block_ms,
            drain_seconds=options.drain_seconds,
            note_events=options.checkpoint_events,
            note_seconds=options.checkpoint_seconds,
            rules=Rules(options.max_deliveries, options.retry_policy),
            on_stream_lost=options.on_stream_lost,
            retry=self.retry,
        )
        work = Work(handle=one_by_one(makes, reader.routes), identify=makes.identify)
        return ReaderPlan(reader.name or f"#{number}", settings, work)


class Reads(ABC):
    """The part of a runtime that has readers."""

    _readers: Readers

    @abstractmethod
    def _reader_stream(self, stream: str | None) -> str:
        """The stream that is meant; raises where it is too late for readers."""

    def reader(
        self,
        stream: str | None = None,
        *,
        name: str | None = None,
        event_types: Iterable[str | type] | None = None,
        **options: Unpack[ReaderOptionsKeywords],
    ) -> Callable[[F], F]:
        """Decorator: this function sees every event of a stream, in this process, whoever else handles it.

        Events come one after the other, in the order of the stream. What fails is tried again before the next begins.

        Args:
            stream: where to read; None: what the configuration says.
            name: under which the position is kept in Redis, so that a restart goes on there; ``{host}``, ``{pid}`` and
                ``{env:NAME}`` in it are filled in. Each process needs a name of its own. None: nothing is kept, and
                each start begins at `start`.
            event_types: names, or attrs classes whose instances the payload then is; None: whatever no other handler
                of the reader is meant for. Events that no handler is meant for are passed over.
            options: see `ReaderOptions`; they hold for the reader, so say them with its first handler.

        The function gets an `Event`, as that of `Runtime.handler` does, and answers likewise: None or anything true is
        done, anything false has failed. Without a name each function is a reader by itself.
        """

        def register(function: F) -> F:
            self.add_reader(stream, function, name=name, event_types=event_types, **options)
            return function

        return register

    def add_reader(
        self,
        stream: str | None,
        function: AnyHandler,
        *,
        name: str | None = None,
        event_types: Iterable[str | type] | None = None,
        **options: Unpack[ReaderOptionsKeywords],
    ) -> None:
        """As `reader`, called plainly. Readers are added before the runtime starts."""
        chosen = ReaderOptions(**options) if options else None
        self._readers.add(self._reader_stream(stream), name, function, event_types, chosen)
