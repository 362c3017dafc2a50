"""The fault-injecting proxy before a real server: each fault does what its words say, where they say it."""

from __future__ import annotations

from pathlib import Path

import pytest
import trio
from redis_streams.simulations.plan import (
    Answer,
    At,
    Blackhole,
    CrashServer,
    CutReply,
    Delay,
    DeleteEntries,
    DeleteStream,
    DestroyGroup,
    Effect,
    Fault,
    ForgetScripts,
    KillClients,
    LoseReply,
    LoseRequest,
    Partition,
    PauseServer,
    Refuse,
    Site,
)
from redis_streams.simulations.real import RedisServer
from redis_streams.simulations.real.ground import RealGround
from redis_streams.simulations.real.ground._sites import Due
from redis_streams.wire import load
from support.real_ground import Talk, applied, ground_with, sent, struck

pytestmark = pytest.mark.real_time


@pytest.fixture
def binary(redis_server: RedisServer) -> Path:
    """A redis-server to start."""
    return redis_server.binary


@pytest.fixture
def any_binary(any_redis_server: RedisServer) -> Path:
    """Each version at hand in turn."""
    return any_redis_server.binary


def at(action: str, effect: Effect, turn: int = 1, *, before: bool = True) -> Fault:
    return Fault(Site("a", action, turn, before=before), effect)


async def length(ground: RealGround) -> int:
    """Entries in the stream."""
    reply = await ground.client.call("XLEN", "s")
    assert isinstance(reply, int)
    return reply


async def test_what_passes_is_known(any_binary: Path) -> None:
    """On each version: commands and replies in their order, also pipelined ones; changes, and whose they were."""
    script = load("settle").sha
    async with ground_with(any_binary) as ground:
        a, b = await Talk.begin(ground, "a"), await Talk.begin(ground, "b")
        await a.send("XADD s 1-0 f v", "XGROUP CREATE s g 0", "XREADGROUP GROUP g w STREAMS s >")
        assert [(await a.hear())[:1] for _ in range(3)] == [b"$", b"+", b"*"]
        assert (await b.ask(f"EVALSHA {script} 2 s c g w 1 h 1-0")).startswith(b"-NOSCRIPT")
        assert await b.ask("XACK s g 1-0") == b":1\r\n"
        assert [(record.host, record.client, record.action) for record in sent(ground)] == [
            ("a", 1, "XADD"),
            ("a", 1, "XGROUP"),
            ("a", 1, "XREADGROUP"),
            ("b", 2, "settle"),
            ("b", 2, "XACK"),
        ]
        assert sent(ground)[-1].reply == b":1\r\n"
        changes = applied(ground)
        assert [change for change in changes if change[1] in (b"XADD", b"XCLAIM", b"XACK")] == [
            ("a", b"XADD"),
            ("a", b"XCLAIM"),
            ("b", b"XACK"),
        ]
        assert all(by == "a" for by, word in changes if word == b"XGROUP")


async def test_what_a_script_changes_is_its_callers(any_binary: Path) -> None:
    """An XACK inside of a script is seen as one."""
    async with ground_with(any_binary) as ground:
        a, b = await Talk.begin(ground, "a"), await Talk.begin(ground, "b")
        await ground.client.call("SCRIPT", "LOAD", load("settle").source)
        await a.send("XADD s 1-0 f v", "XGROUP CREATE s g 0", "XREADGROUP GROUP g w STREAMS s >")
        assert [(await a.hear())[:1] for _ in range(3)] == [b"$", b"+", b"*"]
        assert (await b.ask(f"EVALSHA {load('settle').sha} 2 s c g w 1 h 1-0")).startswith(b"*2\r\n:1\r\n")
        changes = applied(ground)
        acknowledged = changes.index(("b", b"XACK"))
        assert set(changes[acknowledged + 1 :]) == {("b", b"HSET")}


async def test_a_lost_request_never_reaches_the_server(binary: Path) -> None:
    """What was sent before it did, what was sent behind it did not."""
    async with ground_with(binary, at("XADD", LoseRequest(), 2)) as ground:
        talk = await Talk.begin(ground)
        await talk.send("XADD s 1-0 f v", "XADD s 2-0 f v", "XADD s 3-0 f v")
        while await talk.hear():
            pass
        while await length(ground) != 1:
            await trio.sleep(0.01)
        assert struck(ground.journal.records) == [0]
        assert [record.words[2] for record in sent(ground)] == [b"1-0"]


async def test_a_reply_is_lost_that_the_server_has_given(binary: Path) -> None:
    """It ran the command."""
    async with ground_with(binary, at("XADD", LoseReply())) as ground:
        talk = await Talk.begin(ground)
        assert await talk.ask("XADD s 1-0 f v") == b""
        assert await length(ground) == 1
        [record] = sent(ground)
        assert (record.reply, record.answered) == (b"$3\r\n1-0\r\n", False)


