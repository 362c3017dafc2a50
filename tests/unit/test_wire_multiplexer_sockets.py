"""The shared link on real sockets, where a task that is alone writes by itself, and a write may be partial."""

import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random

import pytest
import trio
import trio.testing
from attrs import define, field
from redis_streams.wire import (
    Connection,
    ConnectionLost,
    LinkDown,
    LinkEvent,
    Multiplexer,
    ReplyTimeout,
    Retry,
    ServerAddress,
    Timeouts,
    _connection,
)
from redis_streams.wire._redis_py import reply_reader
from support.scripted import as_redis

pytestmark = pytest.mark.real_time

SMALL_BUFFER = 4096


@define
class SocketPeer:
    """A server at the other end of a pair of sockets: it answers as Redis does, unless it is told not to read."""

    nursery: trio.Nursery
    commands: list[list[bytes]] = field(factory=list)
    reads: trio.Event = field(factory=trio.Event)
    streams: list[trio.SocketStream] = field(factory=list)

    async def dial(self, _address: ServerAddress) -> trio.abc.Stream:
        ours, theirs = trio.socket.socketpair()
        ours.setsockopt(trio.socket.SOL_SOCKET, trio.socket.SO_SNDBUF, SMALL_BUFFER)
        self.streams.append(trio.SocketStream(theirs))
        self.reads.set()
        self.nursery.start_soon(self._serve, self.streams[-1])
        return trio.SocketStream(ours)

    async def _serve(self, stream: trio.SocketStream) -> None:
        reader = reply_reader()
        async with stream:
            while True:
                data = await stream.receive_some(SMALL_BUFFER)
                await self.reads.wait()
                reader.feed(data)
                answers = bytearray()
                while (command := reader.gets()) is not False:
                    assert isinstance(command, list)
                    words = [word for word in command if isinstance(word, bytes)]
                    self.commands.append(words)
                    answers += as_redis(words)
                await stream.send_all(answers)

    @property
    def stream(self) -> trio.SocketStream:
        """The server's end of the newest connection."""
        return self.streams[-1]

    def pause(self) -> None:
        """Take in nothing more until `reads` is set."""
        self.reads = trio.Event()


@asynccontextmanager
async def running(reply_seconds: float = 30) -> AsyncIterator[tuple[Multiplexer, SocketPeer, list[LinkEvent]]]:
    events: list[LinkEvent] = []
    async with trio.open_nursery() as nursery:
        peer = SocketPeer(nursery)
        link = Multiplexer(
            ServerAddress(),
            dial=peer.dial,
            timeouts=Timeouts(reply_seconds=reply_seconds),
            retry=Retry(base_delay_seconds=0.01, max_delay_seconds=0.01),
            rng=Random(1),
            on_event=events.append,
        )
        await nursery.start(link.run)
        yield link, peer, events
        nursery.cancel_scope.cancel()


async def test_a_task_alone_writes_by_itself() -> None:
    """In the turn in which it asks: the writer is not needed."""
    async with running() as (link, peer, _), trio.open_nursery() as nursery:
        await trio.testing.wait_all_tasks_blocked()
        del link._outbox_filled  # the writer's bell: nobody may ring it
        for number in range(3):
            assert await link.call("ECHO", number) == b"%d" % number
        nursery.cancel_scope.cancel()
    assert [command[0] for command in peer.commands] == [b"CLIENT", b"INFO", b"ECHO", b"ECHO", b"ECHO"]


async def test_who_is_cancelled_already_sends_nothing() -> None:
    """What is written at once gets there: so the look comes first."""
    async with running() as (link, peer, _):
        with trio.CancelScope() as scope:
            scope.cancel()
            await link.call("ECHO", "x")
        assert await link.call("ECHO", "y") == b"y"
        assert [command for command in peer.commands if command[0] == b"ECHO"] == [[b"ECHO", b"y"]]


async def test_what_the_socket_does_not_take_at_once_follows_in_order() -> None:
    """A command that is larger than the socket's buffer, and others behind it."""
    async with running() as (link, peer, _):
        peer.pause()
        large = b"x" * 1_000_000
        found: dict[int, object] = {}

        async def ask(number: int, word: bytes) -> None:
            found[number] = await link.call("ECHO", word)

        async with trio.open_nursery() as nursery:
            for number, word in enumerate([large, b"small", large]):
                nursery.start_soon(ask, number, word)
                await trio.testing.wait_all_tasks_blocked()
            peer.reads.set()
        assert found == {0: large, 1: b"small", 2: large}


async def test_a_command_of_which_a_part_is_written_is_written_to_its_end() -> None:
    """Also when who asked was cancelled in between: the server waits for the rest of it."""
    async with running() as (link, peer, events):
        peer.pause()
        with trio.move_on_after(0.01):
            await link.call("ECHO", b"x" * 1_000_000)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(link.call, "ECHO", "behind it")
            await trio.testing.wait_all_tasks_blocked()
            peer.reads.set()
        assert await link.call("ECHO", "after it") == b"after it"
        assert len(events) == 1
        assert len(peer.streams) == 1


@pytest.mark.parametrize("seed", range(5))
async def test_whatever_is_cancelled_nobody_gets_anothers_reply(seed: int) -> None:
    """Commands of all sizes, alone and together, some cancelled in the middle of the writing or of the reply."""
    rng = Random(seed)

    async def one(number: int) -> None:
        word = b"%d:" % number + b"x" * rng.choice([0, 10, 5_000, 200_000])
        seconds = rng.choice([0, 0.0005, 0.002, 1000])
        if seconds == 1000:
            patient.add(number)
        with trio.move_on_after(seconds):
            assert await link.call("ECHO", word) == word
            right.add(number)

    # How many of the others are quick enough is the machine's business; who waits gets an answer.
    patient: set[int] = set()
    right: set[int] = set()
    async with running() as (link, peer, _), trio.open_nursery() as nursery:
        for number in range(200):
            nursery.start_soon(one, number)
            if rng.random() < 0.5:
                await trio.sleep(rng.uniform(0, 0.002))
        assert len(peer.streams) == 1
    assert len(patient) > 20
    assert patient <= right


