"""How the demo goes: producers all the time, one act after the other, and at the end the counting."""

from __future__ import annotations

import subprocess
import sys

import trio

from ...actors import PublishIndeterminate, checkpoint_key, groups_key, token_keys
from ...runtime import NewEvent, Ports, Runtime, RuntimeEvent
from ...wire import RedisError
from ._fragile import FragileDial
from ._shop import DRAIN_SECONDS_UNPLUGGED, GROUP, WORKER, OrderPlaced, runs_key, shop
from ._stage import Stage
from ._tally import Verdict, verdict

SETTLE_SECONDS_MAX = 60.0
"""How long the end is waited for before it counts as never."""


async def play(stage: Stage) -> Verdict:
    """All acts; returns what the events themselves say at the end."""
    async with stage.runtime, trio.open_nursery() as nursery:
        stage.begun = True
        nursery.start_soon(_work, stage)
        nursery.start_soon(_watch, stage)
        async with trio.open_nursery() as producers:
            for name in ("web", "app"):
                producers.start_soon(_place_orders, stage, name)
            await _perform(stage)
        stage.begin(len(stage.ground.acts), "no more orders; what is left is settled")
        if not await _wait_settled(stage):
            stage.story.note(f"not settled within {SETTLE_SECONDS_MAX:g} s", "bold red")
        await stage.look()
        nursery.cancel_scope.cancel()
    runs = {event_id.decode(): int(count) for event_id, count in stage.runs.items()}
    return verdict(stage.published, runs, stage.pending, stage.indeterminate)


async def _perform(stage: Stage) -> None:
    """The acts, at equal distances however long each takes."""
    begun = trio.current_time()
    acts = stage.ground.acts
    for number, act in enumerate(acts):
        await trio.sleep_until(begun + stage.seconds * number / len(acts))
        stage.begin(number, act.text if number else f"orders come in, {stage.rate:g} a second; {act.text}")
        await act.perform(stage)


async def _work(stage: Stage) -> None:
    """The third consumer: a process of its own, or a runtime beside the other where the server is in this process."""
    if stage.ground.server is None:
        await _work_elsewhere(stage)
        return
    dial = FragileDial()
    worker = shop(
        stage.ground.url,
        stage.stream,
        WORKER,
        consumers=1,
        observer=_silent,
        ports=Ports(dial=dial),
        drain_seconds=DRAIN_SECONDS_UNPLUGGED,
    )
    with trio.CancelScope() as scope:

        def vanish() -> None:
            dial.pull_plug()
            scope.cancel()

        stage.kill_worker = vanish
        await worker.run()


async def _work_elsewhere(stage: Stage) -> None:
    command = [sys.executable, "-m", "redis_streams.simulations.demo._worker", stage.ground.url, stage.stream]
    with subprocess.Popen(  # noqa: S603, ASYNC220 - our own module; it starts in no time
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        stage.kill_worker = process.kill
        try:
            await trio.sleep_forever()
        finally:
            process.kill()


def _silent(_event: RuntimeEvent) -> None:
    """The first runtime tells the story."""


async def _place_orders(stage: Stage, producer: str) -> None:
    """Place orders at half the rate until the time is over; the last act begins when all have been placed."""
    end = trio.current_time() + stage.seconds
    number = 0
    while trio.current_time() < end:
        number += 1
        event_id = f"{producer}-{number}"
        order = NewEvent("order.placed", OrderPlaced(number, "tea"), {"producer": producer}, event_id)
        try:
            await stage.runtime.publish_many(stage.stream, [order])
        except PublishIndeterminate:
            stage.indeterminate += 1
        else:
            stage.published[event_id] = True
        await trio.sleep(2 / stage.rate)


async def _watch(stage: Stage) -> None:
    """Keep the numbers on the screen fresh."""
    while True:
        await stage.look()
        await trio.sleep(0.25)


async def _wait_settled(stage: Stage) -> bool:
    with trio.move_on_after(SETTLE_SECONDS_MAX):
        while True:
            await stage.look()
            if stage.is_settled():
                return True
            await trio.sleep(0.1)
    return False


async def clean_up(stage: Stage) -> None:
    """Remove every key that the demo made."""
    stream = stage.stream
    keys = (stream, runs_key(stream), checkpoint_key(stream, GROUP), groups_key(stream), *token_keys(stream))
    try:
        # One without handlers: whoever keeps a group would make it again.
        async with Runtime(stage.ground.url, observer=_silent) as runtime:
            for key in keys:
                await runtime.client.call("DEL", key)
    except RedisError as error:
        stage.story.note(f"could not remove {', '.join(keys)}: {error}", "yellow")
