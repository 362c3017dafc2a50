"""Scenarios of workers that read one stream: what most applications are."""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import suppress
from typing import cast

import trio

from ...actors import Delivery, Dependency, Retention, RetryPolicy, dead_letter_key
from ...runtime import Event, GroupOptions, Reclaim, Runtime
from ...runtime._dispatch import AnyHandler
from ...wire import RedisError, Timeouts
from ..plan import Shape
from ..world import App, Process, World
from ._planned import (
    behave,
    behave_declining,
    behave_in_batch,
    behave_later,
    behave_untidily,
    publish_planned,
)

STREAM, GROUP = "orders", "billing"

RECLAIM = Reclaim(interval_ms=500, min_idle_ms=2000, reap_idle_ms=1500)
"""A tenth of what is usual, so that a run in which much goes wrong is over in a minute."""

TOMORROW_MS = 1_700_086_400_000
"""A day after simulated time begins."""

REDRIVES = 6
"""Looks at the dead letters: enough that some of them meet a fault."""

REFUSED_FROM_SECONDS = 0.5
REFUSED_UNTIL_SECONDS = 12.0
"""While Redis takes no dead letters, and long after the last event was published."""

DRAIN_SECONDS = 2.0

MAX_DELIVERIES: int | None = 5
"""Few, so that an event that always fails is through with them long before a run is over."""

OPTIONS = GroupOptions()
"""What holds where nothing is said."""

IMPATIENT_SECONDS = 1.0
"""For a producer: outages last longer, and most replies that are late do not."""

IMPATIENT = Timeouts(connect_seconds=1.0, reply_seconds=0.5, block_margin_seconds=0.3)
"""So that what comes late comes after it was given up: reads block for a second at most."""


async def workers(world: World) -> None:
    """One group, as many processes as the plan says, events that its handlers take as the plan says."""
    start_workers(world, worker_app(world.plan.shape, [(GROUP, behave)]))
    await publish_planned(world, STREAM)


async def plain_producer(world: World) -> None:
    """As `workers`, with a producer that gives up early, while what it has published may be on its way still.

    In every other run its events have tokens, and the runtime may repeat them for as long as the producer waits.
    """
    start_workers(world, worker_app(world.plan.shape, [(GROUP, behave)]))
    once = world.rng("tokens").random() < 0.5  # noqa: PLR2004 - a coin
    await publish_planned(world, STREAM, once=once, publish_seconds=IMPATIENT_SECONDS)


async def graceful_stop(world: World) -> None:
    """As `workers`, but who stops a process may lose patience with its drain, and handlers that are cut are untidy."""
    start_workers(world, worker_app(world.plan.shape, [(GROUP, behave_untidily)], patient=False))
    await publish_planned(world, STREAM)


async def retries(world: World) -> None:
    """As `workers`, with retries at once and later, some of them later than the idle limit."""
    policy = RetryPolicy(immediate=1, delay_seconds=0.7, max_delay_seconds=5.0, jitter=0.2)
    start_workers(world, worker_app(world.plan.shape, [(GROUP, behave_later)], retry_policy=policy))
    await publish_planned(world, STREAM)


async def slow_retries(world: World) -> None:
    """As `workers`, with short delays between retries; who stops a process may lose patience with its drain."""
    policy = RetryPolicy(immediate=1, delay_seconds=0.4, max_delay_seconds=1.5)
    start_workers(world, worker_app(world.plan.shape, [(GROUP, behave)], retry_policy=policy, patient=False))
    await publish_planned(world, STREAM)


async def redriving(world: World) -> None:
    """As `workers`, and somebody gives all dead letters back again and again, through a link that fails."""
    start_workers(world, worker_app(world.plan.shape, [(GROUP, behave)], retry_policy=RetryPolicy(immediate=4)))

    async def look_after(process: Process) -> None:
        async with process.runtime() as runtime:
            while process.pass_by("look") < REDRIVES:
                await trio.sleep(0.5)
                with suppress(RedisError):
                    await runtime.dead_letters(STREAM, GROUP).redrive()

    operator = world.start("worker-9", look_after)
    await publish_planned(world, STREAM)
    await world.finished(operator)


async def letters_refused(world: World) -> None:
    """As `workers`, but for a while the key of the dead letters is something else, so that Redis takes none."""
    start_workers(world, worker_app(world.plan.shape, [(GROUP, behave)], retry_policy=RetryPolicy(immediate=4)))

    async def have_refused() -> None:
        await world.sleep_until(REFUSED_FROM_SECONDS)
        world.primary.do("DEL", dead_letter_key(STREAM, GROUP))
        world.primary.do("SET", dead_letter_key(STREAM, GROUP), "something else")
        await world.sleep_until(REFUSED_UNTIL_SECONDS)
        world.primary.do("DEL", dead_letter_key(STREAM, GROUP))

    async with trio.open_nursery() as beside:
        beside.start_soon(have_refused)
        await publish_planned(world, STREAM)


