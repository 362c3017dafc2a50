"""A group that is made again begins another history: what a former one delivered is compared before it counts."""

from __future__ import annotations

import itertools

import trio
from redis_streams import Event, LeaseLost, Runtime, RuntimeEvent
from redis_streams.simulations.server.in_process import InProcessServer, put_in_process_server
from trio.testing import MockClock

NAMES = itertools.count()


class Bench:
    """A runtime whose handler of the first event waits until it may go on."""

    def __init__(self, prefetch: int) -> None:
        def clock() -> tuple[int, float]:
            return int((1_700_000_000 + trio.current_time()) * 1_000_000), trio.current_time() * 1000

        name = f"history-{next(NAMES)}"
        put_in_process_server(name, InProcessServer("7.0", clock=clock))
        self.told: list[RuntimeEvent] = []
        self.runtime = Runtime(f"memory://{name}", observer=self.told.append)
        self.begun, self.may_end = trio.Event(), trio.Event()
        self.runs: list[object] = []
        self.runtime.add_handler("s", "g", self.handle, prefetch=prefetch)

    async def handle(self, event: Event[object]) -> None:
        self.runs.append(event.payload)
        if not self.begun.is_set():
            self.begun.set()
            await self.may_end.wait()

    async def call(self, *words: str) -> None:
        await self.runtime.client.call(*words)

    async def wait_settled(self) -> None:
        await trio.sleep(10)
        summary = await self.runtime.client.xpending("s", "g")
        assert summary.count == 0

    async def history(self) -> object:
        return await self.runtime.client.call("HGET", "{s}:checkpoint:g", "history")


async def test_an_entry_in_hand_while_its_group_is_made_again_is_handled_once(autojump_clock: MockClock) -> None:
    """It is delivered again, unchanged: the verdict on the first delivery is good for the second."""
    bench = Bench(prefetch=5)
    async with bench.runtime as runtime:
        await runtime.publish("s", "a", event_type="t")
        await bench.begun.wait()
        before = await bench.history()
        await bench.call("XGROUP", "DESTROY", "s", "g")
        await trio.sleep(10)
        assert await bench.history() != before
        bench.may_end.set()
        await bench.wait_settled()
    assert bench.runs == ["a"]
    assert not [event for event in bench.told if isinstance(event, LeaseLost)]


async def test_another_entry_under_the_same_id_is_handled(autojump_clock: MockClock) -> None:
    """The verdict on the former one is given up, and that is told."""
    bench = Bench(prefetch=1)
    async with bench.runtime as runtime:
        first = await runtime.publish("s", "a", event_type="t")
        await bench.begun.wait()
        await bench.call("DEL", "s")
        await bench.call("XADD", "s", str(first), "event_type", "t", "payload", '"b"')
        await trio.sleep(10)
        bench.may_end.set()
        await bench.wait_settled()
    assert bench.runs == ["a", "b"]
    assert [event.raw_ids for event in bench.told if isinstance(event, LeaseLost)] == [(str(first).encode(),)]


async def test_a_history_is_kept_over_restarts(autojump_clock: MockClock) -> None:
    """Who finds the group there goes on in its history."""
    bench = Bench(prefetch=1)
    bench.may_end.set()
    async with bench.runtime as runtime:
        await runtime.publish("s", "a", event_type="t")
        await bench.begun.wait()
        before = await bench.history()
        other = Runtime(str(runtime.address), observer=bench.told.append)
        other.add_handler("s", "g", bench.handle)
        async with other:
            await trio.sleep(10)
            assert await bench.history() == before
