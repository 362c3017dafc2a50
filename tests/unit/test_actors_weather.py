"""Weather passes: expected trouble is waited out, longer from try to try, and told twice; a bug is raised."""

from __future__ import annotations

from random import Random

import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st
from redis_streams.actors import ActorEvent, Interrupted, Resumed, Stage
from redis_streams.actors._weather import Weather
from redis_streams.wire import ConnectionLost, NoGroup, Retry
from support.examples import examples
from support.seeded import run_seeded
from trio.testing import MockClock

LOST = ConnectionLost("gone", sent=True)


class Half(Random):
    """Draws the middle of every range."""

    def uniform(self, a: float, b: float) -> float:
        return (a + b) / 2


class Bench:
    """A weather, what its stage heard, and an operation that fails so many times."""

    def __init__(self, *, base: float = 1, most: float = 30, rng: Random | None = None) -> None:
        self.events: list[ActorEvent] = []
        stage = Stage("a", "root/a", 1, self.events.append)
        retry = Retry(max_retries=0, base_delay_seconds=base, max_delay_seconds=most)
        self.weather = Weather(stage, "reading orders", retry=retry, rng=rng or Half())
        self.times: list[float] = []

    async def fail(self, times: int, error: Exception = LOST) -> str:
        """An operation through the weather."""
        left = times

        async def operation() -> str:
            nonlocal left
            self.times.append(trio.current_time())
            if left:
                left -= 1
                raise error
            return "done"

        return await self.weather.through(operation)

    def pauses(self) -> list[float]:
        return [round(after - before, 6) for before, after in zip(self.times, self.times[1:], strict=False)]


async def test_fair_weather_says_nothing(autojump_clock: MockClock) -> None:
    """No event, no wait."""
    bench = Bench()
    begun = trio.current_time()
    assert await bench.fail(0) == "done"
    bench.weather.clear()
    assert bench.events == []
    assert trio.current_time() == begun


async def test_trouble_is_waited_out_longer_from_try_to_try(autojump_clock: MockClock) -> None:
    """Doubled up to the most; the number of tries has no limit here."""
    bench = Bench(base=1, most=6)
    assert await bench.fail(6) == "done"
    assert bench.pauses() == [0.5, 1, 2, 3, 3, 3]


async def test_one_spell_of_trouble_is_told_once_at_each_end(autojump_clock: MockClock) -> None:
    """With the first error, how long it took and how many tries."""
    bench = Bench()
    await bench.fail(3)
    assert bench.events == [
        Interrupted("root/a", "reading orders", LOST),
        Resumed("root/a", "reading orders", pytest.approx(3.5), 3),
    ]
    bench.events.clear()
    await bench.fail(1)
    assert [type(event) for event in bench.events] == [Interrupted, Resumed]


async def test_after_fair_weather_the_wait_is_short_again(autojump_clock: MockClock) -> None:
    """Each spell begins at the first delay."""
    bench = Bench()
    await bench.fail(4)
    bench.times.clear()
    await bench.fail(2)
    assert bench.pauses() == [0.5, 1]


@pytest.mark.parametrize("error", [NoGroup("NOGROUP"), ValueError("a bug")])
async def test_what_is_not_weather_is_raised_at_once(error: Exception, autojump_clock: MockClock) -> None:
    """Waiting would not help: nobody is told that it will pass."""
    bench = Bench()
    with pytest.raises(type(error)):
        await bench.fail(1, error)
    assert bench.events == []
    assert len(bench.times) == 1


async def test_a_bug_after_trouble_is_raised_too(autojump_clock: MockClock) -> None:
    """Nobody says that the activity was resumed."""
    bench = Bench()
    with pytest.raises(KeyError):
        for error in (LOST, KeyError("bug")):
            await bench.weather.wait(error)
    assert [type(event) for event in bench.events] == [Interrupted]


async def test_the_wait_can_be_cancelled(autojump_clock: MockClock) -> None:
    """A stop does not wait for better weather."""
    bench = Bench(base=1000, most=1000)
    with trio.move_on_after(5) as scope:
        await bench.fail(99)
    assert scope.cancelled_caught


@settings(max_examples=examples(50), deadline=None)
@given(st.lists(st.integers(0, 6), max_size=5), st.integers(0, 2**16))
def test_jitter_stays_within_its_bounds_and_repeats(spells: list[int], seed: int) -> None:
    """Of each wait; every spell has its two events."""

    def once() -> list[float]:
        bench = Bench(base=1, most=10, rng=Random(seed))

        async def main() -> None:
            for times in spells:
                bench.times.clear()
                await bench.fail(times)
                pauses.extend(bench.pauses())
                for tries, pause in enumerate(bench.pauses()):
                    assert 0 <= pause <= min(10, 2**tries) + 1e-5

        pauses: list[float] = []
        run_seeded(main, seed)
        kinds = [type(event) for event in bench.events]
        assert kinds == [Interrupted, Resumed] * sum(times > 0 for times in spells)
        return pauses

    assert once() == once()
