"""Publishing without Trio."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from attrs import define, field
from typing_extensions import Self

from ..actors import settings_key
from ..wire import Client
from ._blocking_connection import Connected, RedisConnection
from ._config import Config
from ._event import Json, NewEvent


@define
class Batch:
    """Events that are published together when the ``with producer.batch()`` block ends.

    Attributes:
        ids: what Redis called them, in their order; empty until then.
    """

    ids: Sequence[str] = ()
    _events: list[NewEvent] = field(factory=list, init=False)

    def publish(
        self, event_type: str, payload: object, metadata: Mapping[str, Json] | None = None, *, event_id: str = ""
    ) -> None:
        """Add an event."""
        self._events.append(NewEvent(event_type, payload, metadata, event_id))


class StreamProducer(Connected):
    """Publishes events to one stream, from any thread. A context manager, too.

    Args:
        redis_url: the server; see `Runtime`.
        stream_name: where to publish.
        max_length: about how many entries the stream keeps; None: what `StreamManager.create_stream` said, else all.
        connection: one to share, instead of `redis_url`.

    Raises:
        AddressError: the URL is none.
    """

    def __init__(
        self,
        redis_url: str | None = None,
        stream_name: str = "",
        max_length: int | None = None,
        *,
        connection: RedisConnection | None = None,
    ) -> None:
        if not stream_name:
            raise ValueError("a producer needs the name of a stream: StreamProducer(redis_url=…, stream_name='orders')")
        if max_length is not None and max_length < 1:
            raise ValueError(f"max_length must be 1 or more, or None to keep all entries, not {max_length!r}")
        super().__init__(redis_url, connection)
        self.stream_name = stream_name
        self._max_length = max_length
        self._prepared = False

    @classmethod
    def from_config(cls, config: Config | str | Path) -> Self:
        """A producer as a configuration says, or a YAML file, which the environment variables override.

        Raises:
            ConfigError: the file can't be used.
            ValueError: no stream is named.
        """
        known = config if isinstance(config, Config) else Config.load(config)
        producer = cls(
            stream_name=known.producer.stream or "",
            max_length=known.producer.max_length,
            connection=RedisConnection.from_config(known),
        )
        producer._own = True
        return producer

    def publish(
        self, event_type: str, payload: object, metadata: Mapping[str, Json] | None = None, *, event_id: str = ""
    ) -> str:
        """Publish one event and wait until Redis has it.

        Args:
            event_type: what kind of event this is, as in "price.update".
            payload: a dict, or anything that JSON can say; an instance of an attrs class, too.
            metadata: what is to be said about the event, beside its payload.
            event_id: the event's own identity; a new one is drawn when it is empty.

        Returns:
            The id that Redis gave to the entry, as in "1700000000000-0".

        Raises:
            PublishIndeterminate: the connection broke while the event was on its way: it may have been published.
            ConnectFailed: the server can't be reached.
            PublishTimeout: the server went away and did not come back in time.
            TypeError: the payload can't be written as JSON.
        """
        return self.publish_many([NewEvent(event_type, payload, metadata, event_id)])[0]

    def publish_many(self, events: Iterable[object]) -> Sequence[str]:
        """Publish events in this order in few writes, and wait until Redis has them all: far faster than one by one.

        Args:
            events: `NewEvent`s, or instances of attrs classes, whose name is their event type.

        Returns:
            The ids, in the order of the events.

        Raises:
            Exception: as `publish`.
        """
        self._prepare()
        together = list(events)
        ids = self.connection.call_runtime(lambda runtime: runtime.publish_many(self.stream_name, together))
        return [str(entry_id) for entry_id in ids]

    @contextmanager
    def batch(self) -> Iterator[Batch]:
        """Gather events and publish them together when the block ends; not at all when it ends by an exception."""
        batch = Batch()
        yield batch
        batch.ids = self.publish_many(batch._events)  # noqa: SLF001 - the two are one mechanism

    def _prepare(self) -> None:
        """Find out once how long the stream may become."""
        if self._prepared:
            return
        length = self._max_length
        if length is None:
            stored = self.connection.call(lambda client: _stored_length(client, self.stream_name))
            length = int(stored) if stored else None
        self.connection.limit_stream(self.stream_name, length)
        self._prepared = True


async def _stored_length(client: Client, stream: str) -> bytes | None:
    reply = await client.call(b"HGET", settings_key(stream), b"max_length")
    return reply if isinstance(reply, bytes) else None