async def backlog(world: World) -> None:
    """As `workers`, but nothing that fails has a time of its own: it waits in the pending list to be found."""
    start_workers(world, worker_app(world.plan.shape, [(GROUP, behave_declining)]))
    await publish_planned(world, STREAM)


async def killers(world: World) -> None:
    """As `workers`, but an event that always fails kills its process: no handler of it ever returns."""
    shape = world.plan.shape

    async def worker(process: Process) -> None:
        async def handle(event: Event[object]) -> None:
            if cast("dict[str, float]", event.payload)["fails"] < 0:
                process.die()
                await trio.lowlevel.checkpoint()  # from which it does not come back
            await behave(event)

        await worker_app(shape, [(GROUP, handle)])(process)

    start_workers(world, worker)
    await publish_planned(world, STREAM)


async def alone(world: World) -> None:
    """Nobody looks for what others left behind: each process has to find again what was its own."""
    start_workers(world, worker_app(world.plan.shape, [(GROUP, behave)], reclaim=None, timeouts=IMPATIENT))
    await publish_planned(world, STREAM)


async def same_ids(world: World) -> None:
    """As `workers`, on a stream with an entry of tomorrow: Redis only counts on from its id."""
    world.primary.do("XADD", STREAM, f"{TOMORROW_MS}-0", "written-by", "a clock that was ahead")
    await workers(world)


async def two_groups(world: World) -> None:
    """Two groups in each process."""
    start_workers(world, worker_app(world.plan.shape, [(GROUP, behave), ("shipping", behave)]))
    await publish_planned(world, STREAM)


async def batches(world: World) -> None:
    """Handlers that get up to four events at a time."""
    start_workers(world, worker_app(world.plan.shape, [(GROUP, behave_in_batch)], batch=4))
    await publish_planned(world, STREAM)


async def at_most_once(world: World) -> None:
    """What is begun was acknowledged before; the second process handles lists. Who stops one may lose patience."""

    async def worker(process: Process) -> None:
        batch = 3 if process.name.endswith("2") else None
        handler = behave if batch is None else behave_in_batch
        app = worker_app(world.plan.shape, [(GROUP, handler)], batch=batch, patient=False, delivery="at_most_once")
        await app(process)

    start_workers(world, worker)
    await publish_planned(world, STREAM)


async def rolling_restart(world: World) -> None:
    """Each process is stopped and started, the next one when it is back, while events are published."""
    start_workers(world, worker_app(world.plan.shape, [(GROUP, behave)]))

    async def deploy(_process: Process) -> None:
        for host in list(world.hosts.values()):
            if host.name.startswith("worker"):
                await trio.sleep(0.3)
                world.stop_and_start_again(host, 0.2)
                await trio.sleep(1.0)

    deployment = world.start("deployment", deploy)
    await publish_planned(world, STREAM)
    await world.finished(deployment)


def start_workers(world: World, app: App) -> None:
    for number in range(1, world.plan.shape.workers + 1):
        world.start(f"worker-{number}", app)


def worker_app(
    shape: Shape,
    groups: Sequence[tuple[str, AnyHandler]],
    *,
    batch: int | None = None,
    reclaim: Reclaim | None = RECLAIM,
    timeouts: Timeouts | None = None,
    retry_policy: RetryPolicy | None = None,
    dependencies: Sequence[Dependency] = (),
    retention: Retention | None = None,
    patient: bool = True,
    delivery: Delivery = "at_least_once",
) -> App:
    async def worker(process: Process) -> None:
        runtime = process.runtime(timeouts=timeouts)
        runtime.stream(STREAM, retention=retention)
        for group, handler in groups:
            add_group(
                runtime,
                shape,
                group,
                handler,
                batch=batch,
                reclaim=reclaim,
                retry_policy=retry_policy,
                dependencies=dependencies,
                delivery=delivery,
            )
        patience_seconds = math.inf if patient else process.rng("patience").uniform(0, 2 * DRAIN_SECONDS)
        await process.serve(runtime, patience_seconds=patience_seconds)

    return worker


def add_group(
    runtime: Runtime,
    shape: Shape,
    group: str,
    handler: AnyHandler,
    *,
    batch: int | None = None,
    reclaim: Reclaim | None = RECLAIM,
    retry_policy: RetryPolicy | None = None,
    dependencies: Sequence[Dependency] = (),
    delivery: Delivery = "at_least_once",
) -> None:
    """Have a group of the plan's shape handle the events."""
    runtime.add_handler(
        STREAM,
        group,
        handler,
        consumers=shape.consumers,
        concurrency=shape.concurrency,
        prefetch=shape.prefetch,
        batch=batch,
        block_ms=1000,
        reclaim=reclaim,
        drain_seconds=DRAIN_SECONDS,
        max_deliveries=MAX_DELIVERIES if delivery == "at_least_once" else OPTIONS.max_deliveries,
        delivery=delivery,
        retry_policy=retry_policy,
        dependencies=dependencies,
    )
