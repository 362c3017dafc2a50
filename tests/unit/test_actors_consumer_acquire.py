"""Reads and claims share the places of one consumer."""

from __future__ import annotations

from random import Random

import pytest
import trio
import trio.testing
from redis_streams.actors import Mailbox, Stage
from redis_streams.actors._alarm import Alarm
from redis_streams.actors._consumer_acquire import _claim_when_room, _read_once
from redis_streams.actors._consumer_desk import ConsumerSettings, ConsumerWiring, Desk, Work
from redis_streams.actors._consumer_hold import Hold
from redis_streams.actors._consumer_window import Window
from redis_streams.actors._messages import Offer
from redis_streams.wire import Claimed, Entry
from trio.testing import MockClock

LEFT = Entry(b"1-1", [b"a", b"b"])


class Redis:
    """As much of Redis as a read and a claim see; a read ends some time after it was asked to.

    Args:
        too_early: so many times it is asked before the read has arrived, which then has no effect.
    """

    client_id = 7

    def __init__(self, too_early: int) -> None:
        self.too_early = too_early
        self.unblocked = trio.Event()

    async def call(self, *words: object) -> int:
        assert words == (b"CLIENT", b"UNBLOCK", 7)
        if self.too_early:
            self.too_early -= 1
            return 0
        self.unblocked.set()
        return 1

    async def read_group(self, *_names: str, count: int, block_ms: int | None) -> list[Entry]:
        assert (count, block_ms) == (1, 5000)
        await self.unblocked.wait()
        await trio.sleep(1)  # the answer to CLIENT UNBLOCK overtakes that to the read
        return []

    async def claim(self, _name: str, raw_ids: list[bytes], *, min_idle_ms: int) -> Claimed:
        assert (raw_ids, min_idle_ms) == ([LEFT.raw_id], 30_000)
        return Claimed([(LEFT, 1)], [], [])


@pytest.mark.parametrize("too_early", [0, 1, 5])
async def test_a_claim_gets_the_place_that_a_read_gives_back(too_early: int, autojump_clock: MockClock) -> None:
    """Also when the read ends later than the answer to CLIENT UNBLOCK says, or that came before the read itself."""
    redis, mailboxes = Redis(too_early), [Mailbox[object](name, 1) for name in ("writer", "group", "tickets")]
    writer, group, tickets = mailboxes
    settings = ConsumerSettings("s", "g", "c", prefetch=1)
    wiring = ConsumerWiring(redis, redis, writer.address, group.address, tickets, Work(), Random(1), None, Alarm())
    window = Window(1, 1)
    desk = Desk(Stage("c", "c", 1, lambda _event: None), settings, wiring, Hold(window.places), window)
    with trio.fail_after(100):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_read_once, desk, redis)
            await trio.testing.wait_all_tasks_blocked()
            nursery.start_soon(_claim_when_room, desk, [Offer(LEFT.raw_id, 1)])
    assert desk.hold.take() == (LEFT, 2)
