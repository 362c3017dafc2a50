"""The socket that all tasks share: one write per pass, order under cancellation, deadlines, reconnects."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from itertools import pairwise
from random import Random

import pytest
import redis
import trio
import trio.testing
from redis_streams.wire import (
    ConnectFailed,
    Connection,
    ConnectionLost,
    LinkDown,
    LinkEvent,
    LinkUp,
    Multiplexer,
    NoGroup,
    Reply,
    ReplyTimeout,
    Retry,
    ServerAddress,
    Timeouts,
)
from redis_streams.wire._multiplexer import _Slot
from support.scripted import FakeSocket, Peer, answers, as_redis, numbered, silent, words
from trio.testing import MockClock


class Bench:
    """A multiplexer, what it dials, and what it says."""

    def __init__(self, peer: Peer, retry: Retry | None = None, seed: int = 1) -> None:
        self.peer = peer
        self.events: list[LinkEvent] = []
        self.link = Multiplexer(
            ServerAddress(host="h", password="SECRET"),
            dial=peer.dial,
            timeouts=Timeouts(connect_seconds=2, reply_seconds=4),
            retry=retry or Retry(),
            rng=Random(seed),
            on_event=self.events.append,
        )

    async def ask(self, *args: str, into: list[Reply | Exception] | None = None) -> None:
        """Call, and keep what comes of it."""
        result: Reply | Exception
        try:
            result = await self.link.call(*args)
        except redis.RedisError as error:
            result = error
        (into if into is not None else self.results).append(result)

    results: list[Reply | Exception]


@asynccontextmanager
async def running(peer: Peer, **options: Retry) -> AsyncIterator[Bench]:
    bench = Bench(peer, **options)
    bench.results = []
    async with trio.open_nursery() as nursery:
        await nursery.start(bench.link.run)
        yield bench
        nursery.cancel_scope.cancel()


async def test_what_tasks_ask_in_one_pass_leaves_in_one_write(autojump_clock: MockClock) -> None:
    """A hundred tasks, one system call; each gets its own reply."""
    async with running(Peer()) as bench:
        found: dict[int, Reply] = {}

        async def ask(number: int) -> None:
            found[number] = await bench.link.call("ECHO", number)

        async with trio.open_nursery() as nursery:
            for number in range(100):
                nursery.start_soon(ask, number)
        assert len(bench.peer.socket.writes) == 2  # the log-in and this
        assert found == {number: b"%d" % number for number in range(100)}


async def test_a_pipeline_is_contiguous(autojump_clock: MockClock) -> None:
    """No other task's command comes between its own; an empty one sends nothing."""
    async with running(Peer()) as bench:
        assert await bench.link.pipeline([]) == []
        async with trio.open_nursery() as nursery:
            for name in "abc":
                nursery.start_soon(bench.link.pipeline, [("ECHO", name), ("ECHO", name), ("ECHO", name)])
        sent = [command[1] for command in words(bench.peer.socket)]
        assert sorted(sent[0::3]) == sorted(sent[1::3]) == sorted(sent[2::3]) == [b"a", b"b", b"c"]
        assert all(sent[n] == sent[n + 1] == sent[n + 2] for n in (0, 3, 6))


async def test_errors_go_to_who_caused_them(autojump_clock: MockClock) -> None:
    """Raised by `call`, returned by `pipeline`; the link does not mind."""
    async with running(Peer(answers(b"-NOGROUP none\r\n", b":1\r\n", b"-NOGROUP none\r\n"))) as bench:
        with pytest.raises(NoGroup):
            await bench.link.call("X")
        one, two = await bench.link.pipeline([("X",), ("Y",)])
        assert (one, type(two)) == (1, NoGroup)


