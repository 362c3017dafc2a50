"""Look through the dead letters of a group, mend what can be mended, and put it back into the stream."""

import json
import os

from redis_streams import Event, RedisConnection, StreamConsumer
from redis_streams.actors import dead_letter_key

URL = os.environ.get("REDIS_URL", "redis://localhost:6379")
STREAM, GROUP = "invoices", "books"


def quiet(_event: object) -> None:
    """Log nothing: here a dead letter is no surprise."""


def consume() -> None:
    consumer = StreamConsumer(URL, STREAM, GROUP, "reader-1", observer=quiet)

    def book(event: Event[dict[str, float]]) -> None:
        print(f"booked {event.payload['amount']}")
        if event.payload["amount"] == 0:
            consumer.close()

    consumer.subscribe(book)


with RedisConnection(URL, observer=quiet) as connection:
    # Somebody's program writes Python's way and not JSON. The last one tells the consumer to stop.
    connection.execute("XADD", STREAM, "*", "event_type", "invoice", "payload", "{'amount': 12}")
    connection.execute("XADD", STREAM, "*", "event_type", "invoice", "payload", '{"amount": 0}')
    consume()

    letters = connection.call(lambda client: client.xrange(dead_letter_key(STREAM, GROUP)))
    for letter in letters:
        fields = letter.mapping()
        print(f"from {fields[b'dead_consumer'].decode()}: {fields[b'payload'].decode()}")
        mended = {name: value for name, value in fields.items() if not name.startswith(b"dead_")}
        mended[b"payload"] = json.dumps(json.loads(fields[b"payload"].replace(b"'", b'"'))).encode()
        connection.execute("XADD", STREAM, "*", *(part for pair in mended.items() for part in pair))
        connection.execute("XDEL", dead_letter_key(STREAM, GROUP), letter.raw_id)
    connection.execute("XADD", STREAM, "*", "event_type", "invoice", "payload", '{"amount": 0}')
    consume()
