"""One time limit for many questions: each is answered, or given up when it is due."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import trio
from attrs import frozen
from redis_streams.actors import ActorStopped, Mailbox, NoReply, Patience, Reply
from redis_streams.actors._patience import KEPT_MIN
from trio.testing import MockClock


@frozen
class Question:
    """What is asked: to be answered after so many seconds."""

    after_seconds: float
    reply: Reply[float]


@asynccontextmanager
async def running(patience: Patience, mailbox: Mailbox[Question], *, answering: bool = True) -> AsyncIterator[None]:
    """The patience, and somebody who answers."""

    async def answer_one(question: Question) -> None:
        await trio.sleep(question.after_seconds)
        question.reply.set(question.after_seconds)

    async def answer() -> None:
        with mailbox.open() as inbox:
            while True:
                nursery.start_soon(answer_one, await inbox.receive())

    async with trio.open_nursery() as nursery:
        nursery.start_soon(patience.run)
        if answering:
            nursery.start_soon(answer)
        yield
        nursery.cancel_scope.cancel()


async def test_each_question_has_the_whole_time(autojump_clock: MockClock) -> None:
    """Whenever it is asked, and whatever else was asked before."""
    patience, mailbox = Patience(10), Mailbox[Question]("m", 100)
    ends: dict[float, float] = {}
    said = set[str]()

    async def ask(at: float, after_seconds: float) -> None:
        await trio.sleep(at)
        try:
            assert await patience.ask(mailbox.address, lambda reply: Question(after_seconds, reply)) == after_seconds
        except NoReply as error:
            said.add(str(error))
            ends[at] = trio.current_time() - begun
        else:
            assert after_seconds <= 10

    begun = trio.current_time()
    async with running(patience, mailbox), trio.open_nursery() as nursery:
        for at in range(40):
            nursery.start_soon(ask, at + 0.25, 11 if at % 3 == 0 else at % 3)
    assert said == {"m gave no answer within 10 s"}
    assert ends == {at + 0.25: pytest.approx(at + 10.25) for at in range(0, 40, 3)}


async def test_waiting_for_room_counts_too(autojump_clock: MockClock) -> None:
    """A full mailbox that nobody reads."""
    patience, mailbox = Patience(10), Mailbox[Question]("m", 1)
    begun = trio.current_time()
    async with running(patience, mailbox, answering=False), trio.open_nursery() as nursery:
        for _ in range(3):

            @nursery.start_soon
            async def ask() -> None:
                with pytest.raises(NoReply):
                    await patience.ask(mailbox.address, lambda reply: Question(0, reply))

    assert trio.current_time() - begun == pytest.approx(10)


async def test_one_that_is_stuck_does_not_make_the_queue_grow(autojump_clock: MockClock) -> None:
    """Those behind it were answered, and are forgotten."""
    patience, mailbox = Patience(1e6), Mailbox[Question]("m", 1)
    async with running(patience, mailbox), trio.open_nursery() as nursery:
        nursery.start_soon(lambda: patience.ask(mailbox.address, lambda reply: Question(1e5, reply)))
        await trio.testing.wait_all_tasks_blocked()
        for _ in range(3 * KEPT_MIN):
            await patience.ask(mailbox.address, lambda reply: Question(0, reply))
        assert len(patience._asked) <= KEPT_MIN
    assert trio.current_time() >= 1e5


async def test_whoever_is_cancelled_or_too_late_hears_so(autojump_clock: MockClock) -> None:
    """The asker's own time limit is shorter; the receiver has ended."""
    patience, mailbox = Patience(10), Mailbox[Question]("m", 1)
    async with running(patience, mailbox):
        with trio.move_on_after(1) as scope:
            await patience.ask(mailbox.address, lambda reply: Question(5, reply))
        assert scope.cancelled_caught
        await trio.sleep(20)
    mailbox.close()
    with pytest.raises(ActorStopped, match="m has stopped"):
        await patience.ask(mailbox.address, lambda reply: Question(5, reply))
