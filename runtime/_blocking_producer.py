"""Publishing without Trio."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from attrs import define, field
from typing_extensions import Self, Unpack

from ..actors import Durability, settings_key
from ..wire import Client
from ._blocking_connection import Connected, RedisConnection
from ._config import Config
from ._event import Json, NewEvent
from ._runtime import Runtime
from ._stream_options import PublishKeywords, StreamOptions


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
        max_length: about how many entries the stream keeps; None: as the `retention` says, if there is one, else what
            `StreamManager.create_stream` said, else all.
        connection: one to share, instead of `redis_url`.
        options: how the stream is published to: `publish_once`, `dedup_seconds`, `durability`, `durable_seconds`,
            `retention`; see `StreamOptions`.

    Raises:
        AddressError: the URL is none.
        ValueError: an option is out of its range.
    """

    def __init__(
        self,
        redis_url: str | None = None,
        stream_name: str = "",
        max_length: int | None = None,
        *,
        connection: RedisConnection | None = None,
        **options: Unpack[PublishKeywords],
    ) -> None:
        if not stream_name:
            raise ValueError("a producer needs the name of a stream: StreamProducer(redis_url=…, stream_name='orders')")
        StreamOptions(max_length, **options)  # so that mistakes are told here
        super().__init__(redis_url, connection)
        self.stream_name = stream_name
        self._max_length = max_length
        self._options = options
        self._prepared = False

    @classmethod
    def from_config(cls, config: Config | str | Path) -> Self:
        """A producer as a configuration says, or a YAML file, which the environment variables override.

        Raises:
            ConfigError: the file can't be used.
            ValueError: no stream is named.
        """
        known = config if isinstance(config, Config) else Config.load(config)
        said = known.producer
        producer = cls(
            stream_name=said.stream or "",
            max_length=said.max_length,
            connection=RedisConnection.from_config(known),
            publish_once=said.publish_once,
            dedup_seconds=said.dedup_seconds,
            durability=said.durability,
            durable_seconds=said.durable_seconds,
            retention=known.retention.policy(),
        )
        producer._own = True
        return producer

    def publish(
        self,
        event_type: str,
        payload: object,
        metadata: Mapping[str, Json] | None = None,
        *,
        event_id: str = "",
        durability: Durability | str | None = None,
    ) -> str:
        """Publish one event and wait until Redis has it.

        Args:
            event_type: what kind of event this is, as in "price.update".
            payload: a dict, or anything that JSON can say; an instance of an attrs class, too.
            metadata: what is to be said about the event, beside its payload.
            event_id: the event's own identity. An event that was given one is appended once: published again under it
                within `dedup_seconds`, by whom ever, it is not appended, and the id of the first is returned. A new one
                is drawn when it is empty.
            durability: how safe the event is to be before this returns; None: as the stream's.

        Returns:
            The id that Redis gave to the entry, as in "1700000000000-0".

        Raises:
            ConnectFailed: the server can't be reached.
            TypeError: the payload can't be written as JSON.
            Exception: otherwise as `Runtime.publish`.
        """
        return self.publish_many([NewEvent(event_type, payload, metadata, event_id)], durability=durability)[0]

    def publish_many(self, events: Iterable[object], *, durability: Durability | str | None = None) -> Sequence[str]:
        """Publish events in this order in few writes, and wait until Redis has them all: far faster than one by one.

        Args:
            events: `NewEvent`s, or instances of attrs classes, whose name is their event type.
            durability: as for `publish`.

        Returns:
            The ids, in the order of the events.

        Raises:
            Exception: as `publish`.
        """
        self._prepare()
        together = list(events)
        ids = self.connection.call_runtime(
            lambda runtime: runtime.publish_many(self.stream_name, together, durability=durability)
        )
        return [str(entry_id) for entry_id in ids]

    @contextmanager
    def batch(self) -> Iterator[Batch]:
        """Gather events and publish them together when the block ends; not at all when it ends by an exception."""
        batch = Batch()
        yield batch
        batch.ids = self.publish_many(batch._events)  # noqa: SLF001 - the two are one mechanism

    def _prepare(self) -> None:
        """Say once what holds for the stream, and find out how long it may become where nobody said that here."""
        if not self._prepared:
            # While the runtime runs: a stream that is known before its start is in use from then on, as it is.
            self.connection.call_runtime(self._say)
            self._prepared = True

    async def _say(self, runtime: Runtime) -> None:
        name, publishing = self.stream_name, runtime._require_running().publishing  # noqa: SLF001 - of one package
        runtime.stream(name, max_length=self._max_length, **self._options)
        if publishing.may_get_length(name):
            stored = await _stored_length(publishing.client, name)
            if stored and publishing.may_get_length(name):  # still: others publish meanwhile
                runtime.stream(name, max_length=int(stored))


async def _stored_length(client: Client, stream: str) -> bytes | None:
    reply = await client.call(b"HGET", settings_key(stream), b"max_length")
    return reply if isinstance(reply, bytes) else None
