"""Groups that people look after while they work: paused and resumed, here and everywhere, and moved."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from random import Random

import trio

from ...runtime import ConsumerGroup, NotRunning, Runtime
from ...runtime._options import Start
from ...wire import EntryId, RedisError
from ..world import App, Process, World
from ._basic import GROUP, STREAM, add_group, start_workers
from ._planned import behave, publish_planned

PAUSES = 4
"""Of each worker by itself: enough that some of them meet a fault."""

ACTS = 4
"""Of somebody who looks after the whole group."""

LOOK_AGAIN_SECONDS = 5.0


async def operated(world: World) -> None:
    """As `workers`; each process pauses at times, and somebody pauses all of them, or has the group go on elsewhere."""
    start_workers(world, _worker(world))
    acted = trio.Event()
    world.start("worker-9", _operator(acted))
    await publish_planned(world, STREAM)
    await acted.wait()


def _worker(world: World) -> App:
    async def worker(process: Process) -> None:
        runtime = process.runtime()
        add_group(runtime, world.plan.shape, GROUP, behave)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_pause_at_times, process, runtime.group(STREAM, GROUP))
            await process.serve(runtime)
            nursery.cancel_scope.cancel()

    return worker


async def _pause_at_times(process: Process, group: ConsumerGroup) -> None:
    chance = process.rng("pauses")
    while process.pass_by("pause") < PAUSES:
        await trio.sleep(chance.uniform(0.0, 1.0))
        group.pause()
        await trio.sleep(chance.choice((0.0, 0.01, 1.0)))
        group.resume()


def _operator(acted: trio.Event) -> App:
    async def operator(process: Process) -> None:
        runtime = process.runtime()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_operate, process, runtime, acted)
            await process.serve(runtime)
            nursery.cancel_scope.cancel()

    return operator


async def _operate(process: Process, runtime: Runtime, acted: trio.Event) -> None:
    group, chance = runtime.group(STREAM, GROUP), process.rng("operating")
    while process.pass_by("act") < ACTS:
        await trio.sleep(chance.uniform(0.0, 1.5))
        if chance.random() < 0.5:  # noqa: PLR2004 - a coin
            await _until_done(partial(group.seek, _place(process, chance)))
        else:
            await _until_done(group.pause_everywhere)
            await trio.sleep(chance.choice((0.1, 6.0)))
            await _until_done(group.resume_everywhere)
    acted.set()
    # A failover may take back that the group goes on: whoever has paused it looks again.
    while True:
        await trio.sleep(LOOK_AGAIN_SECONDS)
        await _until_done(group.resume_everywhere)


def _place(process: Process, chance: Random) -> Start:
    """Somewhere to go: an end of the stream, or the time a little while ago."""
    ago_ms = int(chance.uniform(0, 2000))
    return chance.choice(("start", "end", EntryId(process.wall_clock_ms() - ago_ms, 0)))


async def _until_done(act: Callable[[], Awaitable[object]]) -> None:
    while True:
        try:
            await act()
        except (RedisError, NotRunning):  # The latter before it is up.
            await trio.sleep(0.2)
        else:
            return