async def test_a_link_that_is_written_to_after_its_end_is_lost() -> None:
    """The server is gone, and we write before we read so."""
    async with running() as (link, _, events):
        connection = link._connection
        assert connection is not None
        assert connection._socket is not None
        connection._socket.shutdown(trio.socket.SHUT_RDWR)
        with pytest.raises(ConnectionLost) as caught:
            await link.call("INCR", "x")
        assert caught.value.sent
        assert await link.call("ECHO", "x") == b"x"
        assert isinstance(events[1], LinkDown)


@pytest.mark.parametrize(("tasks", "commands"), [(100, 1), (1, 100)])
@pytest.mark.parametrize("_again", range(5))  # Trio gives turns in any order.
async def test_a_process_that_was_held_up_reads_what_came_meanwhile(
    tasks: int, commands: int, _again: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A regression: after a pause of the process (a laptop's lid) the link was dropped although all replies lay there.

    The oldest command's time was up, but it was not the server that was late.
    """
    monkeypatch.setattr(_connection, "RECEIVE_BYTES", 4096)
    async with running(reply_seconds=0.4) as (link, peer, events):
        found: list[object] = []

        async def ask() -> None:
            found.extend(await link.pipeline([("ECHO", "x")] * commands))

        peer.pause()
        async with trio.open_nursery() as nursery:
            for _ in range(tasks):
                nursery.start_soon(ask)
            await trio.testing.wait_all_tasks_blocked()
            reply = b"$1500\r\n" + b"x" * 1500 + b"\r\n"
            assert os.write(peer.stream.socket.fileno(), 100 * reply) == 100 * len(reply)
            time.sleep(0.5)  # noqa: ASYNC251 - what is tested: nobody gets a turn
        assert found == [b"x" * 1500] * 100
        assert len(events) == 1


async def test_a_command_that_went_alone_has_a_deadline_too() -> None:
    """Though the writer never saw it."""
    async with running(reply_seconds=0.1) as (link, peer, _):
        await link.call("ECHO", "x")
        peer.pause()
        began = trio.current_time()
        with trio.fail_after(5), pytest.raises(ReplyTimeout):
            await link.call("ECHO", "y")
        assert 0.1 <= trio.current_time() - began < 2


async def test_a_socket_that_turns_out_to_have_nothing_is_waited_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the kernel calls readable need not be."""

    def read(file: int, size: int) -> bytes:
        if refusals:
            raise refusals.pop()
        return real_read(file, size)

    refusals = [BlockingIOError()]
    real_read = os.read
    async with running() as (link, _, events):
        monkeypatch.setattr(os, "read", read)
        assert await link.call("ECHO", "x") == b"x"
        assert refusals == []
        assert len(events) == 1


async def test_a_server_that_reads_nothing_is_late() -> None:
    """Whoever waits is told so in redis-py's words for a time-out; who was not written yet was not sent."""
    async with running(reply_seconds=0.1) as (link, peer, events):
        peer.pause()
        errors: dict[bytes, ConnectionLost] = {}

        async def ask(word: bytes) -> None:
            try:
                await link.call("ECHO", word)
            except ConnectionLost as error:
                errors[word[:1]] = error

        async with trio.open_nursery() as nursery:
            for word in (b"x" * 1_000_000, b"y"):
                nursery.start_soon(ask, word)
                await trio.testing.wait_all_tasks_blocked()
        assert (type(errors[b"x"]), errors[b"x"].sent) == (ReplyTimeout, True)
        assert (type(errors[b"y"]), errors[b"y"].sent) == (ConnectionLost, False)
        assert isinstance(events[1], LinkDown)


async def test_nothing_is_written_into_the_middle_of_another_write() -> None:
    """What is under way goes first; what is to be written at once is left whole meanwhile."""
    ours, theirs = trio.socket.socketpair()
    connection = Connection(trio.SocketStream(ours), ServerAddress(), Timeouts())
    async with trio.open_nursery() as nursery:
        nursery.start_soon(connection.send, b"x" * 5_000_000)
        await trio.testing.wait_all_tasks_blocked()
        # Room for more, but not for this.
        assert os.read(theirs.fileno(), 1_000_000)
        assert connection.send_nowait(b"y") == b"y"
        nursery.cancel_scope.cancel()
    assert len(connection.send_nowait(b"y")) <= 1
    await connection.aclose()
    with pytest.raises(ConnectionLost):
        connection.send_nowait(b"y")
    theirs.close()


async def test_tasks_that_ask_together_share_a_write(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first one may go ahead alone, as nobody knows of the others yet; from then on they go together."""
    writes: list[int] = []

    def write(file: int, data: bytes) -> int:
        writes.append(len(data))
        return real_write(file, data)

    async def ask() -> None:
        for _ in range(10):
            assert await link.call("ECHO", "x") == b"x"

    real_write = os.write
    async with running() as (link, _, _):
        monkeypatch.setattr(os, "write", write)
        async with trio.open_nursery() as nursery:
            for _ in range(100):
                nursery.start_soon(ask)
    assert len(writes) < 30, "of a thousand commands"
