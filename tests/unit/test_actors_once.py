"""A group that handles at most once: what is begun was acknowledged before, and what that loses is told."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import TypeVar

import pytest
import trio
from redis_streams import (
    CleanupFailed,
    DeadLettered,
    Event,
    EventsDropped,
    GroupOptions,
    HandedBack,
    HandlerFailed,
    LeftPending,
    NewEvent,
    Reclaim,
    RetryPolicy,
    Runtime,
    RuntimeEvent,
)
from redis_streams.actors import ChildCrashed
from redis_streams.simulations.server.in_process import InProcessServer, put_in_process_server
from support.untidy import fail_when_cancelled
from trio.testing import MockClock

E = TypeVar("E")
NAMES = itertools.count()
RECLAIM = Reclaim(interval_ms=1000, min_idle_ms=600_000)
"""So long an idle limit that nothing is taken over but what was handed back."""


class Bench:
    """Runtimes on one server. Each run of a handler is noted, and whether its event was pending when it began.

    Handlers of "slow" events last for a minute, those of "bad" ones raise, those of "untidy" ones when they are
    cancelled.
    """

    def __init__(self) -> None:
        def clock() -> tuple[int, float]:
            return int((1_700_000_000 + trio.current_time()) * 1_000_000), trio.current_time() * 1000

        self.url = f"memory://once-{next(NAMES)}"
        put_in_process_server(self.url.removeprefix("memory://"), InProcessServer("7.0", clock=clock))
        self.told: list[RuntimeEvent] = []
        self.runs: list[object] = []
        self.still_pending: list[bool] = []
        self.numbers: set[int] = set()

    def runtime(
        self, name: str = "a", *, batch: int | None = None, concurrency: int = 1, prefetch: int = 10
    ) -> Runtime:
        runtime = Runtime(self.url, observer=self.told.append)

        async def handle(event: Event[object]) -> None:
            self.runs.append(event.payload)
            self.numbers.add(event.delivery_count)
            rows = await runtime.client.xpending_range("s", "g", event.id, count=1)
            self.still_pending.append(any(row.raw_id == event.raw_id for row in rows))
            if event.payload == "slow":
                await trio.sleep(60)
            if event.payload == "untidy":
                await fail_when_cancelled()
            if event.payload == "bad":
                raise ValueError("bad")

        async def handle_batch(events: Sequence[Event[object]]) -> None:
            for event in events:
                await handle(event)

        runtime.add_handler(
            "s",
            "g",
            handle if batch is None else handle_batch,
            consumer=name,
            reclaim=RECLAIM,
            batch=batch,
            concurrency=concurrency,
            prefetch=prefetch,
            delivery="at_most_once",
        )
        return runtime

    async def publish(self, runtime: Runtime, *payloads: str) -> None:
        await runtime.publish_many("s", [NewEvent("t", payload) for payload in payloads])
        await trio.sleep(1)

    def of(self, kind: type[E]) -> list[E]:
        return [event for event in self.told if isinstance(event, kind)]


async def test_what_begins_is_acknowledged(autojump_clock: MockClock) -> None:
    """And nothing is told of it: all is well."""
    bench = Bench()
    async with bench.runtime() as runtime:
        await bench.publish(runtime, "a", "b", "c")
    assert bench.runs == ["a", "b", "c"]
    assert bench.still_pending == [False, False, False]
    assert not bench.of(EventsDropped)


async def test_a_batch_is_acknowledged_together(autojump_clock: MockClock) -> None:
    bench = Bench()
    async with bench.runtime(batch=2) as runtime:
        await bench.publish(runtime, "a", "b", "c")
    assert bench.runs == ["a", "b", "c"]
    assert bench.still_pending == [False, False, False]


async def test_a_failure_is_told_and_does_not_come_again(autojump_clock: MockClock) -> None:
    bench = Bench()
    async with bench.runtime() as runtime:
        await bench.publish(runtime, "bad", "b")
        await trio.sleep(100)
    assert bench.runs == ["bad", "b"]
    [failed] = bench.of(HandlerFailed)
    assert failed.words().endswith("does not come again: it is not pending any more")


async def test_what_nobody_can_read_goes_to_the_dead_letters(autojump_clock: MockClock) -> None:
    """It can be told before it is acknowledged, so it is not lost."""
    bench = Bench()
    async with bench.runtime() as runtime:
        await runtime.client.call("XADD", "s", "*", "x", "y")
        await bench.publish(runtime, "b")
        [letter] = await runtime.dead_letters("s", "g").find()
        assert letter.reason.startswith("no field 'event_type'")
    assert bench.runs == ["b"]
    assert len(bench.of(DeadLettered)) == 1


async def test_a_stop_begins_nothing_and_hands_back_what_had_not_begun(autojump_clock: MockClock) -> None:
    """Another process has it at once, as if it had never been in other hands. What runs has its time to end."""
    bench = Bench()
    async with bench.runtime() as runtime:
        await bench.publish(runtime, "slow", "b")
        await trio.sleep(55)
    assert bench.runs == ["slow"]
    assert len(bench.of(HandedBack)) == 1
    async with bench.runtime("b"):
        await trio.sleep(10)
    assert bench.runs == ["slow", "b"]
    assert bench.numbers == {1}
    assert not bench.of(EventsDropped)


async def test_what_is_being_acknowledged_when_the_stop_comes_begins(autojump_clock: MockClock) -> None:
    """Whatever the moment: an event is begun, or handed back, and none is dropped."""
    for turns in range(0, 24, 4):
        bench = Bench()
        async with bench.runtime() as runtime:
            await runtime.publish_many("s", [NewEvent("t", "a"), NewEvent("t", "b")])
            for _ in range(turns):
                await trio.lowlevel.checkpoint()
        begun = list(bench.runs)
        async with bench.runtime("b"):
            await trio.sleep(10)
        assert bench.runs == ["a", "b"]
        assert begun in ([], ["a"], ["a", "b"])
        assert not bench.of(EventsDropped)


async def test_what_outlasts_the_drain_is_dropped_and_told(autojump_clock: MockClock) -> None:
    bench = Bench()
    async with bench.runtime() as runtime:
        await bench.publish(runtime, "slow")
        [entry] = await runtime.client.xrange("s")
    async with bench.runtime("b"):
        await trio.sleep(100)
    assert bench.runs == ["slow"]
    [dropped] = bench.of(EventsDropped)
    assert dropped.raw_ids == (entry.raw_id,)
    assert not bench.of(LeftPending)


@pytest.mark.parametrize("batch", [None, 2])
async def test_what_its_cleanup_raises_is_told_too(batch: int | None, autojump_clock: MockClock) -> None:
    """It broke: its consumer ended with that, and its place was left to nobody."""
    bench = Bench()
    async with bench.runtime(batch=batch) as runtime:
        await bench.publish(runtime, "untidy")
    assert len(bench.of(EventsDropped)) == 1
    [failed] = bench.of(CleanupFailed)
    assert failed.raw_ids == bench.of(EventsDropped)[0].raw_ids
    assert not bench.of(ChildCrashed)


async def test_what_is_begun_takes_a_place_until_it_has_ended(autojump_clock: MockClock) -> None:
    """Nothing is read that there is no room for; and when it has ended, its place is another one's."""
    bench = Bench()
    async with bench.runtime(concurrency=2, prefetch=2) as runtime:
        await bench.publish(runtime, "slow", "slow", "slow", "slow", "c")
        assert bench.runs == ["slow"] * 2
        assert (await runtime.client.xpending("s", "g")).count == 0
        await trio.sleep(130)
        assert bench.runs == ["slow"] * 4 + ["c"]


