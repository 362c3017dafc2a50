"""`publish-once`, durability, and publishing while Redis is away, on real servers and on the simulated one."""

from __future__ import annotations

import time
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Final, cast

import pytest
import trio
from redis.exceptions import ResponseError
from redis_streams import (
    DurabilityUnavailable,
    EntryId,
    HandlerConflict,
    NewEvent,
    NotDurable,
    Ports,
    PublishIndeterminate,
    PublishTimeout,
    RedisAway,
    Replicated,
    Runtime,
    StreamProducer,
)
from redis_streams.simulations.real import RedisServer
from redis_streams.wire import ServerAddress, dial
from support.load import QUICK, SHORT, quick_runtime
from support.lossy import LossyDial
from support.servers import ServerFactory, restart, servers_at_hand

pytestmark = [pytest.mark.also_on_memory, pytest.mark.real_time]

TWO_WAYS: Final = [
    pytest.param(binary, id=".".join(map(str, version)))
    for version, binary in servers_at_hand().items()
    if version[:2] in ((7, 0), (8, 6))
]
"""A version where a script keeps the tokens, and one where Redis does."""


def lossy_runtime(server: RedisServer, lossy: LossyDial, **options: object) -> Runtime:
    return Runtime(server.url, retry=QUICK, timeouts=SHORT, ports=Ports(dial=lossy), **options)


# Once


async def test_what_was_applied_unheard_is_repeated_and_there_once(any_redis_server: RedisServer) -> None:
    """The connection breaks twice between append and reply; the runtime goes on by itself, in order."""
    lossy = LossyDial(b"event_id", times=2)
    runtime = lossy_runtime(any_redis_server, lossy)
    runtime.stream("s", publish_once=True)
    async with runtime:
        ids = await runtime.publish_many("s", [NewEvent("a", number) for number in range(1500)])
        there = [entry.id for entry in await runtime.client.xrange("s")]
    assert lossy.lost == 2
    assert ids == there
    assert len(ids) == 1500


async def test_an_event_published_again_gets_the_id_of_the_first(any_redis_server: RedisServer) -> None:
    """By another process, alone and in a list, twice in one list, and after others came between."""
    async with quick_runtime(any_redis_server) as runtime:
        first = await runtime.publish("s", 1, event_type="a", event_id="one")
    async with quick_runtime(any_redis_server) as runtime:
        other = await runtime.publish("s", 2, event_type="a")
        again = await runtime.publish("s", 1, event_type="a", event_id="one")
        events = [NewEvent("a", 1, event_id=event_id) for event_id in ("two", "one", "two", "x" * 1000)]
        in_list = await runtime.publish_many("s", events)
        long_again = await runtime.publish("s", 1, event_type="a", event_id="x" * 1000)
        assert await runtime.client.xlen("s") == 4
    assert again == first < other
    assert in_list == [in_list[0], first, in_list[0], long_again]


async def test_tokens_that_a_script_has_kept_are_found_after_an_upgrade(any_redis_server: RedisServer) -> None:
    """A server of 8.6 that was a replica of an older one has them, and from then on keeps its own."""
    since = str(int(time.time() * 1000))
    any_redis_server.cli("HSET", "{s}:published", "", since, "one", "7-0")
    any_redis_server.cli("HSET", "{s}:published:older", "two", "5-0")
    events = [NewEvent("a", 1, event_id=event_id) for event_id in ("one", "three", "two", "three")]
    async with quick_runtime(any_redis_server) as runtime:
        runtime.stream("s", durable_seconds=0.01)
        one, three, two, again = ids = await runtime.publish_many("s", events)
        with pytest.raises(NotDurable) as told:
            await runtime.publish_many("s", events, durability=Replicated(1))
        there = [entry.id for entry in await runtime.client.xrange("s")]
    assert (str(one), str(two)) == ("7-0", "5-0")
    assert there == [three] == [again]
    assert told.value.ids == ids


async def test_streams_and_windows_are_apart(redis_server: RedisServer) -> None:
    """The same id in another stream is another event; without a window none is remembered."""
    async with quick_runtime(redis_server) as runtime:
        runtime.stream("plain", publish_once=False)
        for stream in ("s", "t", "plain", "plain"):
            await runtime.publish(stream, 1, event_type="a", event_id="one")
        lengths = [await runtime.client.xlen(stream) for stream in ("s", "t", "plain")]
    assert lengths == [1, 1, 2]


async def test_a_restart_of_the_server_forgets_no_token(
    any_redis_server: RedisServer, redis_server_factory: ServerFactory
) -> None:
    """They are data like any other."""
    server = redis_server_factory(any_redis_server.binary, appendonly="always")
    async with quick_runtime(server) as runtime:
        first = await runtime.publish("s", 1, event_type="a", event_id="one")
    server.kill()
    await restart(server)
    async with quick_runtime(server) as runtime:
        assert await runtime.publish("s", 1, event_type="a", event_id="one") == first