async def test_a_cancelled_callers_reply_is_thrown_away(autojump_clock: MockClock) -> None:
    """The next task gets its own reply, not the one before it."""
    async with running(Peer(silent)) as bench:
        with trio.move_on_after(1):
            await bench.link.call("ECHO", "gone")
        async with trio.open_nursery() as nursery:
            nursery.start_soon(bench.ask, "ECHO", "here")
            await trio.testing.wait_all_tasks_blocked()
            bench.peer.socket.feed(b"+gone\r\n")
            await trio.testing.wait_all_tasks_blocked()
            assert bench.results == []
            bench.peer.socket.feed(b"+here\r\n")
        assert bench.results == [b"here"]


async def test_replies_to_a_cancelled_pipeline_are_all_thrown_away(autojump_clock: MockClock) -> None:
    """Also when it was cancelled after some of them."""
    async with running(Peer(silent)) as bench:
        with trio.move_on_after(1):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(bench.link.pipeline, [("A",), ("B",), ("C",)])
                await trio.testing.wait_all_tasks_blocked()
                bench.peer.socket.feed(b"+a\r\n")
        async with trio.open_nursery() as nursery:
            nursery.start_soon(bench.ask, "D")
            await trio.testing.wait_all_tasks_blocked()
            bench.peer.socket.feed(b"+b\r\n+c\r\n+d\r\n")
        assert bench.results == [b"d"]


async def test_who_is_cancelled_already_sends_nothing_and_sets_no_timer(autojump_clock: MockClock) -> None:
    """A regression: the timer of such a command ran on, and broke an idle link 4 seconds later."""
    async with running(Peer()) as bench:
        with trio.CancelScope() as scope:
            scope.cancel()
            await bench.link.call("ECHO", "x")
        await trio.sleep(60)
        assert words(bench.peer.socket) == []
        assert bench.events == [LinkUp(bench.link.address, 0)]


async def test_an_idle_link_stays_up(autojump_clock: MockClock) -> None:
    """With nothing outstanding there is nothing to be late."""
    async with running(Peer()) as bench:
        await bench.link.call("ECHO", "x")
        await trio.sleep(10_000)
        assert await bench.link.call("ECHO", "y") == b"y"
        assert len(bench.peer.sockets) == 1


async def test_the_oldest_command_has_the_deadline(autojump_clock: MockClock) -> None:
    """Younger ones do not extend it. All that was sent is lost with the link, which is a failure in one event."""
    async with running(Peer(silent)) as bench:
        start = trio.current_time()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(bench.ask, "A")
            await trio.sleep(3)
            nursery.start_soon(bench.ask, "B")
        assert trio.current_time() - start == pytest.approx(4)
        assert [isinstance(error, ConnectionLost) and error.sent for error in bench.results] == [True, True]
        [_, down] = bench.events[:2]
        assert isinstance(down, LinkDown)
        assert isinstance(down.error, ReplyTimeout)


async def test_a_reply_moves_the_deadline_to_the_next_command(autojump_clock: MockClock) -> None:
    """Each has the whole time from its own writing."""
    async with running(Peer(silent)) as bench:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(bench.ask, "A")
            await trio.sleep(3)
            nursery.start_soon(bench.ask, "B")
            await trio.testing.wait_all_tasks_blocked()
            bench.peer.socket.feed(b"+a\r\n")
            await trio.sleep(3)
            bench.peer.socket.feed(b"+b\r\n")
        assert bench.results == [b"a", b"b"]


async def test_a_reply_that_still_comes_is_not_late(autojump_clock: MockClock) -> None:
    """Nor is what waits behind it. When nothing comes any more, both are, as soon as any other."""
    async with running(Peer(silent)) as bench:
        start = trio.current_time()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(bench.ask, "A")
            nursery.start_soon(bench.ask, "B")
            for part in (b"$9\r\nab", b"cd", b"ef", b"ghi\r\n$2\r\n"):
                await trio.sleep(3)
                bench.peer.socket.feed(part)
        assert trio.current_time() - start == pytest.approx(4 * 3 + 4)
        [one, other] = bench.results
        assert one == b"abcdefghi"
        assert isinstance(other, ReplyTimeout)


