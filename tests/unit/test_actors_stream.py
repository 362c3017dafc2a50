"""The stream actors: what a publisher is told fits what was sent, also when the limit comes while Redis is away."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random

import pytest
import trio
from attrs import define
from redis.exceptions import ResponseError
from redis_streams.actors import Append, Mailbox, NoReply, PublishIndeterminate, RedisAway, Reply, StreamSettings
from redis_streams.actors._answering import answer
from redis_streams.actors._stage import Stage
from redis_streams.actors._stream import stream_actor
from redis_streams.actors._stream_once import stream_once_actor
from redis_streams.wire import Client, EntryId, Retry, Timeouts
from support.scripted import Command, Peer, process
from trio.testing import MockClock, wait_all_tasks_blocked

APPENDING = (b"XADD", b"EVALSHA", b"EVAL")
PLAIN = StreamSettings("s")
ONCE = StreamSettings("s", once=True)
BOTH = pytest.mark.parametrize("settings", [PLAIN, ONCE], ids=["plain", "once"])


@define(eq=False)
class Bench:
    """A stream actor, and the server that it appends to."""

    peer: Peer
    client: Client
    mailbox: Mailbox[Append]
    hears: bool = True
    """Whether the server answers to what is appended."""

    def answer(self, command: Command) -> bytes:
        """What the server says."""
        if command[0] not in APPENDING:
            return process("a")(command)
        if not self.hears:
            return b""
        return b"$3\r\n1-1\r\n" if command[0] == b"XADD" else b"*1\r\n$3\r\n1-1\r\n"

    async def ask(self, name: bytes, *, seconds: float) -> list[EntryId]:
        """Publish an event, and wait so long for it."""

        def message(reply: Reply[list[EntryId]]) -> Append:
            return Append([[b"n", name]], reply, [name])

        return await self.mailbox.address.ask(message, timeout_seconds=seconds)

    async def break_link(self, *, refusals: int) -> None:
        """The connection breaks, and so many tries to make another one are in vain."""
        self.peer.refusals = [OSError("refused")] * refusals
        self.peer.socket.reset()
        self.peer.socket.end()
        await wait_all_tasks_blocked()
        assert self.client.away_seconds is not None

    def sent(self) -> list[bytes]:
        """The names of the events that came to the server, as often as they came."""
        return [command[-1] for socket in self.peer.sockets for command in socket.commands if command[0] in APPENDING]


@asynccontextmanager
async def running(settings: StreamSettings) -> AsyncIterator[Bench]:
    """A second from one try of a connection to the next, and three for a reply."""
    peer = Peer()
    timeouts, retry = Timeouts(reply_seconds=3.0), Retry(base_delay_seconds=1.0, max_delay_seconds=1.0)
    client = Client("redis://h", rng=Random(1), dial=peer.dial, timeouts=timeouts, retry=retry)
    bench = Bench(peer, client, Mailbox("s/append", 100))
    peer.answer = bench.answer
    actor = (stream_once_actor if settings.once else stream_actor)(settings, client, bench.mailbox, Random(1))
    async with trio.open_nursery() as nursery:
        await nursery.start(client.run)
        nursery.start_soon(actor, Stage("s", "s", 1, lambda _event: None))
        await bench.ask(b"first", seconds=1.0)
        yield bench
        nursery.cancel_scope.cancel()


@BOTH
async def test_what_nobody_waits_for_any_more_is_not_sent(settings: StreamSettings, autojump_clock: MockClock) -> None:
    """All were told that it is not there: the one that the actor had taken, and those that waited behind it."""
    async with running(settings) as bench:
        await bench.break_link(refusals=3)
        told: list[bool] = []

        async def give_up(name: bytes) -> None:
            with pytest.raises(NoReply) as no_reply:
                await bench.ask(name, seconds=0.5)
            told.append(no_reply.value.begun)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(give_up, b"taken")
            await wait_all_tasks_blocked()
            nursery.start_soon(give_up, b"behind")
        await bench.ask(b"last", seconds=60.0)
        assert told == [False, False]
        assert set(bench.sent()) == {b"first", b"last"}


@BOTH
async def test_what_was_sent_after_a_wait_for_the_link_may_be_there(
    settings: StreamSettings, autojump_clock: MockClock
) -> None:
    """The limit comes before the reply: nobody can say that it is not there."""
    async with running(settings) as bench:
        bench.hears = False
        await bench.break_link(refusals=0)
        with pytest.raises(NoReply) as no_reply:
            await bench.ask(b"late", seconds=2.5)
        assert bench.sent()[-1] == b"late"
        assert no_reply.value.begun


async def test_what_was_sent_once_stays_in_doubt_whatever_comes_after_it(autojump_clock: MockClock) -> None:
    """Sent after a wait for the link, never answered, and then the link is away until the limit."""
    async with running(ONCE) as bench:
        bench.hears = False
        await bench.break_link(refusals=0)
        async with trio.open_nursery() as nursery:

            async def give_up() -> None:
                with pytest.raises(NoReply) as no_reply:
                    await bench.ask(b"late", seconds=20.0)
                assert no_reply.value.begun

            nursery.start_soon(give_up)
            while bench.sent()[-1] != b"late":
                await trio.sleep(0.1)
            await bench.break_link(refusals=100)


@BOTH
async def test_who_does_not_want_to_wait_does_not_wait_in_the_mailbox_either(
    settings: StreamSettings, autojump_clock: MockClock
) -> None:
    """The actor does not wait for the link in its place."""
    async with running(StreamSettings("s", once=settings.once, when_away="fail")) as bench:
        await bench.break_link(refusals=3)
        began = trio.current_time()
        with pytest.raises(RedisAway):
            await bench.ask(b"one", seconds=60.0)
        assert trio.current_time() == began
        assert b"one" not in bench.sent()


@pytest.mark.parametrize(("doubtful", "told"), [(False, ResponseError), (True, PublishIndeterminate)])
async def test_a_refusal_of_what_may_be_there_says_nothing(*, doubtful: bool, told: type[Exception]) -> None:
    """The first time it was appended, unheard; the second time Redis had no room."""
    reply: Reply[list[EntryId]] = Reply()
    answer([Append([[b"n", b"1"]], reply)], [ResponseError("OOM")], doubtful=doubtful)
    with pytest.raises(told):
        await reply.wait()
