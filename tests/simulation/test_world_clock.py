"""Virtual time, as the world itself sleeps in it."""

from __future__ import annotations

import trio
from redis_streams.simulations.world._clock import VirtualClock


def _stuck() -> None:
    raise AssertionError("nothing can happen any more")


def test_who_sleeps_wakes_at_the_time_beside_those_who_sleep_as_trio_has_it() -> None:
    clock = VirtualClock(_stuck)
    woken: list[tuple[str, float]] = []

    async def main() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(sleep_by_clock, "first", 1.0)
            nursery.start_soon(sleep_by_trio, "second", 1.5)
            nursery.start_soon(sleep_by_clock, "third", 2.0)

    async def sleep_by_clock(name: str, seconds: float) -> None:
        await clock.sleep(seconds)
        woken.append((name, trio.current_time()))

    async def sleep_by_trio(name: str, seconds: float) -> None:
        await trio.sleep(seconds)
        woken.append((name, trio.current_time()))

    trio.run(main, clock=clock)
    assert woken == [("first", 1.0), ("second", 1.5), ("third", 2.0)]


def test_who_is_cancelled_sleeps_no_longer_and_is_not_woken_later() -> None:
    clock = VirtualClock(_stuck)

    async def main() -> None:
        with trio.move_on_after(1.0) as limit:
            await clock.sleep_until(3.0)
        assert limit.cancelled_caught
        assert trio.current_time() == 1.0
        await clock.sleep_until(0.5)  # which has gone by
        await trio.sleep_until(5.0)

    trio.run(main, clock=clock)
    assert clock.now == 5.0