async def test_replies_to_a_pipeline_that_still_come_are_not_late(autojump_clock: MockClock) -> None:
    """Each of them is a sign of life, whole or not."""
    async with running(Peer(silent)) as bench, trio.open_nursery() as nursery:
        nursery.start_soon(bench.link.pipeline, [("A",)] * 4)
        for _ in range(4):
            await trio.sleep(3)
            bench.peer.socket.feed(b"+a\r\n")
        assert len(bench.peer.sockets) == 1


async def test_a_command_that_still_goes_is_not_late(autojump_clock: MockClock) -> None:
    """One that is stuck is."""
    async with running(Peer()) as bench:
        bench.peer.socket.bytes_per_second = 25_000
        assert await bench.link.call("ECHO", "x" * 300_000) == b"x" * 300_000
        bench.peer.socket.bytes_per_second = 10_000
        with pytest.raises(ReplyTimeout):
            await bench.link.call("ECHO", "x" * 300_000)


async def test_a_new_connection_is_not_judged_by_the_wait_for_it(autojump_clock: MockClock) -> None:
    """A regression: who had waited almost four seconds for it left it a fraction of one to answer."""
    peer = Peer(silent)
    async with running(peer, retry=Retry(base_delay_seconds=0.001, max_delay_seconds=0.001)) as bench:
        peer.refusals = [OSError("down")] * 3
        peer.socket.end()
        await trio.lowlevel.checkpoint()
        original = peer.dial

        async def slow_dial(address: ServerAddress) -> trio.abc.Stream:
            await trio.sleep(1.3)
            return await original(address)

        bench.link._dial = slow_dial
        async with trio.open_nursery() as nursery:
            nursery.start_soon(bench.ask, "A")
            await trio.sleep(3.9)
            await trio.sleep(2)
            for socket in peer.sockets[1:]:
                socket.feed(b"+a\r\n")
        assert [str(result) for result in bench.results if isinstance(result, ReplyTimeout)] == []


async def test_while_it_is_down_commands_wait_for_the_connection(autojump_clock: MockClock) -> None:
    """They are sent when it comes, with nothing lost."""
    peer = Peer()
    async with running(peer) as bench:
        peer.refusals = [ConnectionRefusedError()] * 3
        peer.socket.end()
        await trio.testing.wait_all_tasks_blocked()
        assert await bench.link.call("ECHO", "x") == b"x"
        assert len(peer.sockets) == 2


async def test_without_a_connection_in_time_a_command_was_not_sent(autojump_clock: MockClock) -> None:
    """So whoever asked may ask again."""
    peer = Peer()
    async with running(peer) as bench:
        peer.refusals = [ConnectionRefusedError()] * 1000
        peer.socket.end()
        await trio.testing.wait_all_tasks_blocked()
        start = trio.current_time()
        with pytest.raises(ConnectionLost, match="no connection for 4 s") as caught:
            await bench.link.call("ECHO", "x")
        assert trio.current_time() - start == pytest.approx(4)
        assert not caught.value.sent


async def test_what_was_sent_when_the_link_breaks_is_lost_as_sent(autojump_clock: MockClock) -> None:
    """And what came after it waits for the next connection."""
    peer = Peer(silent)
    async with running(peer) as bench:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(bench.ask, "A")
            await trio.testing.wait_all_tasks_blocked()
            peer.answer = as_redis
            peer.socket.reset()
        [error] = bench.results
        assert isinstance(error, ConnectionLost)
        assert error.sent
        assert await bench.link.call("ECHO", "x") == b"x"


