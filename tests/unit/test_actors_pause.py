"""A paused group begins nothing, keeps nothing from others, and goes on where it was."""

from __future__ import annotations

import itertools

import pytest
import trio
from redis_streams import (
    ConsumptionPaused,
    ConsumptionResumed,
    Event,
    HandedBack,
    NewEvent,
    Reclaim,
    Runtime,
    RuntimeEvent,
)
from redis_streams.actors import ConsumerStatus
from redis_streams.simulations.server.in_process import InProcessServer, put_in_process_server
from trio.testing import MockClock

NAMES = itertools.count()
RECLAIM = Reclaim(interval_ms=1000, min_idle_ms=600_000)
"""So long an idle limit that nothing is taken over but what was handed back."""


class Bench:
    """Runtimes on one server; each handler run is noted, and those of "slow" last for a minute."""

    def __init__(self) -> None:
        def clock() -> tuple[int, float]:
            return int((1_700_000_000 + trio.current_time()) * 1_000_000), trio.current_time() * 1000

        self.url = f"memory://pause-{next(NAMES)}"
        put_in_process_server(self.url.removeprefix("memory://"), InProcessServer("7.0", clock=clock))
        self.told: list[RuntimeEvent] = []
        self.runs: list[tuple[str, object, int]] = []

    def runtime(self, name: str = "a", *, reclaim: Reclaim | None = RECLAIM, batch: int | None = None) -> Runtime:
        async def handle(event: Event[object]) -> None:
            self.runs.append((name, event.payload, event.delivery_count))
            if event.payload == "slow":
                await trio.sleep(60)

        async def handle_batch(events: list[Event[object]]) -> None:
            for event in events:
                await handle(event)

        runtime = Runtime(self.url, observer=self.told.append)
        runtime.add_handler(
            "s", "g", handle if batch is None else handle_batch, consumer=name, reclaim=reclaim, batch=batch
        )
        return runtime

    async def publish(self, runtime: Runtime, *payloads: str) -> None:
        await runtime.publish_many("s", [NewEvent("t", payload) for payload in payloads])
        await trio.sleep(1)


async def test_nothing_begins_while_paused_and_afterwards_all_of_it_does(autojump_clock: MockClock) -> None:
    """What runs is finished; what waited is handed back uncounted."""
    bench = Bench()
    async with bench.runtime() as runtime:
        await bench.publish(runtime, "slow", "b", "c")
        runtime.group("s", "g").pause()
        await bench.publish(runtime, "d")
        await trio.sleep(100)
        assert bench.runs == [("a", "slow", 1)]
        pending = await runtime.client.xpending("s", "g")
        assert pending.count == 1  # "b": of the others one is settled, and one was never read
        runtime.group("s", "g").resume()
        await trio.sleep(10)
        assert [payload for _, payload, _ in bench.runs] == ["slow", "b", "c", "d"]
        assert (await runtime.client.xpending("s", "g")).count == 0
    assert [event.count for event in bench.told if isinstance(event, HandedBack)] == [1]
    assert len([event for event in bench.told if isinstance(event, ConsumptionPaused)]) == 1
    assert len([event for event in bench.told if isinstance(event, ConsumptionResumed)]) == 1


async def test_others_take_what_a_paused_process_had_not_begun(autojump_clock: MockClock) -> None:
    """Long before the idle limit, and as if it had never been in other hands."""
    bench = Bench()
    async with bench.runtime() as runtime:
        await bench.publish(runtime, "slow", "b", "c")
        async with bench.runtime("other"):
            runtime.group("s", "g").pause()
            await trio.sleep(10)
            assert sorted(bench.runs) == [("a", "slow", 1), ("other", "b", 1), ("other", "c", 1)]


