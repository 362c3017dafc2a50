"""Handling events without Trio."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import cast

from attrs import evolve
from typing_extensions import Self

from ..actors import HERE, Delivery, Dependency, Gate, RetryPolicy
from ..wire import Retry, Timeouts
from ._background import Background
from ._codec import Codec
from ._config import Config
from ._dispatch import AnyHandler, Function, check_runs, is_async, name_of
from ._errors import NotRunning
from ._hand_over import HandOver
from ._log import Observer, log_event
from ._options import MAX_DELIVERIES, GroupOptions, Reclaim, Start
from ._runtime import Runtime


class StreamConsumer:
    """Handles the events of a stream as a member of a consumer group. A context manager, too.

    ::

        with StreamConsumer("redis://localhost:6379", "orders", "billing", "worker-1") as consumer:
            consumer.subscribe(handle)

    Args:
        redis_url: the server; see `Runtime`.
        stream: where to read.
        group: the consumer group; it is created where it is missing, to begin at `start_id`.
        consumer: this consumer's name, stable across restarts and used by no other process, with ``{host}``, ``{pid}``
            and ``{env:NAME}`` filled in: what a crash left pending under it is handled first. None: made of host and
            process.
        use_redis_checkpoint: keep the checkpoint in Redis; False: in memory, for tests.
        reclaim_enabled: take over entries that others, or this consumer itself, left pending for too long.
        reclaim_interval_ms: time between two looks for them.
        reclaim_min_idle_ms: idle time after which an entry counts as left. What is in hand is renewed at a quarter of
            it.
        reap_idle_ms: with reclaim, consumers that were not heard of for so long and have nothing pending are removed;
            None: never.
        start_id: where a *new* group begins: "0" (everything), "$", an id, or a time.
        block_ms: how long one read waits for new entries.
        count: entries in one read at most.
        prefetch: entries held at most; None: three reads.
        drain_seconds: how long `close` works on what is held.
        max_deliveries: an event that has failed so often goes to the dead letters; None: it comes again for ever.
        retry_policy: when it comes again; None: as `RetryPolicy()` says after an exception, after the idle limit
            where the handler declined.
        dependencies: what the handler needs and may be away: then nothing is begun, and no event is given up for it.
        delivery: "at_most_once" acknowledges each event before it is handled, one by one: it begins once at most, and
            is lost where its handler is cut short.
        max_retries, retry_base_delay, retry_max_delay: see `RedisConnection`.
        timeouts: how long a connection and a reply may take.
        codec: how events are read from fields.
        observer: hears typed events of everything that happens; logs them by default.

    Raises:
        AddressError: the URL is none.
        ValueError: a number is out of its range, or a name is missing.
    """

    def __init__(
        self,
        redis_url: str = "redis://localhost:6379",
        stream: str = "",
        group: str = "",
        consumer: str | None = None,
        *,
        use_redis_checkpoint: bool = True,
        reclaim_enabled: bool = True,
        reclaim_interval_ms: int = 30_000,
        reclaim_min_idle_ms: int = 30_000,
        reap_idle_ms: int | None = 86_400_000,
        start_id: Start = "0",
        block_ms: int = 5000,
        count: int = 100,
        prefetch: int | None = None,
        drain_seconds: float = 8.0,
        max_deliveries: int | None = MAX_DELIVERIES,
        retry_policy: RetryPolicy | None = None,
        dependencies: Sequence[Dependency] = (),
        delivery: Delivery = "at_least_once",
        max_retries: int | None = 5,
        retry_base_delay: float = 0.1,
        retry_max_delay: float = 30.0,
        timeouts: Timeouts | None = None,
        codec: Codec | None = None,
        observer: Observer = log_event,
    ) -> None:
        options = GroupOptions(
            consumer=consumer,
            start=start_id,
            block_ms=block_ms,
            count=count,
            prefetch=prefetch,
            checkpoint="redis" if use_redis_checkpoint else "memory",
            reclaim=Reclaim(reclaim_interval_ms, reclaim_min_idle_ms, reap_idle_ms) if reclaim_enabled else None,
            drain_seconds=drain_seconds,
            max_deliveries=max_deliveries,
            retry_policy=retry_policy,
            dependencies=dependencies,
            delivery=delivery,
        )
        retry = Retry(max_retries, retry_base_delay, retry_max_delay)
        runtime = Runtime(redis_url, retry=retry, timeouts=timeouts, codec=codec, observer=observer)
        self._set_up(runtime, stream, group, options)

    def _set_up(self, runtime: Runtime, stream: str, group: str, options: GroupOptions) -> None:
        if not stream or not group:
            raise ValueError(f"a consumer needs a stream and a group, not stream={stream!r}, group={group!r}")
        self._runtime = runtime
        self._stream, self._group = stream, group
        # What is acknowledged before it is handled, a crash loses: so one by one, as they are handled here.
        self._options = evolve(options, batch=1 if options.delivery == "at_most_once" else options.count)
        self._hand_over = HandOver()
        self._background = Background(self._runtime, on_end=self._hand_over.end)
        self._handler: Function | None = None
        self._subscriber: int | None = None
        """The thread that called `subscribe`; only there handlers run."""
        self._working = threading.Lock()
        """Held while that thread handles events."""

    @classmethod
    def from_config(cls, config: Config | str | Path) -> Self:
        """A consumer as a configuration says, or a YAML file, which the environment variables override.

        Raises:
            ConfigError: the file can't be used.
            ValueError: no stream or no group is named.
        """
        known = config if isinstance(config, Config) else Config.load(config)
        consumer = cls.__new__(cls)
        runtime = Runtime.from_config(known)
        stream, group = known.consumer_stream or "", known.consumer.group or ""
        consumer._set_up(runtime, stream, group, known.group_options())  # noqa: SLF001 - our own
        return consumer

    def subscribe(self, handler: AnyHandler, event_types: Iterable[str | type] | None = None) -> None:
        """Handle events on this thread until somebody closes the consumer. Called once.

        Args:
            handler: gets an `Event`. None or anything true acknowledges it; False or an exception leaves it to be
                delivered again.
            event_types: names, or attrs classes whose instances the payload then is; None: all. Events of other types
                are acknowledged and passed over: they are not for this group.

        Raises:
            ConnectFailed: the server can't be reached.
            TypeError: the handler is async, or a generator function.
            KeyboardInterrupt: Ctrl-C. What was handled is acknowledged; `close` finishes or hands back what is held.
            NotRunning: the consumer is closed, or was subscribed before.
        """
        self._background.check_open()
        check_runs(handler)
        if is_async(handler):
            raise TypeError(
                f"{name_of(handler)} is async, and subscribe() calls handlers on this thread, which awaits nothing: "
                "give it a plain function, or use Runtime"
            )
        if self._subscriber is not None:
            raise NotRunning("this consumer has been subscribed already; make a second one for a second handler")
        self._register(event_types)
        self._subscriber = threading.get_ident()
        self._handler = cast("Function", handler)
        try:
            self._background.start_unless_closed()
            self._work()
        except BaseException:
            self._background.begin_close()
            raise
        self._background.raise_error()

    def pause(self) -> None:
        """Begin no more events until `resume`; when this returns no handler begins. What runs is finished.

        From any thread: what that of `subscribe` is about to call at this moment counts as running. Before `subscribe`
        it has that begin paused. What was read and had not begun is handed back, so that other consumers of the group
        take it. See `ConsumerGroupManager.pause_group` to pause all of them.
        """
        self._set_gate(lambda gate: gate.close(HERE))

    def resume(self) -> None:
        """Go on. From any thread; where the consumer is not paused nothing changes."""
        self._set_gate(lambda gate: gate.open(HERE))

    @property
    def paused(self) -> str:
        """Why nothing begins; "" while the consumer is not paused."""
        return self._hand_over.gate.reason

    def close(self) -> None:
        """Stop reading, finish what is held, acknowledge, and close; closing twice is fine.

        From another thread, from a signal handler or from the handler itself it ends `subscribe`. After Ctrl-C, on the
        thread that subscribed, it handles what is still held, for `drain_seconds` at most; the rest is handed back.
        In a forked child nothing happens.
        """
        if self._background.forked:
            return
        if self._subscriber == threading.get_ident():
            self._background.begin_close()
            # Otherwise it is called by the handler or by a signal handler: `subscribe` goes on below us, and drains.
            if not self._working.locked():
                self._work()
                self._background.close()
            return
        if not self._working.locked():
            self._background.post(self._hand_over.abandon)
        self._background.close()

    def __enter__(self) -> Self:
        """The consumer itself."""
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        """Close it."""
        self.close()

    def _register(self, event_types: Iterable[str | type] | None) -> None:
        with self._background.starting:  # So that who pauses meanwhile waits, or is this very thread's signal handler.
            before = self._hand_over.gate
            self._hand_over.gate = self._runtime.add_runner(
                self._stream, self._group, self._hand_over.run, event_types, self._options
            )
            if before.is_closed:
                self._hand_over.gate.close(HERE)

    def _set_gate(self, change: Callable[[Gate], None]) -> None:
        # No lock is held: in the Trio thread an observer may want to change the gate, too.
        self._background.call_plainly(lambda: change(self._hand_over.gate))

    def _work(self) -> None:
        """Handle what comes until the runtime is at its end."""
        if self._handler is not None and not self._background.over:
            with self._working:
                self._hand_over.work(self._handler)