async def test_replies_that_came_before_the_end_still_count(autojump_clock: MockClock) -> None:
    """A server that answers and hangs up has answered."""
    peer = Peer(silent)
    async with running(peer) as bench:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(bench.ask, "A")
            nursery.start_soon(bench.ask, "A")
            await trio.testing.wait_all_tasks_blocked()
            peer.socket.feed(b"+a\r\n")
            peer.socket.end()
        assert bench.results[0] == b"a"
        assert isinstance(bench.results[1], ConnectionLost)


@pytest.mark.parametrize("junk", [b"+uninvited\r\n", b"HTTP/1.1 200 OK\r\n", b"-ERR idle too long\r\n"])
async def test_what_nobody_asked_for_breaks_the_link_and_not_the_program(
    junk: bytes, autojump_clock: MockClock
) -> None:
    """A regression: it raised IndexError, or redis-py's own error, out of `run`."""
    peer = Peer()
    async with running(peer) as bench:
        peer.socket.feed(junk)
        await trio.sleep(10)
        assert await bench.link.call("ECHO", "x") == b"x"
        assert [type(event) for event in bench.events] == [LinkUp, LinkDown, LinkUp]


async def test_an_outage_is_one_event_at_each_end(autojump_clock: MockClock) -> None:
    """However many tries it takes; the second says how many."""
    peer = Peer()
    async with running(peer) as bench:
        await trio.sleep(5)
        peer.refusals = [ConnectionRefusedError()] * 7
        peer.socket.end()
        await trio.sleep(600)
        up, down, up_again = bench.events
        assert (up, up_again) == (LinkUp(bench.link.address, 0), LinkUp(bench.link.address, 7))
        assert isinstance(down, LinkDown)
        assert "SECRET" not in f"{down}{down.error}"


async def test_reconnects_back_off_as_the_seed_says(autojump_clock: MockClock) -> None:
    """Exponential, with full jitter, and the same again from the same seed."""

    async def gaps(seed: int) -> list[float]:
        peer = Peer()
        bench = Bench(peer, Retry(base_delay_seconds=1, max_delay_seconds=8), seed)
        async with trio.open_nursery() as nursery:
            await nursery.start(bench.link.run)
            await trio.sleep(5)
            peer.refusals = [ConnectionRefusedError()] * 6
            peer.socket.end()
            await trio.sleep(100)
            nursery.cancel_scope.cancel()
        times = peer.dialled_at[1:]
        return [round(after - before, 6) for before, after in pairwise(times)]

    first = await gaps(1)
    assert first == await gaps(1)
    assert first != await gaps(2)
    rng = Random(1)
    assert first == [pytest.approx(rng.uniform(0, min(8, 2**n)), abs=1e-5) for n in range(6)]


async def test_a_server_that_takes_connections_only_to_drop_them_is_asked_ever_less_often(
    autojump_clock: MockClock,
) -> None:
    """A regression: it was dialled, and written about, without any pause."""

    def answer(command: list[bytes]) -> bytes:
        if command[:2] == [b"CLIENT", b"ID"]:
            peer.socket.end()
        return as_redis(command)

    peer = Peer()
    async with running(peer, retry=Retry(base_delay_seconds=1, max_delay_seconds=60)) as bench:
        peer.answer = answer
        peer.socket.end()
        await trio.sleep(600)
        assert 8 <= len(peer.sockets) <= 80
        assert len(bench.events) <= 2 * len(peer.sockets)


async def test_the_first_connection_is_tried_as_often_as_the_limit_says(autojump_clock: MockClock) -> None:
    """Then the error tells where, why and how often, and not the password."""
    peer = Peer(refusals=[ConnectionRefusedError()] * 100)
    bench = Bench(peer, Retry(max_retries=3))
    with pytest.raises(ConnectFailed, match=r"redis://:\*\*\*@h:6379/0: connection refused.*gave up after 4 tries"):
        await bench.link.run()
    assert len(peer.dialled_at) == 4
    assert bench.events == []


