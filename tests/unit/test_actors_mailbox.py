"""Mailboxes, addresses and replies: bounded, in order, and nothing lost or doubled by a cancellation."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

import pytest
import trio
from attrs import frozen
from hypothesis import given, settings
from hypothesis import strategies as st
from redis_streams.actors import ActorStopped, Address, Inbox, Mailbox, MailboxStatistics, NoReply, Reply
from support.examples import examples
from support.seeded import run_seeded
from trio.testing import MockClock, wait_all_tasks_blocked


@frozen
class Question:
    """A request."""

    number: int
    reply: Reply[int]


async def blocks(send: Callable[[], Awaitable[object]]) -> bool:
    """Whether this waits; it is cut off then."""
    with trio.move_on_after(1) as scope:
        await send()
    return scope.cancelled_caught


# Room


@pytest.mark.parametrize("capacity", [-1, 1.5, True, math.inf])
def test_the_capacity_is_a_whole_number_from_0_on(capacity: int) -> None:
    """Every mailbox is bounded; the bad value is shown."""
    with pytest.raises(ValueError, match=str(capacity)):
        Mailbox("m", capacity)


@pytest.mark.parametrize("capacity", [1, 2, 5])
async def test_a_sender_beyond_the_capacity_waits(capacity: int, autojump_clock: MockClock) -> None:
    """Backpressure: it goes on when there is room, and not before."""
    mailbox: Mailbox[int] = Mailbox("m", capacity)
    for number in range(capacity):
        await mailbox.address.send(number)
    assert mailbox.statistics() == MailboxStatistics("m", capacity, capacity, 0, 0)
    with pytest.raises(trio.WouldBlock):
        mailbox.address.send_nowait(-1)
    assert await blocks(lambda: mailbox.address.send(-1))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(mailbox.address.send, capacity)
        await wait_all_tasks_blocked()
        assert mailbox.statistics() == MailboxStatistics("m", capacity, capacity, 1, 0)
        with mailbox.open() as inbox:
            assert await inbox.receive() == 0
    assert mailbox.statistics() == MailboxStatistics("m", capacity, capacity, 0, 0)
    with mailbox.open() as inbox:
        assert inbox.take(99) == list(range(1, capacity + 1))


async def test_without_capacity_a_message_is_handed_over_in_person(autojump_clock: MockClock) -> None:
    """A rendezvous: nobody sends until somebody waits for it, and one who waits gets one message."""
    mailbox: Mailbox[int] = Mailbox("m", 0)
    got: list[int] = []

    async def receive() -> None:
        with mailbox.open() as inbox:
            got.append(await inbox.receive())

    with pytest.raises(trio.WouldBlock):
        mailbox.address.send_nowait(0)
    assert await blocks(lambda: mailbox.address.send(0))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(receive)
        await wait_all_tasks_blocked()
        mailbox.address.send_nowait(1)
        with pytest.raises(trio.WouldBlock):
            mailbox.address.send_nowait(2)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(mailbox.address.send, 3)
        await wait_all_tasks_blocked()
        assert got == [1]
        nursery.start_soon(receive)
    assert got == [1, 3]


@pytest.mark.parametrize("capacity", [0, 1, 3])
async def test_the_order_of_one_sender_is_kept(capacity: int, autojump_clock: MockClock) -> None:
    """Also over waits."""
    mailbox: Mailbox[int] = Mailbox("m", capacity)

    async def send() -> None:
        for number in range(50):
            await mailbox.address.send(number)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(send)
        with mailbox.open() as inbox:
            assert [await inbox.receive() for _ in range(50)] == list(range(50))


@pytest.mark.parametrize("capacity", [0, 1, 3])
async def test_no_sender_is_left_behind(capacity: int, autojump_clock: MockClock) -> None:
    """Three that send as fast as they can get through about equally often."""
    mailbox: Mailbox[str] = Mailbox("m", capacity)

    async def send(name: str) -> None:
        while True:
            await mailbox.address.send(name)

    async with trio.open_nursery() as nursery:
        for name in "abc":
            nursery.start_soon(send, name)
        with mailbox.open() as inbox:
            got = [await inbox.receive() for _ in range(600)]
        nursery.cancel_scope.cancel()
    assert min(got.count(name) for name in "abc") > 100


async def test_senders_that_wait_get_through_in_the_order_they_came(autojump_clock: MockClock) -> None:
    """First come, first served."""
    mailbox: Mailbox[int] = Mailbox("m", 1)
    mailbox.address.send_nowait(0)
    async with trio.open_nursery() as nursery:
        for number in range(1, 6):
            nursery.start_soon(mailbox.address.send, number)
            await wait_all_tasks_blocked()
        with mailbox.open() as inbox:
            got = list[int]()
            while len(got) < 6:
                got.append(await inbox.receive())
                await wait_all_tasks_blocked()
    assert got == list(range(6))


async def test_taking_many_lets_as_many_senders_in(autojump_clock: MockClock) -> None:
    """None of them stays parked beside free places."""
    mailbox: Mailbox[int] = Mailbox("m", 3)
    async with trio.open_nursery() as nursery:
        for number in range(6):
            nursery.start_soon(mailbox.address.send, number)
        await wait_all_tasks_blocked()
        with mailbox.open() as inbox:
            assert len(inbox.take(99)) == 3
            await wait_all_tasks_blocked()
            assert mailbox.statistics() == MailboxStatistics("m", 3, 3, 0, 0)
            assert inbox.take(0) == []
            assert len(inbox.take(2)) == 2


# Cancellation


@pytest.mark.parametrize("capacity", [0, 1])
async def test_a_send_that_was_cancelled_sent_nothing(capacity: int, autojump_clock: MockClock) -> None:
    """And one that waits behind it gets through."""
    mailbox: Mailbox[int] = Mailbox("m", capacity)
    for number in range(capacity):
        mailbox.address.send_nowait(-number)
    async with trio.open_nursery() as nursery:
        with trio.move_on_after(1) as scope:
            await mailbox.address.send(1)
        assert scope.cancelled_caught
        nursery.start_soon(mailbox.address.send, 2)
        await wait_all_tasks_blocked()
        with mailbox.open() as inbox:
            assert [await inbox.receive() for _ in range(capacity + 1)] == [*([0] * capacity), 2]
            assert await blocks(inbox.receive)


async def test_in_a_cancelled_scope_nothing_is_sent_or_received(autojump_clock: MockClock) -> None:
    """Also where it would not have to wait: cancelled means that it did not happen."""
    mailbox: Mailbox[int] = Mailbox("m", 5)
    mailbox.address.send_nowait(1)
    with mailbox.open() as inbox:
        with trio.CancelScope() as scope:
            scope.cancel()
            await mailbox.address.send(2)
        assert scope.cancelled_caught
        with trio.CancelScope() as scope:
            scope.cancel()
            await inbox.receive()
        assert scope.cancelled_caught
        assert inbox.take(9) == [1]


@pytest.mark.parametrize("capacity", [0, 1])
async def test_a_receiver_that_was_cancelled_took_nothing(capacity: int, autojump_clock: MockClock) -> None:
    """The next one gets the message, and no sender hands it to one who has left."""
    mailbox: Mailbox[int] = Mailbox("m", capacity)
    with mailbox.open() as inbox:
        assert await blocks(inbox.receive)
        if capacity == 0:
            with pytest.raises(trio.WouldBlock):
                mailbox.address.send_nowait(0)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(mailbox.address.send, 7)
            assert await inbox.receive() == 7


async def test_a_message_that_came_before_the_cancellation_is_not_lost(autojump_clock: MockClock) -> None:
    """Handed over and cancelled in one pass: the receiver has it, or the mailbox still has."""
    for capacity in (0, 1):
        mailbox: Mailbox[int] = Mailbox("m", capacity)
        got: list[int] = []

        async def receive(inbox: Inbox[int], got: list[int], scope: trio.CancelScope) -> None:
            with scope:
                got.append(await inbox.receive())

        with mailbox.open() as inbox:
            async with trio.open_nursery() as nursery:
                scope = trio.CancelScope()
                nursery.start_soon(receive, inbox, got, scope)
                await wait_all_tasks_blocked()
                mailbox.address.send_nowait(1)
                scope.cancel()
            assert got + inbox.take(9) == [1]


# Incarnations and the end


async def test_what_is_buffered_waits_for_the_next_incarnation(autojump_clock: MockClock) -> None:
    """A crash of the one who read does not cost a message; the address stays valid."""
    mailbox: Mailbox[int] = Mailbox("m", 5)
    for number in range(3):
        mailbox.address.send_nowait(number)
    with suppress(RuntimeError), mailbox.open() as inbox:
        assert await inbox.receive() == 0
        raise RuntimeError("crash")
    mailbox.address.send_nowait(3)
    with mailbox.open() as again:
        assert [await again.receive() for _ in range(3)] == [1, 2, 3]
    with pytest.raises(ActorStopped, match="given back"):
        inbox.receive_nowait()


async def test_receiving_without_waiting() -> None:
    """Takes what is there, or says that there is nothing."""
    mailbox: Mailbox[int] = Mailbox("m", 5)
    with mailbox.open() as inbox:
        with pytest.raises(trio.WouldBlock):
            inbox.receive_nowait()
        mailbox.address.send_nowait(1)
        assert inbox.receive_nowait() == 1


async def test_whoever_waits_can_be_woken_without_a_message(autojump_clock: MockClock) -> None:
    """`wait` returns to look again; `receive` looks and waits on."""
    mailbox: Mailbox[int] = Mailbox("m", 5)
    with mailbox.open() as inbox:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(inbox.wait)
            await wait_all_tasks_blocked()
            inbox.wake()
        async with trio.open_nursery() as nursery:

            @nursery.start_soon
            async def receive() -> None:
                assert await inbox.receive() == 1

            await wait_all_tasks_blocked()
            inbox.wake()
            await wait_all_tasks_blocked()
            assert mailbox.statistics().receivers_waiting == 1
            mailbox.address.send_nowait(1)


@pytest.mark.parametrize("capacity", [0, 1])
async def test_the_end_of_a_mailbox_reaches_everybody(capacity: int, autojump_clock: MockClock) -> None:
    """Who sends, who waits to send, who asked, who waits to receive, and who comes later."""
    ended = list[str]()

    async def end(name: str, wait: Callable[[], Awaitable[object]], error: type[Exception]) -> None:
        with pytest.raises(error):
            await wait()
        ended.append(name)

    begun = trio.current_time()
    full: Mailbox[Question] = Mailbox("m", capacity)
    empty: Mailbox[Question] = Mailbox("e", capacity)
    async with trio.open_nursery() as nursery:
        if capacity:
            nursery.start_soon(end, "asked", ask(full.address, seconds=99), NoReply)
            await wait_all_tasks_blocked()
        nursery.start_soon(end, "sends", lambda: full.address.send(Question(0, Reply())), ActorStopped)
        inbox = empty.open()
        nursery.start_soon(end, "receives", inbox.receive, ActorStopped)
        await wait_all_tasks_blocked()
        full.close()
        empty.close()
        full.close()  # twice is fine
    assert trio.current_time() - begun < 1
    assert sorted(ended) == (["asked"] if capacity else []) + ["receives", "sends"]
    for late in (lambda: full.address.send_nowait(Question(0, Reply())), full.open, inbox.receive_nowait):
        with pytest.raises(ActorStopped, match=r"(m|e) has stopped"):
            late()
    assert full.statistics() == MailboxStatistics("m", capacity, 0, 0, 0)


# Replies


async def test_an_answer_may_come_before_or_after_the_asker_waits() -> None:
    """It is kept."""
    early: Reply[int] = Reply()
    early.set(1)
    assert await early.wait() == 1
    late: Reply[int] = Reply()
    async with trio.open_nursery() as nursery:

        @nursery.start_soon
        async def wait() -> None:
            assert await late.wait() == 2

        await wait_all_tasks_blocked()
        late.set(2)


async def test_only_the_first_word_is_heard() -> None:
    """Answering twice, failing after an answer, answering after it was closed."""

    def said(*words: Callable[[Reply[int]], object]) -> Reply[int]:
        reply: Reply[int] = Reply()
        for word in words:
            word(reply)
        assert reply.closed
        return reply

    one, two = (lambda reply: reply.set(1)), (lambda reply: reply.set(2))
    fail, close = (lambda reply: reply.fail(KeyError("x"))), (lambda reply: reply.close())
    assert await said(one, two, fail, close).wait() == 1
    with pytest.raises(KeyError):
        await said(fail, one, close).wait()
    with pytest.raises(NoReply):
        await said(close, one, fail).wait()


async def test_an_answer_may_be_none() -> None:
    """None said is not nothing said."""
    reply: Reply[None] = Reply()
    reply.set(None)
    assert await reply.wait() is None


async def test_a_block_closes_its_reply_on_every_path() -> None:
    """Returning or crashing without a word is `NoReply` at the asker's; a word stands."""
    for error in (None, RuntimeError("crash")):
        reply: Reply[int] = Reply()
        with suppress(RuntimeError), reply:
            if error is not None:
                raise error
        with pytest.raises(NoReply, match="without an answer"):
            await reply.wait()
    reply = Reply()
    with reply as same:
        same.set(5)
    assert await reply.wait() == 5


