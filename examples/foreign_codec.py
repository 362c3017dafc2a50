"""Entries that another program writes, read through a codec: what can't be read goes to the dead letters."""

import os
from collections.abc import Sequence

import trio
from redis_streams import Content, DeadLettered, Event, Runtime, RuntimeEvent, UndecodableEntry


class Measurements:
    """Reads the fields ``station``, ``kind`` and ``value``, as a weather station might write them."""

    def encode(self, content: Content) -> Sequence[bytes]:
        """Refuse: stations write these entries, nobody else does."""
        raise TypeError(f"no {content.event_type} is published from here")

    def decode(self, fields: Sequence[bytes]) -> Content:
        """The kind is the event's type; station and value are its payload."""
        named = dict(zip(fields[::2], fields[1::2], strict=True))
        try:
            payload = (named[b"station"].decode(), float(named[b"value"]))
            return Content("", named[b"kind"].decode(), payload, {}, 0)
        except (KeyError, ValueError) as error:  # whatever else is raised would be taken for a bug of the codec
            raise UndecodableEntry(f"no measurement: {error!r}") from error


def observe(event: RuntimeEvent) -> None:
    if isinstance(event, DeadLettered):
        print(f"dead letter: {event.reason}")


runtime = Runtime(os.environ.get("REDIS_URL", "redis://localhost:6379"), codec=Measurements(), observer=observe)


@runtime.handler("weather", "watchers", event_types=["rain"])
async def watch(event: Event[tuple[str, float]]) -> None:
    station, value = event.payload
    print(f"{value:g} mm of rain at {station}")
    runtime.stop()


async def main() -> None:
    async with runtime:
        # In earnest this is another program. Wind is no business of this group.
        await runtime.redis.xadd("weather", {"station": "north", "kind": "wind", "value": "7"})
        await runtime.redis.xadd("weather", {"station": "north", "kind": "rain", "value": "a lot"})
        await runtime.redis.xadd("weather", {"station": "south", "kind": "rain", "value": "1.5"})
        await runtime.wait_stopped()


trio.run(main)
