"""The client: what is repeated after a lost reply, scripts, capabilities, and the arguments of the typed commands."""

import gc
import weakref
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from random import Random

import pytest
import redis
import trio
import trio.testing
from redis_streams.wire import (
    AddressError,
    Capabilities,
    Client,
    ConnectFailed,
    ConnectionLost,
    EntryId,
    Retry,
    Timeouts,
    load,
)
from redis_streams.wire._capabilities import PROBED, parse_version
from support.scripted import LOG_IN, Command, Peer, answers, as_redis, process, words
from trio.testing import MockClock

QUICK = Retry(max_retries=3, base_delay_seconds=0.01, max_delay_seconds=0.01)


@asynccontextmanager
async def running(peer: Peer, retry: Retry = QUICK) -> AsyncIterator[Client]:
    limits = Timeouts(connect_seconds=1, reply_seconds=2)
    client = Client("redis://h", rng=Random(1), dial=peer.dial, timeouts=limits, retry=retry)
    async with trio.open_nursery() as nursery:
        await nursery.start(client.run)
        yield client
        nursery.cancel_scope.cancel()


def losing(times: int) -> tuple[Peer, list[Command]]:
    """A peer whose connection breaks right after it took a command, so many times; and the commands it took."""
    taken: list[Command] = []

    def answer(command: Command) -> bytes:
        if command[0] in LOG_IN:
            return as_redis(command)
        taken.append(command)
        if len(taken) <= times:
            peer.socket.reset()
            return b""
        return b":1\r\n"

    peer = Peer(answer)
    return peer, taken


async def test_what_is_safe_to_repeat_is_repeated(autojump_clock: MockClock) -> None:
    """A read, or an XACK, whose reply was lost: the caller does not notice."""
    peer, taken = losing(3)
    async with running(peer) as client:
        assert await client.call("XACK", "s", "g", "1-1") == 1
    assert len(taken) == 4


async def test_repeating_ends_with_the_number_of_retries(autojump_clock: MockClock) -> None:
    """Then the caller hears of it."""
    peer, taken = losing(100)
    async with running(peer) as client:
        with pytest.raises(ConnectionLost) as caught:
            await client.call("XLEN", "s")
    assert caught.value.sent
    assert len(taken) == 4


async def test_without_a_limit_repeating_goes_on(autojump_clock: MockClock) -> None:
    """A regression: None, for no end, was taken for 0."""
    peer, taken = losing(20)
    async with running(peer, Retry(max_retries=None, base_delay_seconds=0.01, max_delay_seconds=0.01)) as client:
        assert await client.xlen("s") == 1
    assert len(taken) == 21


async def test_an_append_whose_reply_was_lost_is_never_sent_again(autojump_clock: MockClock) -> None:
    """redis-py's blind retries made four entries of one event out of three lost replies."""
    peer, taken = losing(1)
    async with running(peer) as client:
        with pytest.raises(ConnectionLost) as caught:
            await client.xadd("s", {"f": "v"})
    assert caught.value.sent
    assert len(taken) == 1


async def test_an_append_that_was_not_sent_waits_for_the_connection(autojump_clock: MockClock) -> None:
    """What did not go out can't have been applied."""
    peer = Peer(answers(b"$3\r\n1-1\r\n"))
    async with running(peer) as client:
        peer.refusals = [ConnectionRefusedError()] * 3
        peer.socket.end()
        await trio.testing.wait_all_tasks_blocked()
        assert await client.xadd("s", {"f": "v"}) == EntryId(1, 1)


async def test_an_outage_longer_than_the_time_limit_is_told(autojump_clock: MockClock) -> None:
    """After waiting once for a connection, not once for each retry."""
    peer = Peer()
    async with running(peer) as client:
        peer.refusals = [ConnectionRefusedError()] * 10_000
        peer.socket.end()
        await trio.testing.wait_all_tasks_blocked()
        start = trio.current_time()
        with pytest.raises(ConnectionLost) as caught:
            await client.xlen("s")
        assert trio.current_time() - start == pytest.approx(2)
        assert not caught.value.sent


