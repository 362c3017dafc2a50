"""Look through the dead letters of a group, mend what can be mended, and put it back into the stream."""

import os

from redis_streams import DeadLetterManager, Event, RedisConnection, StreamConsumer

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

    dead = DeadLetterManager(connection=connection)
    for letter in dead.find(STREAM, GROUP):
        payload = dict(zip(letter.fields[::2], letter.fields[1::2], strict=True))[b"payload"].decode()
        print(f"from {letter.consumer}: {payload}")
        dead.edit(STREAM, GROUP, letter.id, {"payload": payload.replace("'", '"')})
    dead.redrive(STREAM, GROUP)
    connection.execute("XADD", STREAM, "*", "event_type", "invoice", "payload", '{"amount": 0}')
    consume()