async def test_no_limit_means_no_end(autojump_clock: MockClock) -> None:
    """`max_retries=None` waits for a server that comes up in an hour."""
    peer = Peer(refusals=[ConnectionRefusedError()] * 200)
    async with running(peer, retry=Retry(max_retries=None)) as bench:
        assert bench.events == [LinkUp(bench.link.address, 200)]


@pytest.mark.parametrize("reply", [b"-WRONGPASS no\r\n", b"-NOAUTH no\r\n"])
async def test_a_wrong_password_is_said_at_once(reply: bytes, autojump_clock: MockClock) -> None:
    """Trying again would not help, and looks like an attack."""
    peer = Peer(lambda _command: reply)
    with pytest.raises(redis.exceptions.AuthenticationError):
        await Bench(peer).link.run()
    assert len(peer.sockets) == 1


async def test_a_server_that_is_loading_is_waited_for(autojump_clock: MockClock) -> None:
    """It counts as a try in vain."""
    replies = [b"-LOADING wait\r\n"] * 2

    def answer(command: list[bytes]) -> bytes:
        return replies.pop() if replies else as_redis(command)

    async with running(Peer(answer)) as bench:
        assert await bench.link.call("ECHO", "x") == b"x"


async def test_the_end_of_run_ends_all_waits(autojump_clock: MockClock) -> None:
    """Sent or not, nobody waits for a link that is gone; nor does anybody who comes later."""
    bench = Bench(Peer(silent))
    bench.results = []
    async with trio.open_nursery() as nursery:
        scope = await nursery.start(_run_in_scope, bench.link)
        nursery.start_soon(bench.ask, "A")
        await trio.testing.wait_all_tasks_blocked()
        scope.cancel()
    [error] = bench.results
    assert isinstance(error, ConnectionLost)
    assert error.sent
    start = trio.current_time()
    with pytest.raises(ConnectionLost, match="closed") as late:
        await bench.link.call("B")
    assert not late.value.sent
    assert trio.current_time() == start
    assert bench.peer.socket.closed


async def test_the_end_of_run_ends_the_wait_for_a_connection(autojump_clock: MockClock) -> None:
    """None will come."""
    peer = Peer()
    bench = Bench(peer)
    bench.results = []
    async with trio.open_nursery() as nursery:
        scope = await nursery.start(_run_in_scope, bench.link)
        peer.refusals = [ConnectionRefusedError()] * 1000
        peer.socket.end()
        await trio.testing.wait_all_tasks_blocked()
        nursery.start_soon(bench.ask, "A")
        await trio.testing.wait_all_tasks_blocked()
        start = trio.current_time()
        scope.cancel()
    assert [str(error) for error in bench.results] == ["redis://:***@h:6379/0: the link is closed"]
    assert trio.current_time() == start


async def test_a_command_that_waits_to_be_written_hides_no_deadline(autojump_clock: MockClock) -> None:
    """The watch may look in the moment between the asking and the writing: it has to look again in time."""
    bench = Bench(Peer())
    slot = _Slot(b"", 1, None)
    bench.link._slots.append(slot)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(bench.link._wait_late, Connection(FakeSocket(silent), ServerAddress(), Timeouts()))
        await trio.testing.wait_all_tasks_blocked()
        slot.sent, slot.deadline = True, trio.current_time() + 4
    assert trio.current_time() == pytest.approx(slot.deadline)


async def _run_in_scope(link: Multiplexer, *, task_status: trio.TaskStatus[trio.CancelScope]) -> None:
    with trio.CancelScope() as scope:
        async with trio.open_nursery() as nursery:
            await nursery.start(link.run)
            task_status.started(scope)


async def test_it_can_be_run_again(autojump_clock: MockClock) -> None:
    """A supervisor may restart what runs it."""
    bench = Bench(Peer())
    for word in ("x", "y"):
        async with trio.open_nursery() as nursery:
            await nursery.start(bench.link.run)
            assert await bench.link.call("ECHO", word) == word.encode()
            nursery.cancel_scope.cancel()