async def test_after_the_end_of_run_a_call_fails_at_once(autojump_clock: MockClock) -> None:
    """There is nothing to wait for, however many retries are left."""
    peer = Peer()
    async with running(peer, Retry(max_retries=None)) as client:
        pass
    with pytest.raises(ConnectionLost, match="closed"):
        await client.xlen("s")


async def test_a_script_that_the_server_does_not_know_is_sent_whole(autojump_clock: MockClock) -> None:
    """Once: the server knows it by its hash from then on. Its error is not taken for that of a missing script."""
    script = load("settle")
    peer = Peer(answers(b"-NOSCRIPT No matching script.\r\n", b":1\r\n", b":2\r\n", b"-NOGROUP none\r\n"))
    async with running(peer) as client:
        assert await client.eval(script, ["k"], ["a", 1]) == 1
        assert await client.eval(script, ["k"], ["a", 1]) == 2
        with pytest.raises(redis.exceptions.ResponseError, match="NOGROUP"):
            await client.eval(script, ["k"], ["a", 1])
    rest = [b"1", b"k", b"a", b"1"]
    sha = [b"EVALSHA", script.sha.encode(), *rest]
    assert words(peer.socket) == [sha, [b"EVAL", script.source.encode(), *rest], sha, sha]


async def test_a_script_whose_reply_was_lost_is_not_run_again(autojump_clock: MockClock) -> None:
    """Whether that is safe, only the caller knows."""
    peer, taken = losing(1)
    async with running(peer) as client:
        with pytest.raises(ConnectionLost):
            await client.eval(load("dead_letter"), ["k"], [])
    assert len(taken) == 1


INFO = b"# Server\r\nredis_version:%s\r\n"


def server(version: bytes, known: bytes = b"*6\r\n" + 6 * b"*0\r\n") -> Callable[[Command], bytes]:
    def answer(command: Command) -> bytes:
        if command[0] == b"INFO":
            text = INFO % version
            return b"$%d\r\n%s\r\n" % (len(text), text)
        return known if command[0] == b"COMMAND" else as_redis(command)

    return answer


async def test_capabilities_are_asked_once_for_each_connection(autojump_clock: MockClock) -> None:
    """After a reconnect it may be another server."""
    peer = Peer(server(b"6.2.14"))
    async with running(peer) as client:
        assert (await client.capabilities()).version == (6, 2, 14)
        await client.capabilities()
        assert len(words(peer.socket)) == 1
        peer.answer = server(b"8.0.6", b"*6\r\n*1\r\n+x\r\n" + 5 * b"*-1\r\n")
        peer.socket.end()
        await trio.sleep(1)
        assert await client.capabilities() == Capabilities((8, 0, 6), frozenset(["XAUTOCLAIM"]))


@pytest.mark.parametrize("error", [b"-NOPERM no\r\n", b"-ERR unknown command `INFO`\r\n"])
async def test_who_may_not_ask_for_the_version_gets_the_oldest(error: bytes, autojump_clock: MockClock) -> None:
    """It works everywhere. A regression: where INFO was renamed, that was an error."""

    def answer(command: Command) -> bytes:
        return error if command[0] == b"INFO" else server(b"8.6.0")(command)

    async with running(Peer(answer)) as client:
        assert await client.capabilities() == Capabilities((5, 0, 0))


@pytest.mark.parametrize("error", [b"-NOPERM no\r\n", b"-ERR unknown command `COMMAND`\r\n"])
async def test_who_may_not_ask_for_commands_says_them_without_words(error: bytes, autojump_clock: MockClock) -> None:
    """What is missing tells whether the server knows them. A regression: of two users one did without IDMP."""

    def answer(command: Command) -> bytes:
        if command == [b"XCFGSET"]:
            return b"-ERR wrong number of arguments for 'xcfgset' command\r\n"
        if len(command) == 1 and command[0].decode() in PROBED:
            return b"-ERR unknown command\r\n"
        return error if command[0] == b"COMMAND" else server(b"9.0")(command)

    async with running(Peer(answer)) as client:
        assert await client.capabilities() == Capabilities((9, 0, 0), frozenset(["XCFGSET"]))


