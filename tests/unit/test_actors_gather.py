"""Taking what has gathered: batches, and the way out when the actor is to stop."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st
from redis_streams.actors import ActorStopped, Inbox, Mailbox, Stage, gather
from redis_streams.actors._observer import ignore
from support.examples import examples
from support.seeded import run_seeded
from trio.testing import MockClock, wait_all_tasks_blocked


def stage() -> Stage:
    return Stage("a", "root/a", 1, ignore)


async def gather_into(got: list[list[int]], inbox: Inbox[int], on: Stage, most: int) -> None:
    got.append(await gather(inbox, on, most=most))


async def test_what_is_there_is_taken_up_to_the_most() -> None:
    """The oldest first; the rest stays."""
    mailbox: Mailbox[int] = Mailbox("m", 9)
    for number in range(5):
        mailbox.address.send_nowait(number)
    with mailbox.open() as inbox:
        assert await gather(inbox, stage(), most=3) == [0, 1, 2]
        assert await gather(inbox, stage(), most=3) == [3, 4]


@pytest.mark.parametrize("capacity", [0, 9])
async def test_it_waits_for_the_first_message(capacity: int, autojump_clock: MockClock) -> None:
    """And then takes what came together with it."""
    mailbox: Mailbox[int] = Mailbox("m", capacity)
    got: list[list[int]] = []
    with mailbox.open() as inbox:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(gather_into, got, inbox, stage(), 9)
            await wait_all_tasks_blocked()
            assert got == []
            for number in range(3 if capacity else 1):
                mailbox.address.send_nowait(number)
    assert got == [[0, 1, 2] if capacity else [0]]


async def test_draining_ends_the_wait_with_nothing(autojump_clock: MockClock) -> None:
    """The actor has served everything, so it may return."""
    mailbox: Mailbox[int] = Mailbox("m", 9)
    on, got = stage(), list[list[int]]()
    with mailbox.open() as inbox:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(gather_into, got, inbox, on, 9)
            await wait_all_tasks_blocked()
            on.drain()
        assert got == [[]]
        assert await gather(inbox, on, most=9) == []
    assert mailbox.statistics().receivers_waiting == 0
    assert not on._wakes


async def test_what_is_there_is_served_before_the_end() -> None:
    """Draining means to finish, not to drop."""
    mailbox: Mailbox[int] = Mailbox("m", 9)
    on = stage()
    for number in range(4):
        mailbox.address.send_nowait(number)
    on.drain()
    with mailbox.open() as inbox:
        assert await gather(inbox, on, most=3) == [0, 1, 2]
        assert await gather(inbox, on, most=3) == [3]
        assert await gather(inbox, on, most=3) == []


async def test_a_mailbox_that_ends_ends_the_wait(autojump_clock: MockClock) -> None:
    """With the error of any other receipt."""
    mailbox: Mailbox[int] = Mailbox("m", 9)
    on = stage()

    async def expect_end() -> None:
        with pytest.raises(ActorStopped):
            await gather(inbox, on, most=9)

    with mailbox.open() as inbox:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(expect_end)
            await wait_all_tasks_blocked()
            mailbox.close()
    assert not on._wakes


async def test_a_wait_that_is_cancelled_takes_nothing_and_leaves_nothing(autojump_clock: MockClock) -> None:
    """Its stage does not keep waking who is gone."""
    mailbox: Mailbox[int] = Mailbox("m", 9)
    on = stage()
    with mailbox.open() as inbox:
        with trio.move_on_after(1) as scope:
            await gather(inbox, on, most=9)
        assert scope.cancelled_caught
        assert not on._wakes
        mailbox.address.send_nowait(1)
        assert await gather(inbox, on, most=9) == [1]


@settings(max_examples=examples(100), deadline=None)
@given(
    st.integers(0, 3),
    st.integers(1, 3),
    st.lists(st.integers(0, 2), max_size=8),
    st.integers(0, 8),
    st.integers(0, 2**16),
)
def test_all_that_was_sent_before_the_drain_is_served(
    capacity: int, most: int, pauses: Sequence[int], drains_at: int, seed: int
) -> None:
    """In order and in batches that are not empty; what a sender gets rid of later is still in the mailbox."""
    mailbox: Mailbox[int] = Mailbox("m", capacity)
    on, sent, got = stage(), list[int](), list[int]()

    async def send() -> None:
        for number, pause in enumerate(pauses):
            await trio.sleep(pause)
            mailbox.address.send_nowait(number)
            sent.append(number)

    async def serve() -> None:
        with mailbox.open() as inbox:
            while batch := await gather(inbox, on, most=most):
                assert len(batch) <= most
                got.extend(batch)
                await trio.sleep(1)
        assert on.draining

    async def main() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(serve)
            with trio.move_on_after(drains_at):
                with suppress(trio.WouldBlock):
                    await send()
                await trio.sleep_forever()
            on.drain()

    run_seeded(main, seed)
    assert got == sent