@pytest.mark.parametrize("args", [("SUBSCRIBE", "c"), ("XREAD", "BLOCK", "0", "STREAMS", "s", "$"), ("MULTI",)])
async def test_what_would_harm_others_is_refused_before_it_is_sent(
    args: tuple[str, ...], autojump_clock: MockClock
) -> None:
    """By `call` and by `pipeline`."""
    async with running(Peer()) as bench:
        with pytest.raises(ValueError, match=args[0]):
            await bench.link.call(*args)
        with pytest.raises(ValueError, match=args[0]):
            await bench.link.pipeline([("ECHO", "x"), args])
        assert words(bench.peer.socket) == []


@pytest.mark.parametrize("seed", range(20))
async def test_whatever_is_cancelled_nobody_gets_anothers_reply(seed: int, autojump_clock: MockClock) -> None:
    """Random tasks, pipelines, cancellations and pieces of replies: an answer is one's own or none."""
    rng = Random(seed)
    waiting = bytearray()

    def answer(command: list[bytes]) -> bytes:
        if command[0] == b"ECHO":
            waiting.extend(as_redis(command))
            return b""
        return as_redis(command)

    async def one(link: Multiplexer, name: str, check: Callable[[str, Reply], None]) -> None:
        with trio.move_on_after(rng.uniform(0, 0.5)):
            if rng.random() < 0.3:
                for reply in await link.pipeline([("ECHO", name)] * rng.randint(1, 4)):
                    check(name, reply)
            else:
                check(name, await link.call("ECHO", name))

    def check(name: str, reply: Reply) -> None:
        assert reply == name.encode()
        right.append(name)

    right: list[str] = []
    async with running(Peer(answer)) as bench:
        async with trio.open_nursery() as nursery:
            for number in range(60):
                nursery.start_soon(one, bench.link, f"{number}", check)
            for _ in range(200):
                size = rng.randint(1, 9)
                bench.peer.socket.feed(bytes(waiting[:size]))
                del waiting[:size]
                await trio.sleep(rng.uniform(0, 0.004))
        assert len(bench.peer.sockets) == 1
    assert right


def kill(number: int) -> list[bytes]:
    return [b"CLIENT", b"KILL", b"ID", b"%d" % number]


def said(peer: Peer) -> list[list[bytes]]:
    """On the newest connection, after the log-in, which ends with INFO."""
    commands = peer.socket.commands
    return commands[commands.index([b"INFO", b"server"]) + 1 :]


async def test_the_first_word_on_a_connection_is_to_close_the_former_one(autojump_clock: MockClock) -> None:
    """Before what is said again: late in the former one it would come a second time."""
    async with running(Peer(numbered("one"))) as bench:
        for number in (1, 2):
            bench.peer.socket.end()
            await trio.testing.wait_all_tasks_blocked()
            await bench.link.call("ECHO", "again")
            assert said(bench.peer) == [kill(number), [b"ECHO", b"again"]]


async def test_who_waits_for_the_link_comes_after_that_too(autojump_clock: MockClock) -> None:
    """And gets its own reply."""
    async with running(Peer(numbered("one")), retry=Retry(base_delay_seconds=1)) as bench:
        bench.peer.refusals = [ConnectionRefusedError()]
        bench.peer.socket.end()
        await trio.testing.wait_all_tasks_blocked()
        assert await bench.link.call("ECHO", "waited") == b"waited"
        assert said(bench.peer) == [kill(1), [b"ECHO", b"waited"]]