async def test_a_server_that_can_not_say_now_what_it_can_is_asked_again(autojump_clock: MockClock) -> None:
    """It is weather, and no answer."""
    said = [b"-BUSY script\r\n"]

    def answer(command: Command) -> bytes:
        return said.pop() if said and command[0] == b"COMMAND" else server(b"6.2.14")(command)

    async with running(Peer(answer)) as client:
        with pytest.raises(redis.exceptions.ResponseError, match="BUSY"):
            await client.capabilities()
        assert (await client.capabilities()).version == (6, 2, 14)


@pytest.mark.parametrize(
    ("info", "version"),
    [("redis_version:7.0.15\r\n", (7, 0, 15)), ("redis_version:255.255.255", (255, 255, 255)), ("", (5, 0, 0))]
    + [("redis_version:8.6\n", (8, 6, 0)), ("valkey_version:9.1.2\nredis_version:7.2.4", (7, 2, 4))],
)
def test_a_version_is_read_from_info(info: str, version: tuple[int, int, int]) -> None:
    """A fork says which Redis it is compatible with; who says nothing counts as the oldest."""
    assert parse_version(info) == version


def test_each_version_can_what_it_can() -> None:
    """The table that the fallbacks are chosen by."""
    old, new = Capabilities((6, 0, 0)), Capabilities((8, 6, 3), frozenset(PROBED))
    assert not any(way.is_newer for way in old.ways())
    assert all(way.is_newer and way.taken == way.newer for way in new.ways())
    assert not Capabilities((8, 2, 0), frozenset(["XACKDEL"])).claim_in_read


async def test_idle_entries_are_picked_here_where_the_server_can_not(autojump_clock: MockClock) -> None:
    """XPENDING … IDLE came with 6.2."""
    old = server(b"6.0.16")
    rows = b"*2\r\n*4\r\n$3\r\n1-1\r\n$1\r\nc\r\n:9\r\n:1\r\n*4\r\n$3\r\n2-1\r\n$1\r\nc\r\n:99\r\n:1\r\n"
    peer = Peer(lambda command: rows if command[0] == b"XPENDING" else old(command))
    async with running(peer) as client:
        [row] = await client.xpending_range("s", "g", count=10, consumer="c", idle_ms=50)
        assert row.id == EntryId(2, 1)
        assert words(peer.socket)[-1] == b"XPENDING s g - + 10 c".split()


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, "XADD s * f v"),
        ({"id": EntryId(5, 1)}, "XADD s 5-1 f v"),
        ({"max_length": 9}, "XADD s MAXLEN ~ 9 * f v"),
        ({"max_length": 9, "approximate": False}, "XADD s MAXLEN = 9 * f v"),
        ({"min_id": EntryId(5, 1), "make_stream": False}, "XADD s NOMKSTREAM MINID ~ 5-1 * f v"),
    ],
)
async def test_the_options_of_xadd(options: dict[str, int], expected: str, autojump_clock: MockClock) -> None:
    """Words in the order that every version takes."""
    peer = Peer(answers(b"$-1\r\n", b"$-1\r\n"))
    async with running(peer) as client:
        assert await client.xadd("s", {"f": "v"}, **options) is None
        assert await client.xadd("s", [b"f", b"v"], **options) is None
        assert words(peer.socket) == [expected.encode().split()] * 2


async def test_two_limits_or_none_are_refused(autojump_clock: MockClock) -> None:
    """Redis takes one; the values are shown."""
    async with running(Peer()) as client:
        with pytest.raises(ValueError, match="9 and '5-1'"):
            await client.xadd("s", {"f": "v"}, max_length=9, min_id=EntryId(5, 1))
        with pytest.raises(ValueError, match="max_length or min_id"):
            await client.xtrim("s")


async def test_nothing_to_do_sends_nothing(autojump_clock: MockClock) -> None:
    """Redis would call a command without ids a mistake."""
    peer = Peer()
    async with running(peer) as client:
        assert await client.xack("s", "g", []) == 0
        assert await client.xdel("s", []) == 0
        assert await client.xclaim("s", "g", "c", 0, []) == []
        assert await client.pipeline([]) == []
        assert words(peer.socket) == []


