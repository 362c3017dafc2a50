"""The alarm: wakes one sleeper in time, whoever set it, and whenever."""

from __future__ import annotations

import trio
from redis_streams.actors._alarm import Alarm
from trio.testing import MockClock


async def test_without_an_alarm_the_sleeper_sleeps_as_long_as_it_likes(autojump_clock: MockClock) -> None:
    """To the moment."""
    began = trio.current_time()
    await Alarm().sleep(30)
    assert trio.current_time() - began == 30


async def test_the_earliest_time_counts(autojump_clock: MockClock) -> None:
    """Set before or during the sleep; one that is over ends it at once, and none is used twice."""
    alarm, began = Alarm(), trio.current_time()
    alarm.set(10)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(alarm.sleep, 30)
        await trio.sleep(1)
        alarm.set(20)
        alarm.set(2)
    assert trio.current_time() - began == 3
    alarm.set(1)
    await trio.sleep(5)
    await alarm.sleep(30)
    assert trio.current_time() - began == 8
    await alarm.sleep(4)
    assert trio.current_time() - began == 12


async def test_an_alarm_beyond_the_sleep_does_not_lengthen_it(autojump_clock: MockClock) -> None:
    """It is for who sleeps then."""
    alarm, began = Alarm(), trio.current_time()
    alarm.set(100)
    await alarm.sleep(5)
    assert trio.current_time() - began == 5