async def test_without_anybody_who_reclaims_what_was_handed_back_is_found_again(autojump_clock: MockClock) -> None:
    bench = Bench()
    async with bench.runtime(reclaim=None) as runtime:
        await bench.publish(runtime, "slow", "b")
        runtime.group("s", "g").pause()
        await trio.sleep(100)
        runtime.group("s", "g").resume()
        await trio.sleep(1)
        assert [payload for _, payload, _ in bench.runs] == ["slow", "b"]


async def test_a_list_is_not_begun_either(autojump_clock: MockClock) -> None:
    bench = Bench()
    async with bench.runtime(batch=2) as runtime:
        await bench.publish(runtime, "slow", "b", "c")
        runtime.group("s", "g").pause()
        await trio.sleep(100)
        assert [payload for _, payload, _ in bench.runs] == ["slow", "b"]
        runtime.group("s", "g").resume()
        await trio.sleep(1)
        assert [payload for _, payload, _ in bench.runs] == ["slow", "b", "c"]


async def test_a_pause_that_is_over_at_once_loses_nothing(autojump_clock: MockClock) -> None:
    """Also where the entries were just being handed back."""
    bench = Bench()
    async with bench.runtime(reclaim=None) as runtime:
        await bench.publish(runtime, "slow", "b", "c")
        for _ in range(5):
            runtime.group("s", "g").pause()
            await trio.lowlevel.checkpoint()
            runtime.group("s", "g").resume()
            await trio.lowlevel.checkpoint()
        await trio.sleep(100)
        assert [payload for _, payload, _ in bench.runs] == ["slow", "b", "c"]


async def test_a_stop_while_paused_leaves_nothing_behind(autojump_clock: MockClock) -> None:
    """It takes no longer than any other, and what was handed back is there for the next one."""
    bench = Bench()
    async with bench.runtime() as runtime:
        await bench.publish(runtime, "b")
        runtime.group("s", "g").pause()
        await trio.sleep(1)
        await bench.publish(runtime, "c", "d")
    with trio.fail_after(5):
        async with bench.runtime("b"):
            await trio.sleep(1)
    assert [payload for _, payload, _ in bench.runs] == ["b", "c", "d"]


async def test_a_runtime_can_start_paused(autojump_clock: MockClock) -> None:
    bench = Bench()
    runtime = bench.runtime()
    runtime.group("s", "g").pause()
    async with runtime:
        await bench.publish(runtime, "b")
        assert bench.runs == []
        assert runtime.group("s", "g").paused
        snapshot = runtime.snapshot()
        assert snapshot is not None
        status = (snapshot.find("consumer-0") or snapshot).status
        assert isinstance(status, ConsumerStatus)
        assert status.paused == "it is paused in this process"
        runtime.group("s", "g").resume()
        await trio.sleep(1)
    assert bench.runs == [("a", "b", 1)]


async def test_all_processes_pause_within_five_seconds_and_new_ones_at_once(autojump_clock: MockClock) -> None:
    """Each of them goes on again when the whole group may, unless it is paused by itself."""
    bench = Bench()
    async with bench.runtime("a") as first, bench.runtime("b") as second:
        await trio.sleep(2)
        await first.group("s", "g").pause_everywhere()
        await trio.sleep(5)
        async with bench.runtime("c") as third:
            await bench.publish(first, "b", "c", "d")
            await trio.sleep(60)
            assert bench.runs == []
            assert await third.group("s", "g").is_paused_everywhere()
            first.group("s", "g").pause()
            third.group("s", "g").pause()
            await second.group("s", "g").resume_everywhere()
            await trio.sleep(10)
            assert {name for name, _, _ in bench.runs} == {"b"}
            assert first.group("s", "g").paused == "it is paused in this process"


async def test_a_group_without_a_handler_here_is_not_paused_by_mistake() -> None:
    """A wrong name would go unnoticed until the maintenance had begun."""
    bench = Bench()
    with pytest.raises(ValueError, match="bilinng of s has no handler"):
        bench.runtime().group("s", "bilinng").pause()
