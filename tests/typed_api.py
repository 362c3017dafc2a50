"""What type checkers see of the public face: this file is checked by pyright and mypy in strict mode, and never run."""

from functools import partial

import attrs
import trio
from hypothesis import given
from redis_streams import (
    ConsumerGroupManager,
    EntryId,
    Event,
    GroupOptions,
    NewEvent,
    Reclaim,
    RedisConnection,
    Runtime,
    StreamConsumer,
    StreamManager,
    StreamProducer,
    event_type,
)
from redis_streams.actors import Child, Limits, Restart, Stage, Strategy, Supervisor, run_root
from redis_streams.simulations import (
    NO_LOSS,
    Plan,
    Process,
    World,
    check,
    plans,
    publish_planned,
    run,
    simulate,
    swarm,
)
from typing_extensions import assert_type


@event_type("order.placed")
@attrs.frozen
class OrderPlaced:
    """An event class."""

    sku: str
    amount: int


runtime = Runtime("redis://localhost:6379")


@runtime.handler("orders", "billing", event_types=[OrderPlaced], concurrency=4, start="$")
async def bill(event: Event[OrderPlaced]) -> None:
    """An async handler of typed events."""
    assert_type(event.payload.amount, int)
    assert_type(event.id, EntryId)
    assert_type(event.delivery_count, int)


@runtime.handler("orders", "audit", reclaim=Reclaim(interval_ms=1000, min_idle_ms=5000))
def audit(event: Event[object]) -> bool:
    """A plain handler of everything."""
    return event.event_type != "secret"


@runtime.handler("orders", "totals", batch=500)
async def total(events: list[Event[OrderPlaced]]) -> list[bool]:
    """A handler of lists."""
    return [event.payload.amount > 0 for event in events]


async def main() -> None:
    """A Trio application."""
    async with runtime:
        assert_type(await runtime.publish("orders", OrderPlaced("tea", 1)), EntryId)
        await runtime.publish("orders", {"free": "form"}, event_type="note", metadata={"by": "me"})
        ids = await runtime.publish_many("orders", [OrderPlaced("tea", 2), NewEvent("note", {})])
        assert_type(ids[0].ms, int)
        assert_type(await runtime.redis.hincrby("totals", "tea", 1), int)
        await runtime.wait_stopped()
    async with trio.open_nursery() as nursery:
        await nursery.start(runtime.run)


def blocking() -> None:
    """A program without Trio."""
    with RedisConnection("redis://localhost:6379", max_retries=3) as connection:
        assert_type(StreamManager(connection=connection).create_stream("orders", max_length=10), bool)
        producer = StreamProducer(stream_name="orders", connection=connection)
        assert_type(producer.publish("order.placed", {"sku": "tea"}), str)
        assert_type(ConsumerGroupManager(connection=connection).checkpoint("orders", "billing"), EntryId | None)
    with StreamConsumer("redis://localhost:6379", "orders", "billing", "worker-1") as consumer:
        consumer.subscribe(lambda event: print(event.event_type), event_types=["order.placed"])


async def actor(stage: Stage) -> None:
    """An actor of one's own."""
    stage.started()
    await stage.wait_draining()


async def tree(supervisor: Supervisor) -> None:
    """A tree of one's own."""
    async with trio.open_nursery() as nursery:
        await nursery.start(partial(run_root, supervisor, name="mine"))


@simulate(seeds=10, faults=swarm(at_most=2), guarantees=[NO_LOSS])
async def test_mine(world: World, number: int) -> None:
    """A simulated test."""

    async def worker(process: Process) -> None:
        runtime = process.runtime()
        await process.serve(runtime)

    world.start("worker-1", worker)
    await publish_planned(world, "orders", lambda number, planned: NewEvent(planned.key, number))
    await world.settled()


async def app(world: World) -> None:
    """A scenario."""
    world.check(lambda: ["nothing is right"])


@given(plan=plans(max_events=20))
def test_property(plan: Plan) -> None:
    """A property."""
    check(run(plan, app), NO_LOSS)


children = [Child("one", actor, restart=Restart.TRANSIENT, grace_seconds=1)]
limits = Limits(restarts=3, period_seconds=60)
strategy = Strategy.REST_FOR_ONE
options = GroupOptions(concurrency=3)