async def test_a_pause_begins_nothing_and_what_was_read_is_handed_back(autojump_clock: MockClock) -> None:
    bench = Bench()
    async with bench.runtime() as runtime:
        await bench.publish(runtime, "slow", "b")
        runtime.group("s", "g").pause()
        await trio.sleep(100)
        assert bench.runs == ["slow"]
        runtime.group("s", "g").resume()
        await trio.sleep(1)
    assert bench.runs == ["slow", "b"]


async def test_a_pause_while_it_is_acknowledged_has_it_wait(autojump_clock: MockClock) -> None:
    """It begins when the group goes on; whatever the moment of the pause, nothing begins in it, and nothing is lost."""
    for turns in range(0, 24, 4):
        bench = Bench()
        async with bench.runtime() as runtime:
            await runtime.publish_many("s", [NewEvent("t", "a"), NewEvent("t", "b")])
            for _ in range(turns):
                await trio.lowlevel.checkpoint()
            runtime.group("s", "g").pause()
            begun = len(bench.runs)
            await trio.sleep(10)
            assert len(bench.runs) == begun
            runtime.group("s", "g").resume()
            await trio.sleep(1)
        assert bench.runs == ["a", "b"]


OPTIONS: Sequence[Callable[[], GroupOptions]] = (
    lambda: GroupOptions(delivery="at_most_once", max_deliveries=3),
    lambda: GroupOptions(delivery="at_most_once", retry_policy=RetryPolicy()),
    lambda: GroupOptions(delivery="at_most_once", on_lease_lost="finish"),
)


@pytest.mark.parametrize("options", OPTIONS)
def test_options_about_what_comes_again_are_refused(options: Callable[[], GroupOptions]) -> None:
    with pytest.raises(ValueError, match=r"leave out (max_deliveries|retry_policy|on_lease_lost)"):
        options()


def test_a_word_that_is_none_is_told_with_those_that_are() -> None:
    with pytest.raises(ValueError, match="'at_least_once' or 'at_most_once'"):
        GroupOptions(delivery="exactly_once")  # type: ignore[arg-type]
