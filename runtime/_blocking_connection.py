"""A connection of the blocking face: a runtime in the background, which producers and managers may share."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import TypeVar
from weakref import finalize

from typing_extensions import Self, Unpack

from ..actors import WhenAway
from ..wire import Arg, Client, Reply, Retry, Timeouts
from ._background import Background
from ._codec import Codec
from ._config import Config
from ._log import Observer, log_event
from ._runtime import Runtime
from ._stream_options import StreamOptions, StreamOptionsKeywords

T = TypeVar("T")


class RedisConnection:
    """A connection to Redis that retries with exponential backoff and full jitter. Opened when it is first used.

    ::

        with RedisConnection("redis://localhost:6379", max_retries=5) as connection:
            producer = StreamProducer(connection=connection, stream_name="orders")

    The first connection is tried `max_retries` times more before `ConnectFailed` is raised. Later, outages are waited
    out: commands wait for the next connection, within their own time limits.

    Args:
        url: as for `Runtime`.
        max_retries: tries after the first; None: no end.
        retry_base_delay: the longest first delay in seconds; it doubles from try to try.
        retry_max_delay: the longest delay in seconds.
        timeouts: how long a connection and a reply may take.
        codec: how events are written to and read from fields.
        publish_seconds: how long publishing waits for Redis.
        when_away: what publishing does while there is no connection: "wait" for one, or "fail" at once (`RedisAway`).
        observer: hears typed events of everything that happens; logs them by default.

    Raises:
        AddressError: the URL is none.
        ValueError: a number is out of its range.
    """

    def __init__(
        self,
        url: str = "redis://localhost:6379",
        *,
        max_retries: int | None = 5,
        retry_base_delay: float = 0.1,
        retry_max_delay: float = 30.0,
        timeouts: Timeouts | None = None,
        codec: Codec | None = None,
        publish_seconds: float = 30.0,
        when_away: WhenAway = "wait",
        observer: Observer = log_event,
    ) -> None:
        retry = Retry(max_retries, retry_base_delay, retry_max_delay)
        self._runtime = Runtime(
            url,
            retry=retry,
            timeouts=timeouts,
            codec=codec,
            publish_seconds=publish_seconds,
            when_away=when_away,
            observer=observer,
        )
        self._background = Background(self._runtime)
        # Its thread knows nothing of this object, and would keep the connection for ever. An exit ends it anyway.
        user = f"a connection to {self.address}, or the producer or manager that has it,"
        finalize(self, self._background.forget, user).atexit = False

    @classmethod
    def from_config(cls, config: Config) -> Self:
        """A connection as a configuration says."""
        retry = config.retry
        return cls(
            config.url,
            max_retries=retry.max_retries,
            retry_base_delay=retry.base_delay,
            retry_max_delay=retry.max_delay,
            timeouts=config.timeouts.policy(),
            publish_seconds=config.producer.publish_seconds,
            when_away=config.producer.waits,
        )

    @property
    def address(self) -> str:
        """The server, without its password."""
        return str(self._runtime.address)

    def ping(self) -> bool:
        """Whether the server answers.

        Raises:
            ConnectFailed: it can't be reached.
        """
        return self.execute("PING") == b"PONG"

    def execute(self, *args: Arg) -> Reply:
        """Send any command, word by word, and return its reply as it comes."""
        return self.call(lambda client: client.call(*args))

    def call(self, function: Callable[[Client], Awaitable[T]]) -> T:
        """Run an async function with the connection's client, in the background thread; returns what it returns."""
        return self._background.call(lambda: function(self._runtime.client))

    def call_runtime(self, function: Callable[[Runtime], Awaitable[T]]) -> T:
        """Run an async function with the connection's runtime, in the background thread; returns what it returns."""
        return self._background.call(lambda: function(self._runtime))

    def prepare_stream(self, stream: str, **options: Unpack[StreamOptionsKeywords]) -> StreamOptions:
        """Note what holds for a stream, before it is first published to; see `Runtime.stream`.

        Returns:
            All that was said of it through this connection.
        """
        self._background.check_process()
        self._runtime.stream(stream, **options)
        return self._runtime._plans.options(stream)  # noqa: SLF001 - of one package

    def close(self) -> None:
        """Finish what is under way and close. Closing twice is fine."""
        self._background.close()

    def __enter__(self) -> Self:
        """The connection itself."""
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        """Close it."""
        self.close()


class Connected:
    """What carries a connection: its own, which it closes, or one that it shares, which it leaves open."""

    def __init__(self, url: str | None, connection: RedisConnection | None) -> None:
        if url is not None and connection is not None:
            raise ValueError("give either a URL or a connection to share, not both")
        self._own = connection is None
        self.connection = connection or RedisConnection(url or "redis://localhost:6379")

    def close(self) -> None:
        """Finish what is under way and close. Closing twice is fine; a shared connection stays open."""
        if self._own:
            self.connection.close()

    def __enter__(self) -> Self:
        """The object itself."""
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        """Close it."""
        self.close()