async def serve(inbox: Inbox[Question], work: Callable[[Question], object], count: int = 1) -> None:
    for _ in range(count):
        question = await inbox.receive()
        with suppress(RuntimeError), question.reply:
            work(question)


def ask(address: Address[Question], number: int = 1, seconds: float = 10) -> Callable[[], Awaitable[int]]:
    return lambda: address.ask(lambda reply: Question(number, reply), timeout_seconds=seconds)


async def test_asking_gets_the_answer_the_error_or_no_reply(autojump_clock: MockClock) -> None:
    """A value, what was given to `fail`, or `NoReply` when whoever worked on it crashed."""
    mailbox: Mailbox[Question] = Mailbox("m", 5)

    def crash(_question: Question) -> None:
        raise RuntimeError("crash")

    with mailbox.open() as inbox:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(serve, inbox, lambda question: question.reply.set(question.number * 2))
            assert await ask(mailbox.address, 21)() == 42
            nursery.start_soon(serve, inbox, lambda question: question.reply.fail(KeyError("x")))
            with pytest.raises(KeyError):
                await ask(mailbox.address)()
            nursery.start_soon(serve, inbox, crash)
            with pytest.raises(NoReply):
                await ask(mailbox.address)()


@pytest.mark.parametrize("capacity", [0, 1, 5])
async def test_one_time_limit_is_for_the_room_and_the_answer(capacity: int, autojump_clock: MockClock) -> None:
    """Nobody reads: the limit ends the wait, and what was asked in vain is seen to be."""
    mailbox: Mailbox[Question] = Mailbox("m", capacity)
    begun = trio.current_time()
    with pytest.raises(NoReply, match="m gave no answer within 10 s"):
        await ask(mailbox.address, seconds=10)()
    assert trio.current_time() - begun == pytest.approx(10)
    with mailbox.open() as inbox:
        questions = inbox.take(9)
        assert [question.reply.closed for question in questions] == [True] * min(1, capacity)