def test_a_wrong_url_is_told_at_once() -> None:
    """Before anything runs."""
    with pytest.raises(AddressError):
        Client("localhost", rng=Random(1))


# Exclusive connections


async def test_a_link_lends_one_connection_until_it_breaks(autojump_clock: MockClock) -> None:
    """Then it opens another; at its end the connection is closed."""
    peer = Peer(process("one"))
    async with running(peer) as client, client.link() as link:
        first = await link.connection()
        assert await link.connection() is first
        await first.aclose()
        second = await link.connection()
        assert second is not first
        assert not second.closed
    assert second.closed


async def test_a_link_that_was_never_used_opened_nothing(autojump_clock: MockClock) -> None:
    """Entering it costs nothing."""
    peer = Peer()
    async with running(peer) as client:
        async with client.link():
            pass
        assert len(peer.sockets) == 1


async def test_a_former_connection_is_killed_at_the_server(autojump_clock: MockClock) -> None:
    """Once: a command that is still under way in it would be run after we looked. That it is gone is as good."""
    peer = Peer(process("one"))
    async with running(peer) as client, client.link() as link:
        await (await link.connection()).aclose()
        await link.connection()
        await link.kill_former()
        await link.kill_former()
        assert killed(peer) == [[b"CLIENT", b"KILL", b"ID", b"7"]]


async def test_a_former_connection_may_be_forgotten(autojump_clock: MockClock) -> None:
    """Nothing of it is kept then, however often connections break."""
    peer = Peer(process("one"))
    async with running(peer) as client, client.link() as link:
        former = weakref.ref(await link.connection())
        await (await link.connection()).aclose()
        await link.connection()
        link.forget_former()
        await link.kill_former()
        gc.collect()
        assert (former(), killed(peer)) == (None, [])


async def test_it_is_killed_also_if_the_shared_link_came_anew(autojump_clock: MockClock) -> None:
    """To the same process: once the former one was spared then, and what it read later nobody looked for."""
    peer = Peer(process("one"))
    async with running(peer) as client, client.link() as link:
        await (await link.connection()).aclose()
        peer.sockets[0].end()
        await trio.sleep(1)
        before = killed(peer)
        await link.connection()
        await link.kill_former()
        assert killed(peer)[len(before) :] == [[b"CLIENT", b"KILL", b"ID", b"7"]]


async def test_no_stranger_is_killed_after_a_restart_of_the_server(autojump_clock: MockClock) -> None:
    """It numbers its clients anew: the id may be somebody else's."""
    peer = Peer(process("one"))
    async with running(peer) as client, client.link() as link:
        await (await link.connection()).aclose()
        peer.answer = process("two")
        await link.connection()
        await link.kill_former()
        assert killed(peer) == []


async def test_who_may_not_ask_which_process_it_is_spares_all(autojump_clock: MockClock) -> None:
    """It may be another one: INFO is refused, or names none."""

    def refuses_info(command: Command) -> bytes:
        return b"-NOPERM no\r\n" if command[0] == b"INFO" else as_redis(command)

    peer = Peer(refuses_info)
    async with running(peer) as client, client.link() as link:
        await (await link.connection()).aclose()
        await link.connection()
        await link.kill_former()
        assert killed(peer) == []


def killed(peer: Peer) -> Sequence[Command]:
    """Whom the client had killed."""
    return [command for fake in peer.sockets for command in fake.commands if b"KILL" in command]


async def test_a_connection_that_can_not_be_opened_is_an_error_and_the_link_goes_on(autojump_clock: MockClock) -> None:
    """The next try may succeed."""
    peer = Peer(process("one"))
    async with running(peer) as client, client.link() as link:
        peer.refusals = [ConnectionRefusedError()]
        with pytest.raises(ConnectFailed):
            await link.connection()
        assert await (await link.connection()).call("ECHO", "x") == b"x"