async def test_a_reply_is_cut(binary: Path) -> None:
    """So many bytes arrive, then the connection ends."""
    async with ground_with(binary, at("XADD", CutReply(5))) as ground:
        talk = await Talk.begin(ground)
        await talk.send("XADD s 1-0 f v")
        heard = b""
        try:
            while data := await talk.stream.receive_some():
                heard += data
        except trio.BrokenResourceError:
            pass
        assert heard == b"$3\r\n1"


@pytest.mark.parametrize(("direction", "entries"), [("requests", 0), ("replies", 1), ("both", 0)])
async def test_a_black_hole_swallows_a_direction_and_nobody_is_told(binary: Path, direction: str, entries: int) -> None:
    """The connection stays open until the network is healed; other connections of the host go on."""
    async with ground_with(binary, at("XADD", Blackhole(direction))) as ground:
        talk, other = await Talk.begin(ground), await Talk.begin(ground)
        await talk.send("XADD s 1-0 f v")
        assert await other.ask("PING") == b"+PONG\r\n"
        while not struck(ground.journal.records):
            await trio.sleep(0.01)
        async with trio.open_nursery() as nursery:
            heard: list[bytes] = []

            async def hear() -> None:
                heard.append(await talk.hear())

            nursery.start_soon(hear)
            while await length(ground) != entries:
                await trio.sleep(0.01)
            assert heard == []
            await ground.heal()
        assert heard == [b""]


async def test_a_delayed_command_has_others_wait_behind_it(binary: Path) -> None:
    """Those of its own connection only."""
    async with ground_with(binary, at("XADD", Delay(300))) as ground:
        talk, other = await Talk.begin(ground), await Talk.begin(ground)
        await talk.send("XADD s 1-0 f v", "PING")
        while not struck(ground.journal.records):
            await trio.sleep(0.01)
        assert await other.ask("XLEN s") == b":0\r\n"
        assert [await talk.hear(), await talk.hear()] == [b"$3\r\n1-0\r\n", b"+PONG\r\n"]


async def test_connections_are_refused_for_a_while(binary: Path) -> None:
    """Those that there are go on, and other hosts get theirs."""
    async with ground_with(binary, at("XADD", Refuse(400))) as ground:
        talk = await Talk.begin(ground)
        assert await talk.ask("XADD s 1-0 f v") == b"$3\r\n1-0\r\n"
        with pytest.raises(OSError, match="connect"):
            await Talk.begin(ground)
        assert await (await Talk.begin(ground, "b")).ask("PING") == b"+PONG\r\n"
        assert await talk.ask("PING") == b"+PONG\r\n"
        while True:
            try:
                again = await Talk.begin(ground)
                break
            except OSError:
                await trio.sleep(0.02)
        assert await again.ask("PING") == b"+PONG\r\n"


async def test_a_partition_holds_up_what_arrives_afterwards(binary: Path) -> None:
    """Both ways, on all connections of the host."""
    async with ground_with(binary, at("XADD", Partition(400))) as ground:
        talk, other = await Talk.begin(ground), await Talk.begin(ground, "b")
        await talk.send("XADD s 1-0 f v")
        while not struck(ground.journal.records):
            await trio.sleep(0.01)
        assert await other.ask("XLEN s") == b":0\r\n"
        assert await talk.hear() == b"$3\r\n1-0\r\n"


async def test_what_a_partition_holds_up_changes_nothing_meanwhile(binary: Path) -> None:
    """Where somebody else says the same, it was them."""
    async with ground_with(binary, at("SET", Partition(60_000))) as ground:
        talk, other = await Talk.begin(ground), await Talk.begin(ground, "b")
        await talk.send("SET k v")
        while not struck(ground.journal.records):
            await trio.sleep(0.01)
        assert await other.ask("SET k v") == b"+OK\r\n"
        assert applied(ground) == [("b", b"SET")]


async def test_clients_are_killed_by_the_server(binary: Path) -> None:
    """All of one host, and none of another."""
    async with ground_with(binary, at("XADD", KillClients(), before=False)) as ground:
        talk, second, other = await Talk.begin(ground), await Talk.begin(ground), await Talk.begin(ground, "b")
        assert await second.ask("PING") == b"+PONG\r\n"
        assert await talk.ask("XADD s 1-0 f v") == b""
        assert await second.hear() == b""
        assert await other.ask("XLEN s") == b":1\r\n"