async def test_an_asker_that_left_is_seen_and_hears_nothing(autojump_clock: MockClock) -> None:
    """Whoever works on it may save the work; an answer all the same is no mistake."""
    mailbox: Mailbox[Question] = Mailbox("m", 5)
    assert await blocks(ask(mailbox.address))
    with mailbox.open() as inbox:
        (question,) = inbox.take(9)
        assert question.reply.closed
        question.reply.set(1)


async def test_asking_one_who_has_come_to_its_end() -> None:
    """Is not a question of time."""
    mailbox: Mailbox[Question] = Mailbox("orders", 5)
    mailbox.close()
    assert mailbox.address.name == "orders"
    with pytest.raises(ActorStopped, match="orders"):
        await ask(mailbox.address)()


# Against models


OPS = st.lists(st.tuples(st.sampled_from("ssssttrrocx"), st.integers(0, 4)), max_size=40)


@given(st.integers(1, 4), OPS)
def test_without_waiting_it_is_a_bounded_queue(capacity: int, ops: Sequence[tuple[str, int]]) -> None:
    """Compared with a deque, step by step: send, take, receive, open again, close."""
    mailbox: Mailbox[int] = Mailbox("m", capacity)
    model, closed, inbox = deque[int](), False, mailbox.open()
    for number, (op, most) in enumerate(ops):
        try:
            if op == "s":
                full = len(model) == capacity
                mailbox.address.send_nowait(number)
                assert not full
                model.append(number)
            elif op == "t":
                assert inbox.take(most) == [model.popleft() for _ in range(min(most, len(model)))]
            elif op == "r":
                assert inbox.receive_nowait() == model.popleft()
            elif op == "o":
                inbox.__exit__(None, None, None)
                inbox = mailbox.open()
            elif op == "x" and most == 0:
                mailbox.close()
                closed = True
                model.clear()
        except trio.WouldBlock:
            assert not closed
            assert len(model) == (capacity if op == "s" else 0)
        except ActorStopped:
            assert closed
        assert mailbox.statistics() == MailboxStatistics("m", capacity, len(model), 0, 0)