async def test_what_redis_refuses_is_told_and_leaves_no_token(redis_server: RedisServer) -> None:
    """Published again when there is room, it is appended."""
    async with quick_runtime(redis_server) as runtime:
        redis_server.cli("SET", "s", "text")
        with pytest.raises(ResponseError, match="WRONGTYPE"):
            await runtime.publish("s", 1, event_type="a", event_id="one")
        redis_server.cli("DEL", "s")
        await runtime.publish("s", 1, event_type="a", event_id="one")
        assert await runtime.client.xlen("s") == 1


async def test_who_only_publishes_leaves_a_server_that_was_demoted(
    any_redis_server: RedisServer, redis_server_factory: ServerFactory
) -> None:
    """It keeps its connections, and refuses what writes on them for ever, while its name leads to the new primary."""
    primary = [any_redis_server]

    async def by_name(_address: ServerAddress) -> trio.abc.Stream:
        return await dial(ServerAddress.parse(primary[-1].url))

    async with Runtime(any_redis_server.url, retry=QUICK, timeouts=SHORT, ports=Ports(dial=by_name)) as runtime:
        await runtime.publish("s", 1, event_type="a", event_id="one")
        primary.append(redis_server_factory(any_redis_server.binary))
        any_redis_server.cli("REPLICAOF", "127.0.0.1", "1")
        await runtime.publish("s", 2, event_type="a", event_id="two")
    assert primary[-1].cli("XLEN", "s") == 1


@pytest.mark.real_server_only("the URL of a server in this process names no user")
@pytest.mark.parametrize("missing", ["hset", "pexpire"])
async def test_who_may_not_note_tokens_appends_nothing(redis_server: RedisServer, missing: str) -> None:
    """A refusal is a sure no, also where another user has noted some before."""
    if redis_server.version < (6, 0, 0):
        pytest.skip("users came with Redis 6.0")
    redis_server.cli("ACL", "SETUSER", "app", "on", ">x", "~*", "+@all", f"-{missing}")
    async with quick_runtime(redis_server) as runtime:
        await runtime.publish("s", 1, event_type="a", event_id="one")
    async with Runtime(redis_server.url.replace("redis://", "redis://app:x@")) as runtime:
        with pytest.raises(ResponseError):
            await runtime.publish("s", 2, event_type="a", event_id="two")
        assert redis_server.cli("XLEN", "s") == 1


@pytest.mark.real_server_only("the URL of a server in this process names no user")
async def test_users_who_may_ask_and_who_may_not_find_each_others_tokens(any_redis_server: RedisServer) -> None:
    """What a server can does not hang on who asks."""
    if any_redis_server.version < (6, 0, 0):
        pytest.skip("users came with Redis 6.0")
    any_redis_server.cli("ACL", "SETUSER", "app", "on", ">x", "~*", "+@all", "-command", "-info")
    ids: list[EntryId] = []
    for url in (any_redis_server.url, any_redis_server.url.replace("redis://", "redis://app:x@")):
        async with Runtime(url) as runtime:
            ids.append(await runtime.publish("s", 1, event_type="a", event_id="one"))
    assert ids == ids[:1] * 2


async def test_a_stream_keeps_about_its_length_and_all_its_tokens(redis_server: RedisServer) -> None:
    """An entry that was trimmed is not appended again."""
    runtime = quick_runtime(redis_server)
    runtime.stream("s", max_length=100)
    async with runtime:
        events = [NewEvent("a", number, event_id=f"event-{number}") for number in range(1000)]
        first = await runtime.publish_many("s", events)
        assert await runtime.publish_many("s", events) == first
        assert 100 <= await runtime.client.xlen("s") <= 300


async def test_who_gives_up_is_told_whether_it_may_be_there(redis_server: RedisServer) -> None:
    """Never sent, and sent without an answer, are different errors."""
    runtime = Runtime(redis_server.url, retry=QUICK, timeouts=SHORT, publish_seconds=0.5)
    async with runtime:
        await runtime.publish("s", 0, event_type="a", event_id="zero")
        redis_server.pause()
        with pytest.raises(PublishIndeterminate):
            await runtime.publish("s", 1, event_type="a", event_id="one")
        redis_server.resume()
        await runtime.publish("s", 1, event_type="a", event_id="one")
        redis_server.kill()
        while runtime.client.away_seconds is None:
            await trio.sleep(0.01)
        with pytest.raises(PublishTimeout):
            await runtime.publish("s", 2, event_type="a", event_id="two")


