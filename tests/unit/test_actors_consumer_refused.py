"""Dead letters that Redis refuses: said again, told once, and nothing else waits for them."""

from __future__ import annotations

import itertools

import trio
from redis_streams import (
    DeadLettersRefused,
    Event,
    HandedBack,
    Interrupted,
    NewEvent,
    Reclaim,
    Reject,
    Resumed,
    Runtime,
    RuntimeEvent,
)
from redis_streams.actors import ChildCrashed
from redis_streams.actors._consumer_refused import REFUSED_SECONDS
from redis_streams.simulations.server.in_process import InProcessServer, put_in_process_server
from redis_streams.wire._pending_list import SCRIPT_WORDS_MAX
from trio.testing import MockClock

NAMES = itertools.count()


class Bench:
    """A runtime on a server of its own, whose handler rejects events that are called "bad"."""

    def __init__(self, *, prefetch: int = 10) -> None:
        def clock() -> tuple[int, float]:
            return int((1_700_000_000 + trio.current_time()) * 1_000_000), trio.current_time() * 1000

        self.url = f"memory://refused-{next(NAMES)}"
        put_in_process_server(self.url.removeprefix("memory://"), InProcessServer("7.0", clock=clock))
        self.told: list[RuntimeEvent] = []
        self.runs: list[object] = []
        self.runtime = Runtime(self.url, observer=self.told.append)

        async def handle(event: Event[object]) -> None:
            self.runs.append(event.payload)
            if event.payload == "bad":
                raise Reject("bad")

        self.runtime.add_handler("s", "g", handle, reclaim=Reclaim(min_idle_ms=30_000), prefetch=prefetch)

    async def publish(self, *payloads: str) -> None:
        await self.runtime.publish_many("s", [NewEvent("a", payload) for payload in payloads])

    async def call(self, *words: str) -> object:
        return await self.runtime.client.call(*words)

    async def letters(self) -> object:
        return await self.call("XLEN", "{s}:dead:g")

    async def pending(self) -> int:
        rows = await self.runtime.client.xpending_range("s", "g", count=100)
        return len(rows)

    def refused(self) -> list[DeadLettersRefused]:
        return [event for event in self.told if isinstance(event, DeadLettersRefused)]


async def test_what_is_handled_is_acknowledged_while_a_letter_is_refused(autojump_clock: MockClock) -> None:
    """It broke: the writer crashed at the letter, and again after each restart, and acknowledged nothing any more."""
    bench = Bench()
    async with bench.runtime:
        await bench.call("SET", "{s}:dead:g", "something else")
        await bench.publish("one", "bad", "two", "three")
        await trio.sleep(5)
        assert (bench.runs, await bench.pending()) == (["one", "bad", "two", "three"], 1)
        await bench.publish("four")
        await trio.sleep(5)
        assert await bench.pending() == 1
    assert not [event for event in bench.told if isinstance(event, ChildCrashed)]


async def test_it_is_told_once_and_said_again_each_minute(autojump_clock: MockClock) -> None:
    """Somebody puts it right, and it is written as it was first."""
    bench = Bench()
    async with bench.runtime:
        await bench.call("SET", "{s}:dead:g", "something else")
        await bench.publish("bad")
        await trio.sleep(3 * REFUSED_SECONDS + 1)
        [told] = bench.refused()
        assert "WRONGTYPE" in told.words()
        await bench.call("DEL", "{s}:dead:g")
        await trio.sleep(REFUSED_SECONDS)
        assert (await bench.letters(), await bench.pending(), bench.runs) == (1, 0, ["bad"])
    assert len(bench.refused()) == 1


async def test_what_passes_is_waited_out_by_the_letter_alone(autojump_clock: MockClock) -> None:
    """It broke: the writer waited for memory with the letter, and all acknowledgements with it.

    One with thousands of fields, which does not go through a script, needs memory that is there.
    """
    bench = Bench()
    async with Runtime(bench.url) as former:
        await former.publish_many("s", [NewEvent("a", "one"), NewEvent("a", "two")])
        await former.client.call("XADD", "s", "*", *map(str, range(2 * SCRIPT_WORDS_MAX)))
        await former.publish_many("s", [NewEvent("a", "three")])
        await former.client.call("CONFIG", "SET", "maxmemory", "1")
    async with bench.runtime:
        await trio.sleep(20)
        assert (bench.runs, await bench.pending()) == (["one", "two", "three"], 1)
        await bench.call("CONFIG", "SET", "maxmemory", "0")
        await trio.sleep(30)
        assert (await bench.letters(), await bench.pending()) == (1, 0)
    assert not bench.refused()
    doing = [event.doing for event in bench.told if isinstance(event, Interrupted | Resumed)]
    assert doing == ["moving to the dead letters of s"] * 2


async def test_a_stop_says_it_once_more(autojump_clock: MockClock) -> None:
    """Without waiting for the minute."""
    bench = Bench()
    async with bench.runtime:
        await bench.call("SET", "{s}:dead:g", "something else")
        await bench.publish("bad")
        await trio.sleep(5)
        await bench.call("DEL", "{s}:dead:g")
    async with Runtime(bench.url) as other:
        assert await other.client.call("XLEN", "{s}:dead:g") == 1


async def test_what_a_stop_can_t_get_rid_of_is_handed_back(autojump_clock: MockClock) -> None:
    """With all of its deliveries: none of them was cut short."""
    bench = Bench()
    async with bench.runtime:
        await bench.call("SET", "{s}:dead:g", "something else")
        await bench.publish("bad", "one")
        await trio.sleep(5)
    assert [event.count for event in bench.told if isinstance(event, HandedBack)] == [1]
    async with Runtime(bench.url) as other:
        [row] = await other.client.xpending_range("s", "g", count=10)
        assert (row.deliveries, row.idle_ms >= 30_000) == (1, True)


async def test_letters_take_no_places_from_handlers_and_are_bounded(autojump_clock: MockClock) -> None:
    """Half of the prefetch is kept; what is beyond it comes again after a minute."""
    bench = Bench(prefetch=4)
    async with bench.runtime:
        await bench.call("SET", "{s}:dead:g", "something else")
        await bench.publish(*["bad"] * 8, *map(str, range(20)))
        await trio.sleep(5)
        assert (len(bench.runs), await bench.pending()) == (28, 8)