TIMES = st.integers(0, 4)
SEEDS = st.integers(0, 2**16)
SENDERS = st.lists(st.lists(st.tuples(TIMES, TIMES), max_size=5), min_size=1, max_size=4)
RECEIVERS = st.lists(st.lists(st.tuples(TIMES, TIMES, st.integers(0, 3)), max_size=5), min_size=1, max_size=3)
Letter = tuple[int, int]
"""Its sender, and its number."""


class Exchange:
    """Senders and receivers at one mailbox, what was sent, and what each received."""

    def __init__(self, capacity: int, nursery: trio.Nursery) -> None:
        self.mailbox: Mailbox[Letter] = Mailbox("m", capacity)
        self.nursery = nursery
        self.sent: list[Letter] = []
        self.received: list[list[Letter]] = []

    def cut_after(self, seconds: int) -> trio.CancelScope:
        """A scope that another task cancels, so that it may happen in the very pass in which its wait has ended."""
        scope = trio.CancelScope()

        async def cut() -> None:
            await trio.sleep(seconds)
            scope.cancel()

        self.nursery.start_soon(cut)
        return scope

    async def send(self, sender: int, script: Sequence[tuple[int, int]]) -> None:
        """For each letter a pause, and the patience with which it is sent."""
        for number, (pause, patience) in enumerate(script):
            await trio.sleep(pause)
            with self.cut_after(patience):
                await self.mailbox.address.send((sender, number))
                self.sent.append((sender, number))
            assert self.mailbox.statistics().used <= max(self.mailbox.capacity, len(self.received))

    async def receive(self, script: Sequence[tuple[int, int, int]]) -> None:
        """For each step a pause, a patience, and how many to take without waiting; 0: wait for one."""
        got: list[Letter] = []
        self.received.append(got)
        with self.mailbox.open() as inbox:
            for pause, patience, most in script:
                await trio.sleep(pause)
                with self.cut_after(patience):
                    if most == 0:
                        got.append(await inbox.receive())
                    else:
                        got.extend(inbox.take(most))
                        await inbox.wait()
                if most == 3:
                    inbox.wake()

    def take_rest(self) -> None:
        """What nobody received."""
        with self.mailbox.open() as inbox:
            self.received.append(inbox.take(99))