async def test_what_was_said_not_to_be_there_does_not_come_later(redis_server: RedisServer) -> None:
    """All of these waited in the mailbox when their time was up; a publisher who obeys has published them again."""
    async with Runtime(redis_server.url, retry=QUICK, timeouts=SHORT, publish_seconds=1.0) as runtime:
        for event_id in ("", "zero"):
            await runtime.publish("s", 0, event_type="a", event_id=event_id)
        redis_server.kill()
        while runtime.client.away_seconds is None:
            await trio.sleep(0.01)

        async def give_up(event_id: str) -> None:
            with pytest.raises(PublishTimeout):
                await runtime.publish("s", 1, event_type="a", event_id=event_id)

        async with trio.open_nursery() as nursery:
            for event_id in ("", "one", "", "two"):
                nursery.start_soon(give_up, event_id)
        redis_server.restart()
        await runtime.client.wait_up()
        for event_id in ("", "three"):  # each behind those that went its way
            while True:
                with suppress(PublishTimeout):
                    await runtime.publish("s", 2, event_type="a", event_id=event_id)
                    break
        assert await runtime.client.xlen("s") == 2


def test_the_blocking_producer_publishes_once_too(redis_server: RedisServer) -> None:
    """With its options, which are checked when it is made."""
    with StreamProducer(redis_server.url, "s", dedup_seconds=60) as producer:
        first = producer.publish("a", 1, event_id="one")
        assert producer.publish("a", 1, event_id="one") == first
    with pytest.raises(ValueError, match="durability must be"):
        StreamProducer(redis_server.url, "s", durability="sure")


@pytest.mark.parametrize("said", ["fsync", "Fsynced", "replicated(0)", "", 2])
async def test_an_unknown_durability_of_one_event_is_refused_before_anything_is_sent(
    redis_server: RedisServer, said: str
) -> None:
    """It once appended the event, crashed an actor with a bare AssertionError, and at the sixth the whole runtime."""
    async with quick_runtime(redis_server) as runtime:
        for _ in range(6):
            with pytest.raises(ValueError, match="durability must be 'acknowledged'"):
                await runtime.publish("s", 1, event_type="a", durability=said)
        with pytest.raises(ValueError, match="durability must be 'acknowledged'"):
            await runtime.publish_many("s", [NewEvent("a", 1)], durability=said)
        assert await runtime.client.xlen("s") == 0


async def test_a_durability_of_one_event_may_be_said_as_a_file_says_it(redis_server: RedisServer) -> None:
    """As with `Runtime.stream`. There is no replica, so the event becomes no safer, and that is told."""
    async with quick_runtime(redis_server) as runtime:
        runtime.stream("s", durable_seconds=0.1)
        with pytest.raises(NotDurable, match=r"not replicated\(1\): 0 of 1 replicas"):
            await runtime.publish("s", 1, event_type="a", durability="replicated(1)")


async def test_a_server_without_memory_is_waited_for(any_redis_server: RedisServer) -> None:
    """It broke: before Redis 7.0 the reason was not seen behind the words of the script."""
    any_redis_server.cli("CONFIG", "SET", "maxmemory", "1")
    async with quick_runtime(any_redis_server) as runtime, trio.open_nursery() as nursery:
        nursery.start_soon(partial(runtime.publish, "s", 1, event_type="a", event_id="one"))
        await trio.sleep(0.2)
        any_redis_server.cli("CONFIG", "SET", "maxmemory", "0")
    assert any_redis_server.cli("XLEN", "s") == 1


async def test_what_is_said_about_a_stream_is_said_before_its_first_event(redis_server: RedisServer) -> None:
    """Later it would hold for some events and not for others."""
    async with quick_runtime(redis_server) as runtime:
        runtime.stream("s", publish_once=True)
        await runtime.publish("s", 1, event_type="a")
        runtime.stream("s", publish_once=True)
        with pytest.raises(HandlerConflict, match="in use here without a dedup_seconds, so 5 comes too late"):
            runtime.stream("s", dedup_seconds=5)
        with pytest.raises(HandlerConflict, match="has publish_once True already, not False"):
            runtime.stream("s", publish_once=False)


# While Redis is away


async def test_who_does_not_want_to_wait_hears_at_once_that_redis_is_away(redis_server: RedisServer) -> None:
    """The error says where and for how long; when it is back everything is as before."""
    async with Runtime(redis_server.url, retry=QUICK, timeouts=SHORT, when_away="fail") as runtime:
        await runtime.publish("s", 1, event_type="a")
        redis_server.kill()
        while runtime.client.away_seconds is None:
            await trio.sleep(0.01)
        for event_id in ("", "one"):
            with pytest.raises(RedisAway, match=r"no connection to \w+://[\w.:-]+/0 for \d+\.\d s") as told:
                await runtime.publish("s", 2, event_type="a", event_id=event_id)
            assert told.value.away_seconds < 60
        redis_server.restart()
        while runtime.client.away_seconds is not None:
            await trio.sleep(0.01)
        await runtime.publish("s", 3, event_type="a")


