"""The acts: what happens in the demo, one after the other, while orders come in all the time."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from typing import cast

import trio
from attrs import define, field

from ...actors import PublishIndeterminate
from ...runtime import NewEvent, Runtime
from ...wire import RedisError
from ._fragile import FragileDial
from ._shop import GROUP, OrderPlaced, runs_key
from ._story import Story
from ._tally import Verdict, verdict

SETTLE_SECONDS_MAX = 60.0
"""How long the end is waited for before it counts as never."""


@define(eq=False)
class Stage:
    """Everything on the demo's stage.

    Attributes:
        url, stream: where it plays.
        seconds: how long orders come in.
        rate: orders per second.
    """

    url: str
    stream: str
    seconds: float
    rate: float
    runtime: Runtime
    dial: FragileDial
    story: Story
    published: dict[str, bool] = field(factory=dict)
    indeterminate: int = 0
    worker: subprocess.Popen[bytes] | None = None
    runs: Mapping[bytes, bytes] = field(factory=dict)
    pending: int = 0
    lag: int | None = None
    act: int = 0
    begun: bool = False
    """Whether the server was reached, so that there may be something to remove."""


ACTS = ("orders come in", "an actor crashes", "connections are cut", "a process is killed", "the rest is settled")


async def play(stage: Stage) -> Verdict:
    """All acts; returns what the events themselves say at the end."""
    story, pause = stage.story, stage.seconds / 4
    async with stage.runtime, trio.open_nursery() as nursery:
        stage.begun = True
        nursery.start_soon(_watch, stage)
        _begin(
            stage,
            0,
            f"orders come in, {stage.rate:g} a second; two consumers here and one in a second process bill them",
        )
        stage.worker = _start_worker(stage)
        async with trio.open_nursery() as producers:
            for name in ("web", "app"):
                producers.start_soon(_place_orders, stage, name)
            await trio.sleep(pause)
            _begin(stage, 1, "a bug crashes one of the consumer actors while it holds entries")
            stage.dial.break_next = True
            await trio.sleep(pause)
            _begin(stage, 2, "every connection to Redis is cut")
            await _cut_connections(stage)
            await trio.sleep(pause)
            _begin(stage, 3, "the second process is killed (SIGKILL) with entries in its hands")
            stage.worker.kill()
        _begin(stage, 4, "no more orders; what is left is settled")
        settled = await _wait_settled(stage)
        if not settled:
            story.note(f"not settled within {SETTLE_SECONDS_MAX:g} s", "bold red")
        await _look(stage)
        nursery.cancel_scope.cancel()
    runs = {event_id.decode(): int(count) for event_id, count in stage.runs.items()}
    return verdict(stage.published, runs, stage.pending, stage.indeterminate)


def _begin(stage: Stage, act: int, text: str) -> None:
    stage.act = act
    stage.story.act(text)


def _start_worker(stage: Stage) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "redis_streams.simulations.demo._worker", stage.url, stage.stream]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603 - our own module


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


async def _cut_connections(stage: Stage) -> None:
    connection = await stage.runtime.client.open()
    try:
        killed = cast("int", await connection.call("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"))
    finally:
        await connection.aclose()
    stage.story.note(f"{killed} connections were cut", "yellow")


async def _watch(stage: Stage) -> None:
    """Keep the numbers on the screen fresh."""
    while True:
        await _look(stage)
        await trio.sleep(0.25)


async def _look(stage: Stage) -> None:
    try:
        client = stage.runtime.client
        flat = cast("list[bytes]", await client.call("HGETALL", runs_key(stage.stream)))
        stage.runs = dict(zip(flat[::2], flat[1::2], strict=True))
        for group in await client.xinfo_groups(stage.stream):
            if group.name == GROUP:
                stage.pending, stage.lag = group.pending, group.lag
    except RedisError:
        return  # The next look shows more.


async def _wait_settled(stage: Stage) -> bool:
    with trio.move_on_after(SETTLE_SECONDS_MAX):
        while True:
            await _look(stage)
            if stage.pending == 0 and not stage.lag and all(key.encode() in stage.runs for key in stage.published):
                return True
            await trio.sleep(0.1)
    return False


async def clean_up(stage: Stage) -> None:
    """Remove every key that the demo made."""
    keys = (stage.stream, runs_key(stage.stream), f"{{{stage.stream}}}:checkpoint:{GROUP}")
    try:
        # One without handlers: whoever keeps a group would make it again.
        async with Runtime(stage.url, observer=lambda _event: None) as runtime:
            for key in keys:
                await runtime.client.call("DEL", key)
    except RedisError as error:
        stage.story.note(f"could not remove {', '.join(keys)}: {error}", "yellow")