@settings(max_examples=examples(300), deadline=None)
@given(st.integers(0, 3), SENDERS, RECEIVERS, SEEDS)
def test_cancelled_or_not_nothing_is_lost_or_doubled(
    capacity: int,
    senders: Sequence[Sequence[tuple[int, int]]],
    receivers: Sequence[Sequence[tuple[int, int, int]]],
    seed: int,
) -> None:
    """Each message that was sent is received once or still there; one whose send was cancelled is nowhere.

    Everything happens at whole seconds, so sends, receipts, limits and wake-ups meet in one pass, in an order that the
    seed says.
    """
    exchanges: list[Exchange] = []

    async def main() -> None:
        async with trio.open_nursery() as nursery:
            exchange = Exchange(capacity, nursery)
            exchanges.append(exchange)
            for reading in receivers:
                nursery.start_soon(exchange.receive, reading)
            for sender, writing in enumerate(senders):
                nursery.start_soon(exchange.send, sender, writing)
        exchange.take_rest()
        assert exchange.mailbox.statistics() == MailboxStatistics("m", capacity, 0, 0, 0)

    run_seeded(main, seed)
    (exchange,) = exchanges
    assert sorted(letter for got in exchange.received for letter in got) == sorted(exchange.sent)
    for got in exchange.received:
        # Sorting keeps the order of equals: each sender's letters came as they were sent.
        assert sorted(got) == sorted(got, key=lambda letter: letter[0])