# Durability


def with_replica(factory: ServerFactory, binary: Path) -> tuple[RedisServer, RedisServer]:
    """A server whose replica has caught up."""
    primary = factory(binary, config={"repl-diskless-sync-delay": "0"})
    replica = factory(binary, config={"replicaof": f"127.0.0.1 {primary.port}"})
    while cast("list[object]", replica.cli("ROLE"))[3] != "connected":
        time.sleep(0.02)
    return primary, replica


@pytest.mark.real_server_only("replicas of a server in this process are the fault simulation's")
@pytest.mark.parametrize("binary", TWO_WAYS)
async def test_what_replicas_lack_is_told_also_after_a_repeat(
    redis_server_factory: ServerFactory, binary: Path
) -> None:
    """A new connection that repeats appends nothing; what its WAIT says is true of the entries all the same."""
    primary, replica = with_replica(redis_server_factory, binary)

    async def publish(event_id: str, *, waits: float) -> EntryId:
        lossy = LossyDial(b"event_id")
        runtime = lossy_runtime(primary, lossy)
        runtime.stream("s", durability=Replicated(1), durable_seconds=waits)
        async with runtime:
            try:
                return await runtime.publish("s", 1, event_type="a", event_id=event_id)
            finally:
                assert lossy.lost == 1

    first = await publish("one", waits=20)
    assert cast("list[object]", replica.cli("XRANGE", "s", "-", "+"))
    replica.pause()
    with pytest.raises(NotDurable, match=r"not replicated\(1\): 0 of 1 replicas") as told:
        await publish("two", waits=0.3)
    replica.resume()
    [second] = told.value.ids
    assert await publish("two", waits=20) == second
    assert cast("list[list[object]]", primary.cli("XRANGE", "s", "-", "+"))[-1][0] == str(second)
    assert primary.cli("XLEN", "s") == 2
    assert first < second


@pytest.mark.real_server_only("replicas of a server in this process are the fault simulation's")
@pytest.mark.parametrize("binary", TWO_WAYS)
async def test_a_token_goes_with_its_event_to_a_replica(redis_server_factory: ServerFactory, binary: Path) -> None:
    """Published again after a failover, it is not appended a second time."""
    primary, replica = with_replica(redis_server_factory, binary)
    async with quick_runtime(primary) as runtime:
        first = await runtime.publish("s", 1, event_type="a", event_id="one", durability=Replicated(1))
    primary.kill()
    replica.cli("REPLICAOF", "NO", "ONE")
    async with quick_runtime(replica) as runtime:
        assert await runtime.publish("s", 1, event_type="a", event_id="one") == first
        assert await runtime.client.xlen("s") == 1


@pytest.mark.parametrize("appendonly", ["always", None])
async def test_what_shall_be_on_disk_is_or_is_refused(
    any_redis_server: RedisServer, redis_server_factory: ServerFactory, appendonly: str | None
) -> None:
    """Before 7.2, and without an append-only file, the server can't say so; then nothing is published."""
    server = redis_server_factory(any_redis_server.binary, appendonly=appendonly)
    async with quick_runtime(server) as runtime:
        can = (await runtime.client.capabilities()).wait_fsync and appendonly is not None
        if can:
            await runtime.publish("s", 1, event_type="a", durability="fsynced")
        else:
            with pytest.raises(DurabilityUnavailable, match="can't make events fsynced: "):
                await runtime.publish("s", 1, event_type="a", durability="fsynced")
        assert await runtime.client.xlen("s") == can


async def test_acknowledged_events_do_not_wait_behind_durable_ones(redis_server: RedisServer) -> None:
    """A WAIT holds up only its own connection."""
    runtime = quick_runtime(redis_server)
    runtime.stream("s", durable_seconds=1)
    ended = list[str]()

    async def publish_durably() -> None:
        with pytest.raises(NotDurable):
            await runtime.publish("s", 1, event_type="a", durability=Replicated(1))
        ended.append("durable")

    async with runtime, trio.open_nursery() as nursery:
        nursery.start_soon(publish_durably)
        while not await runtime.client.xlen("s"):
            await trio.sleep(0.01)
        await runtime.publish("s", 2, event_type="a")
        await runtime.publish("s", 3, event_type="a", event_id="three")
        ended.append("acknowledged")
    assert ended == ["acknowledged", "durable"]
