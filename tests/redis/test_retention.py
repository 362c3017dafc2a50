"""What a stream keeps, on every version: nothing goes that a group needs, and who holds that up is told."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from random import Random

import pytest
import trio
from redis_streams import (
    ConsumerGroupManager,
    Event,
    GroupNearLimit,
    HandlerConflict,
    NewEvent,
    NotRetained,
    Retention,
    RetentionHeldUp,
    Runtime,
    RuntimeEvent,
)
from redis_streams.runtime._blocking_managers import _create_stream
from redis_streams.simulations.real import RedisServer
from redis_streams.wire import Arg, Client, EntryId, Retained, ensure_group, retain
from support.load import QUICK, SHORT

pytestmark = [pytest.mark.also_on_memory, pytest.mark.real_time]

KNOWN = "{s}:groups"


class Bench:
    """A stream with entries 1-0 to 10-0, whose nodes have one entry, so that trimming is exact."""

    def __init__(self, client: Client) -> None:
        self.client = client

    async def read(self, group: str, count: int, *, acked: int) -> None:
        """A group gets so many, and settles the first of them."""
        await self.client.call("XREADGROUP", "GROUP", group, "c", "COUNT", count, "STREAMS", "s", ">")
        await self.client.xack("s", group, [EntryId(number, 0) for number in range(1, acked + 1)])

    async def retain(self, **limits: object) -> Retained:
        return await retain(
            self.client,
            "s",
            KNOWN,
            **{"max_length": None, "max_age_ms": None, "settled": False, "lossy": False} | limits,
        )

    async def left(self) -> list[int]:
        return [entry.id.ms for entry in await self.client.xrange("s")]


async def wait_until(holds: Callable[[], bool]) -> None:
    with trio.fail_after(10):
        while not holds():
            await trio.sleep(0.01)


class Looking(Client):
    """One behind each of whose commands a retention looks."""

    async def call(self, *args: Arg) -> object:
        reply = await super().call(*args)
        await self.look()
        return reply

    async def look(self) -> Retained:
        return await Bench(self).retain(max_length=1)


@asynccontextmanager
async def bench_on(server: RedisServer, *groups: str) -> AsyncIterator[Bench]:
    server.cli("CONFIG", "SET", "stream-node-max-entries", "1")
    client = Client(server.url, rng=Random(1))
    async with trio.open_nursery() as nursery:
        await nursery.start(client.run)
        for number in range(1, 11):
            await client.xadd("s", {"n": number}, id=EntryId(number, 0))
        for group in groups:
            await client.xgroup_create("s", group, "0")
        yield Bench(client)
        nursery.cancel_scope.cancel()


async def test_what_all_groups_have_settled_goes(any_redis_server: RedisServer) -> None:
    """Up to the first entry that one of them has pending, or has not read."""
    async with bench_on(any_redis_server, "a", "b") as bench:
        await bench.read("a", 10, acked=10)
        await bench.read("b", 6, acked=3)
        retained = await bench.retain(settled=True)
        assert await bench.left() == [4, 5, 6, 7, 8, 9, 10]
        assert (retained.removed, retained.length, retained.first) == (3, 7, EntryId(4, 0))
        assert {needs.group: needs.first for needs in retained.groups} == {"a": None, "b": EntryId(4, 0)}
        await bench.client.xack("s", "b", [EntryId(number, 0) for number in range(4, 7)])
        await bench.retain(settled=True)
        assert await bench.left() == [7, 8, 9, 10]
        await bench.retain(settled=True, ignored=["b"])
        assert await bench.left() == [10]


@pytest.mark.parametrize("limits", [{"max_length": 2}, {"max_age_ms": 1}])
async def test_no_limit_takes_what_a_group_needs(any_redis_server: RedisServer, limits: dict[str, int]) -> None:
    """Unless it is to."""
    async with bench_on(any_redis_server, "a") as bench:
        await bench.read("a", 6, acked=4)
        await bench.retain(**limits)
        assert await bench.left() == [5, 6, 7, 8, 9, 10]
        await bench.client.xack("s", "a", [EntryId(5, 0), EntryId(6, 0)])
        await bench.read("a", 4, acked=10)
        await bench.retain(**limits)
        assert await bench.left() == ([9, 10] if "max_length" in limits else [10])


async def test_a_limit_that_may_lose_something_holds(any_redis_server: RedisServer) -> None:
    """Read or not; it is told who loses it."""
    async with bench_on(any_redis_server, "a") as bench:
        retained = await bench.retain(max_length=2, lossy=True)
        assert await bench.left() == [9, 10]
        assert retained.groups[0].first == EntryId(1, 0)
        await bench.retain(max_age_ms=1, lossy=True)
        assert await bench.left() == []


@pytest.mark.parametrize("limits", [{"settled": True}, {"max_length": 5, "lossy": True}], ids=["settled", "lossy"])
async def test_without_memory_it_trims(any_redis_server: RedisServer, limits: dict[str, object]) -> None:
    """It broke: the names of the groups were noted first, which Redis refused, so nothing ever freed any memory."""
    async with bench_on(any_redis_server, "a") as bench:
        await bench.read("a", 5, acked=5)
        await bench.client.call("CONFIG", "SET", "maxmemory", 1)
        assert (await bench.retain(**limits)).removed >= 4  # 5.0 leaves a node more.
        assert (await bench.left())[-5:] == [6, 7, 8, 9, 10]
        assert await bench.client.call("HKEYS", KNOWN) == [b"a"]


async def test_a_stream_that_is_created_shows_no_group_that_would_be_missed(any_redis_server: RedisServer) -> None:
    """It broke: it was made by a group, which a retention in between saw, and then missed for ever."""
    client = Looking(any_redis_server.url, rng=Random(1))
    async with trio.open_nursery() as nursery:
        await nursery.start(client.run)
        assert await _create_stream(client, "s", max_length=9)
        assert not await _create_stream(client, "s", max_length=9)
        assert not (await client.look()).missing
        assert (await client.xinfo_stream("s")).groups == 0
        assert await client.xadd("s", {"n": 1}, id=EntryId(0, 1)) == EntryId(0, 1)  # no id was used up
        nursery.cancel_scope.cancel()


async def test_nothing_goes_while_a_group_is_missing_or_none_is_there(any_redis_server: RedisServer) -> None:
    """What was destroyed is made again at its checkpoint; a group that is deleted on purpose is not missed."""
    async with bench_on(any_redis_server) as bench:
        await bench.retain(max_length=1)
        for group in ("a", "b"):
            await bench.client.xgroup_create("s", group, "0")
        await bench.retain(settled=True)
        await bench.read("a", 10, acked=10)
        await bench.client.xgroup_destroy("s", "b")
        assert (await bench.retain(max_length=1)).missing == ["b"]
        assert len(await bench.left()) == 10
        manager = await trio.to_thread.run_sync(ConsumerGroupManager, any_redis_server.url)
        await trio.to_thread.run_sync(manager.delete_group, "s", "b")
        assert not (await bench.retain()).missing
        await trio.to_thread.run_sync(manager.create_group, "s", "b")
        await bench.client.xgroup_destroy("s", "b")
        assert (await bench.retain(max_length=1)).missing == ["b"]
        await trio.to_thread.run_sync(manager.delete_group, "s", "b")
        await trio.to_thread.run_sync(manager.close)
        assert not (await bench.retain(max_length=1)).missing
        assert await bench.left() == [10]


async def test_a_group_that_was_lost_before_anybody_looked_is_missed(any_redis_server: RedisServer) -> None:
    """It broke: consumers had made it, it was destroyed, and what it was to be made again for was removed."""
    async with bench_on(any_redis_server, "a") as bench:
        await bench.read("a", 10, acked=10)
        made = await ensure_group(
            bench.client,
            "s",
            "b",
            start=EntryId(0, 0),
            checkpoint_key="{s}:c",
            history="h",
            retries_key="{s}:r",
            groups_key=KNOWN,
        )
        assert made.what == "created"
        await bench.client.xgroup_destroy("s", "b")
        assert (await bench.retain(settled=True, max_length=1)).missing == ["b"]
        assert len(await bench.left()) == 10


async def test_a_stream_that_is_not_there_misses_nobody_and_the_next_one_does(redis_server: RedisServer) -> None:
    """It broke: of two groups that lost it one was made anew, and what the other one had not read was removed."""
    async with bench_on(redis_server, "a", "b") as bench:
        await bench.retain(settled=True)
        await bench.client.call("DEL", "s")
        retained = await bench.retain(settled=True)
        assert (retained.length, retained.first, retained.missing) == (0, None, [])
        await bench.client.xadd("s", {"n": 1}, id="1-0")
        await bench.client.xgroup_create("s", "a", "0")
        await bench.read("a", 1, acked=1)
        assert (await bench.retain(settled=True)).missing == ["b"]
        assert await bench.left() == [1]


async def test_a_runtime_trims_and_tells_once_who_lags(redis_server: RedisServer) -> None:
    """The stream grows meanwhile, and nothing is lost; when the group has caught up it is short again."""
    redis_server.cli("CONFIG", "SET", "stream-node-max-entries", "1")
    redis_server.cli("XGROUP", "CREATE", "s", "slow", "0", "MKSTREAM")
    told, runs, retention = list[RuntimeEvent](), list[object](), Retention(max_length=5, interval_seconds=0.05)
    runtime = Runtime(redis_server.url, retry=QUICK, timeouts=SHORT, observer=told.append)
    runtime.stream("s", retention=retention)

    @runtime.handler("s", "quick", block_ms=100)
    async def handle(event: Event[object]) -> None:
        runs.append(event.payload)

    async def wait_for(kind: type) -> None:
        with trio.fail_after(10):
            while not any(isinstance(event, kind) and event.group == "slow" for event in told):
                await trio.sleep(0.01)

    async with runtime:
        await runtime.publish_many("s", [NewEvent("a", number) for number in range(5)])
        if redis_server.version >= (7, 0, 0):
            await wait_for(GroupNearLimit)
        await runtime.publish_many("s", [NewEvent("a", number) for number in range(120)])
        await wait_for(RetentionHeldUp)
        assert redis_server.cli("XLEN", "s") == 125
        redis_server.cli("XGROUP", "SETID", "s", "slow", "$")
        with trio.fail_after(10):
            while redis_server.cli("XLEN", "s") > 5:
                await trio.sleep(0.01)
    assert len(runs) == 125
    assert sum(isinstance(event, RetentionHeldUp) and event.group == "slow" for event in told) == 1


@pytest.mark.parametrize(("options", "event_id"), [({}, "{}"), ({"publish_once": True}, "")], ids=["with-ids", "once"])
async def test_a_stream_that_is_said_late_is_trimmed_however_it_is_published_to(
    redis_server: RedisServer, options: dict[str, bool], event_id: str
) -> None:
    """It broke: only those had a retention to which something was published without an id."""
    redis_server.cli("CONFIG", "SET", "stream-node-max-entries", "1")
    async with Runtime(redis_server.url, retry=QUICK, timeouts=SHORT) as runtime:
        retention = Retention(max_length=5, lossy=True, interval_seconds=0.05)
        runtime.stream("s", retention=retention, **options)
        events = [NewEvent("a", number, event_id=event_id.format(number)) for number in range(20)]
        await runtime.publish_many("s", events)
        await wait_until(lambda: redis_server.cli("XLEN", "s") == 5)


async def test_who_gives_up_his_first_event_leaves_the_stream_to_be_trimmed(redis_server: RedisServer) -> None:
    """It broke: nobody trimmed what the next ones published."""
    redis_server.cli("CONFIG", "SET", "stream-node-max-entries", "1")
    async with Runtime(redis_server.url, retry=QUICK, timeouts=SHORT) as runtime:
        runtime.stream("s", retention=Retention(max_length=5, lossy=True, interval_seconds=0.05))
        with trio.CancelScope() as scope:
            scope.cancel()
            await runtime.publish("s", 0, event_type="a")
        assert scope.cancelled_caught
        async with trio.open_nursery() as nursery:
            for number in range(20):
                nursery.start_soon(partial(runtime.publish, "s", number, event_type="a"))
        await wait_until(lambda: redis_server.cli("XLEN", "s") == 5)


async def test_a_runtime_that_starts_without_memory_handles_what_is_there_and_frees_it(
    redis_server: RedisServer,
) -> None:
    """It broke: it waited for memory before its consumers began. What always fails holds nobody up."""
    redis_server.cli("CONFIG", "SET", "stream-node-max-entries", "1")
    runs = list[object]()
    runtime = Runtime(redis_server.url, retry=QUICK, timeouts=SHORT)
    runtime.stream("s", retention=Retention(settled=True, interval_seconds=0.05))

    @runtime.handler("s", "g", block_ms=100, max_deliveries=1)
    async def handle(event: Event[object]) -> None:
        runs.append(event.payload)
        if event.payload == 1:
            raise ValueError("as planned")

    async with Runtime(redis_server.url, retry=QUICK, timeouts=SHORT) as publisher:
        await publisher.publish_many("s", [NewEvent("a", number) for number in range(20)])
    redis_server.cli("XGROUP", "CREATE", "s", "g", "0")
    redis_server.cli("CONFIG", "SET", "maxmemory", "1")
    async with runtime:
        with trio.fail_after(10):
            while redis_server.cli("XLEN", "s") > 1:
                await trio.sleep(0.01)
    assert sorted(map(str, runs)) == sorted(map(str, range(20)))
    assert redis_server.cli("XLEN", "{s}:dead:g") == 1


@pytest.mark.real_server_only("a server in this process has no users")
async def test_who_may_not_trim_is_told_once(redis_server: RedisServer) -> None:
    """And goes on: a stream that grows is no reason to end."""
    if redis_server.version < (6, 0, 0):
        pytest.skip("users came with Redis 6.0")
    redis_server.cli("ACL", "SETUSER", "app", "on", ">secret", "~*", "+@all", "-xtrim", "-xinfo")
    told = list[RuntimeEvent]()
    url = redis_server.url.replace("redis://", "redis://app:secret@")
    runtime = Runtime(url, retry=QUICK, timeouts=SHORT, observer=told.append)
    runtime.stream("s", retention=Retention(settled=True, interval_seconds=0.05))
    async with runtime:
        await runtime.publish("s", 1, event_type="a")
        with trio.fail_after(10):
            while not any(isinstance(event, NotRetained) for event in told):
                await trio.sleep(0.01)
    assert sum(isinstance(event, NotRetained) for event in told) == 1


def test_a_length_that_trims_at_once_and_a_retention_do_not_go_together() -> None:
    """Together or one after the other; which of the two is meant has to be said."""
    runtime = Runtime()
    with pytest.raises(ValueError, match="max_length trims what groups still need"):
        runtime.stream("s", max_length=5, retention=Retention(settled=True))
    runtime.stream("s", retention=Retention(settled=True))
    with pytest.raises(HandlerConflict, match="has retention"):
        runtime.stream("s", retention=Retention(max_length=5))