async def test_a_connection_can_be_lost_while_it_is_made(binary: Path) -> None:
    """`connect` is a site like any other."""
    async with ground_with(binary, at("connect", LoseRequest(), 2)) as ground:
        assert await (await Talk.begin(ground)).ask("PING") == b"+PONG\r\n"
        assert await (await Talk.begin(ground)).hear() == b""
        assert await (await Talk.begin(ground)).ask("PING") == b"+PONG\r\n"


async def test_a_killed_server_comes_back_with_its_data(any_binary: Path) -> None:
    """What it did after that is read on from its file."""
    async with ground_with(any_binary, at("XADD", CrashServer(50), 2)) as ground:
        talk = await Talk.begin(ground)
        assert await talk.ask("XADD s 1-0 f v") == b"$3\r\n1-0\r\n"
        assert await talk.ask("XADD s 2-0 f v") == b""
        await ground.server_faults.wait_up()
        assert await (await Talk.begin(ground)).ask("XADD s 3-0 f v") == b"$3\r\n3-0\r\n"
        assert await length(ground) == 2
        assert applied(ground) == [("a", b"XADD"), ("a", b"XADD")]


async def test_a_server_can_be_killed_while_it_starts(binary: Path) -> None:
    """It comes back after the last time."""
    fault = Fault(At(0), CrashServer(0))
    async with ground_with(binary, fault) as ground:
        for _ in range(5):
            await ground.strike(Due(0, fault))
            while ground.server.pid is None:
                await trio.sleep(0.001)
        await ground.strike(Due(0, fault))
        await ground.server_faults.wait_up()
        assert await length(ground) == 0


async def test_a_server_that_hangs_answers_later(binary: Path) -> None:
    """Everybody waits."""
    async with ground_with(binary, at("XADD", PauseServer(300))) as ground:
        talk, other = await Talk.begin(ground), await Talk.begin(ground, "b")
        await talk.send("XADD s 1-0 f v")
        while not struck(ground.journal.records):
            await trio.sleep(0.01)
        assert await other.ask("PING") == b"+PONG\r\n"
        assert await talk.hear() == b"$3\r\n1-0\r\n"


async def test_a_server_forgets_scripts(binary: Path) -> None:
    """After the site: the first call still finds it."""
    sha = load("hand_back").sha
    async with ground_with(binary, at("hand_back", ForgetScripts(), before=False)) as ground:
        await ground.client.call("SCRIPT", "LOAD", load("hand_back").source)
        talk = await Talk.begin(ground)
        first = await talk.ask(f"EVALSHA {sha} 1 s g w 0")
        second = await talk.ask(f"EVALSHA {sha} 1 s g w 0")
        assert not first.startswith(b"-NOSCRIPT")
        assert second.startswith(b"-NOSCRIPT")


@pytest.mark.parametrize(
    ("effect", "change"),
    [(DestroyGroup(), b"XGROUP"), (DeleteStream(), b"DEL"), (DeleteEntries(1), b"XTRIM")],
    ids=lambda value: type(value).__name__,
)
async def test_somebody_meddles_with_the_data(binary: Path, effect: Effect, change: bytes) -> None:
    """What changes by it is nobody's, though others are at the same stream."""
    async with ground_with(binary, at("PING", effect)) as ground:
        ground.groups["s", "g"] = None
        talk, reader = await Talk.begin(ground), await Talk.begin(ground, "b")
        for command in ("XADD s 1-0 f v", "XADD s 2-0 f v", "XGROUP CREATE s g $"):
            assert not (await talk.ask(command)).startswith(b"-")
        await reader.send("XREADGROUP GROUP g w BLOCK 0 STREAMS s >")
        assert await talk.ask("PING") == b"+PONG\r\n"
        assert applied(ground)[-1] == ("", change)


@pytest.mark.parametrize("error", ["OOM", "NOREPLICAS", "READONLY"])
async def test_a_server_refuses_what_writes_for_a_while(binary: Path, error: str) -> None:
    """Really, by its own parameters."""
    async with ground_with(binary, at("XADD", Answer(error, 300))) as ground:
        talk = await Talk.begin(ground)
        refused = await talk.ask("XADD s 1-0 f v")
        assert refused.startswith(b"-" + error.encode())
        while not (await talk.ask("XADD s 1-0 f v")).startswith(b"$"):
            await trio.sleep(0.02)


async def test_faults_of_moments_strike_all_connections_of_a_host(binary: Path) -> None:
    """Those of others go on."""
    async with ground_with(binary, Fault(At(0, "a"), LoseRequest())) as ground:
        talk, other = await Talk.begin(ground), await Talk.begin(ground, "b")
        assert [await talk.ask("PING"), await other.ask("PING")] == [b"+PONG\r\n"] * 2
        await ground.strike_by_time()
        assert await talk.hear() == b""
        assert await other.ask("PING") == b"+PONG\r\n"
