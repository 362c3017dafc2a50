"""What the workers find in Redis: nothing, or a stream full of events; the same bytes in every round."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import msgspec
import redis
from rows import Fields
from workers.shared import EVENT_TYPE, STREAM, payload

PIPELINE = 1000
TIMESTAMP_MS = 1_750_000_000_000
"""When the events say that they were published: any time will do."""

encode = msgspec.json.Encoder().encode


class Backlog:
    """Fills the stream before each round.

    A backlog is written once and kept as DUMP gives it, so that each round of each side gets the same entries, packed
    in the same way, and in no time.
    """

    def __init__(self, client: redis.Redis) -> None:
        self._client = client
        self._dumps: dict[tuple[Fields, int], bytes] = {}

    def prepare(self, fields: Fields, count: int) -> None:
        """Leave nothing of former rounds, and so many events with these fields."""
        self.clear()
        if fields == "none":
            return
        if (fields, count) not in self._dumps:
            self._write(entries(fields, count))
            self._dumps[fields, count] = self._client.dump(STREAM)
            self.clear()
        self._client.restore(STREAM, 0, self._dumps[fields, count])

    def clear(self) -> None:
        """Remove every key that a worker wrote; a server that was named by REDIS_URL may hold other things."""
        keys = [STREAM, *self._client.scan_iter(match=f"{{{STREAM}}}*", count=PIPELINE)]
        self._client.delete(*keys)

    def _write(self, to_write: Iterable[Mapping[str, str | int | bytes]]) -> None:
        pipeline = self._client.pipeline(transaction=False)
        for number, fields in enumerate(to_write, 1):
            pipeline.xadd(STREAM, dict(fields))
            if number % PIPELINE == 0:
                pipeline.execute()
        pipeline.execute()


def entries(fields: Fields, count: int) -> Iterator[Mapping[str, str | int | bytes]]:
    """The same events for all, each in the fields that its reader knows best."""
    for number in range(count):
        text = encode(payload(number))
        if fields == "faststream":
            # Its own envelope would add headers: without them it has less to read.
            yield {"__data__": text}
        else:
            yield {
                "event_id": f"{number:032x}",
                "event_type": EVENT_TYPE,
                "timestamp": TIMESTAMP_MS,
                "payload": text,
            }