class Desk:
    """Where questions are put, each answered in its own way a second later."""

    def __init__(self, capacity: int, ways: Sequence[str]) -> None:
        self.mailbox: Mailbox[Question] = Mailbox("m", capacity)
        self.ways = ways
        self.outcomes: dict[int, object] = {}

    async def put(self, number: int, pause: int, seconds: int) -> None:
        """Ask, and note what comes of it."""
        await trio.sleep(pause)
        begun = trio.current_time()
        try:
            self.outcomes[number] = await ask(self.mailbox.address, number, seconds)()
        except (KeyError, NoReply, ActorStopped) as error:
            self.outcomes[number] = type(error)
        assert trio.current_time() <= begun + seconds + 1e-5

    async def answer(self) -> None:
        """Question by question, until the mailbox has ended."""
        with suppress(ActorStopped), self.mailbox.open() as inbox:
            while True:
                question = await inbox.receive()
                await trio.sleep(1)
                with question.reply as reply:
                    self.say(reply, question.number)

    def say(self, reply: Reply[int], number: int) -> None:
        """What this question's way is."""
        way = self.ways[number]
        if way == "fail":
            reply.fail(KeyError(number))
        elif way != "silence":
            reply.set(number)
        if way == "twice":
            reply.set(-1)


@settings(max_examples=examples(200), deadline=None)
@given(
    st.integers(0, 2),
    st.lists(st.tuples(TIMES, TIMES, st.sampled_from(["answer", "fail", "silence", "twice"])), max_size=6),
    st.integers(0, 12),
    SEEDS,
)
def test_a_question_always_comes_to_an_end(
    capacity: int, questions: Sequence[tuple[int, int, str]], closes_at: int, seed: int
) -> None:
    """Its answer, an error, `NoReply` or `ActorStopped`, and never later than its limit."""
    desk = Desk(capacity, [way for _, _, way in questions])

    async def main() -> None:
        async with trio.open_nursery() as nursery:
            for number, (pause, seconds, _) in enumerate(questions):
                nursery.start_soon(desk.put, number, pause, seconds)
            nursery.start_soon(desk.answer)
            await trio.sleep(closes_at)
            desk.mailbox.close()

    run_seeded(main, seed)
    assert desk.outcomes.keys() == set(range(len(questions)))
    for number, outcome in desk.outcomes.items():
        expected = {"fail": KeyError, "silence": NoReply}.get(desk.ways[number], number)
        assert outcome in (expected, NoReply, ActorStopped)
