"""A worker without Trio: publish, subscribe, and stop after the last event."""

import os

from redis_streams import Event, NewEvent, StreamConsumer, StreamProducer

URL = os.environ.get("REDIS_URL", "redis://localhost:6379")

with StreamProducer(URL, "jobs") as producer:
    producer.publish_many(NewEvent("job", number) for number in range(10))

with StreamConsumer(URL, "jobs", "workers", "worker-1") as consumer:

    def work(event: Event[int]) -> None:
        if event.payload == 9:
            print("the last job is done")
            consumer.close()

    consumer.subscribe(work)
