"""Classes as event types, several handlers in one group, and what happens to a payload that does not fit."""

import os

import attrs
import trio
from redis_streams import DeadLettered, Event, NewEvent, Runtime, RuntimeEvent, event_type


@event_type("order.placed")
@attrs.frozen
class OrderPlaced:
    sku: str
    amount: int


@event_type("order.cancelled")
@attrs.frozen
class OrderCancelled:
    sku: str
    reason: str = "no reason given"


def observe(event: RuntimeEvent) -> None:
    if isinstance(event, DeadLettered):
        print(f"dead letter: {event.reason}")


runtime = Runtime(os.environ.get("REDIS_URL", "redis://localhost:6379"), observer=observe)


@runtime.handler("shop", "billing", event_types=[OrderPlaced])
async def bill(event: Event[OrderPlaced]) -> None:
    print(f"bill {event.payload.amount} × {event.payload.sku}")


@runtime.handler("shop", "billing", event_types=[OrderCancelled])
async def refund(event: Event[OrderCancelled]) -> None:
    print(f"refund {event.payload.sku}: {event.payload.reason}")
    runtime.stop()


async def main() -> None:
    async with runtime:
        await runtime.publish("shop", OrderPlaced("tea", 2))
        await runtime.publish_many(
            "shop", [NewEvent("order.placed", {"sku": "milk", "amount": "a lot"}), OrderCancelled("tea")]
        )
        await runtime.wait_stopped()


trio.run(main)