async def test_what_was_not_closed_for_sure_is_told_the_next_one(autojump_clock: MockClock) -> None:
    """The connection that was to say so broke as well: two are to be closed then."""
    answer = numbered("one")
    deaf = [True]

    def without_a_kill(command: list[bytes]) -> bytes:
        return b"" if b"KILL" in command and deaf[0] else answer(command)

    async with running(Peer(without_a_kill)) as bench:
        for _ in range(2):
            bench.peer.socket.end()
            await trio.testing.wait_all_tasks_blocked()
        await trio.sleep(10)
        assert said(bench.peer)[:2] == [kill(1), kill(2)]
        deaf[0] = False
        bench.peer.socket.end()
        await trio.sleep(10)
        bench.peer.socket.end()
        await trio.sleep(10)
        assert said(bench.peer) == [kill(len(bench.peer.sockets) - 1)]


async def test_a_former_connection_to_another_process_is_forgotten(autojump_clock: MockClock) -> None:
    """Its number may be a stranger's by now."""
    async with running(Peer(numbered("one"))) as bench:
        for run_id in ("two", "one"):
            bench.peer.answer = numbered(run_id)
            bench.peer.socket.end()
            await trio.testing.wait_all_tasks_blocked()
            assert await bench.link.call("ECHO", run_id) == run_id.encode()
            assert said(bench.peer) == [[b"ECHO", run_id.encode()]]


async def test_a_link_that_may_close_nothing_goes_on(autojump_clock: MockClock) -> None:
    """The refusal is nobody's reply."""
    answer = numbered("one")
    peer = Peer(lambda command: b"-NOPERM no\r\n" if b"KILL" in command else answer(command))
    async with running(peer) as bench:
        peer.socket.end()
        await trio.testing.wait_all_tasks_blocked()
        assert await bench.link.call("ECHO", "mine") == b"mine"
        assert said(peer) == [kill(1), [b"ECHO", b"mine"]]


READ_ONLY = b"-READONLY You can't write against a read only replica.\r\n"


def demoted(command: list[bytes]) -> bytes:
    return READ_ONLY if command[0] == b"SET" else as_redis(command)


async def test_a_server_that_was_demoted_is_left(autojump_clock: MockClock) -> None:
    """It keeps the connection, and would refuse for ever; the address leads elsewhere by now."""
    async with running(Peer(demoted)) as bench:
        with pytest.raises(redis.exceptions.ReadOnlyError):
            await bench.link.call("SET", "k", "v")
        bench.peer.answer = as_redis
        assert await bench.link.call("SET", "k", "v") == b"OK"
        assert len(bench.peer.sockets) == 2
    [lost] = [event for event in bench.events if isinstance(event, LinkDown)]
    assert "not the primary" in lost.words()


async def test_what_was_under_way_there_is_answered_first(autojump_clock: MockClock) -> None:
    """A refusal is a sure answer; that the connection was lost would be none. Nothing more is asked there meanwhile."""
    async with running(Peer(lambda command: b"" if command[0] == b"ECHO" else demoted(command))) as bench:
        results: list[Reply | Exception] = []
        async with trio.open_nursery() as nursery:
            for words in (("SET", "k", "v"), ("ECHO", "x")):
                nursery.start_soon(partial(bench.ask, *words, into=results))
            await trio.sleep(1)
            assert [type(result) for result in results] == [redis.exceptions.ReadOnlyError]
            nursery.start_soon(partial(bench.ask, "PING", into=results))
            await trio.sleep(1)
            assert len(bench.peer.sockets) == len(results) == 1
            bench.peer.socket.feed(b"+x\r\n")
        assert sorted(map(str, results[1:])) == ["b'OK'", "b'x'"]
        assert len(bench.peer.sockets) == 2


async def test_a_server_that_stays_a_replica_is_not_asked_again_at_once(autojump_clock: MockClock) -> None:
    """Each connection in vain has the next one wait longer."""
    async with running(Peer(demoted), retry=Retry(base_delay_seconds=1, max_delay_seconds=8)) as bench:
        start = trio.current_time()
        for _ in range(6):
            with pytest.raises(redis.RedisError):
                await bench.link.call("SET", "k", "v")
        assert len(bench.peer.sockets) <= 7
        assert trio.current_time() - start > 4
