"""Groups that are gone, and streams that went back: what becomes of them, and what is told."""

from __future__ import annotations

import math
from collections.abc import Callable
from random import Random

import pytest
import trio
from redis_streams import (
    EntryId,
    Event,
    GroupLost,
    GroupRecreated,
    GroupWentBack,
    NewEvent,
    Reclaim,
    Runtime,
    RuntimeEvent,
    StreamWentBack,
)
from redis_streams.actors import (
    Child,
    ChildCrashed,
    Gate,
    GroupSettings,
    GroupStatus,
    Heal,
    Mailbox,
    MemoryCheckpoint,
    Observer,
    Supervisor,
    checkpoint_key,
    retries_key,
    run_root,
)
from redis_streams.actors._group import Seen, group_actor
from redis_streams.simulations.real import RedisServer
from redis_streams.wire import Client, OnGroupLost, StreamInfo, load
from support.load import QUICK, SHORT, wait_settled
from support.lossy import LossyDial
from support.servers import ServerFactory, restart
from typing_extensions import override

pytestmark = [pytest.mark.real_time, pytest.mark.filterwarnings("error")]

STREAM, GROUP = "orders", "billing"


def handling(server: RedisServer, handled: list[object], observer: Observer, on_group_lost: str) -> Runtime:
    """A runtime whose handler notes what it gets."""
    runtime = Runtime(server.url, retry=QUICK, timeouts=SHORT, observer=observer)

    @runtime.handler(STREAM, GROUP, block_ms=50, on_group_lost=on_group_lost, reclaim=Reclaim(interval_ms=50))
    async def handle(event: Event[object]) -> None:
        handled.append(event.payload)

    return runtime


async def wait_for(condition: Callable[[], bool]) -> None:
    """Wait for it, for ten seconds at most."""
    with trio.fail_after(10):
        while not condition():
            await trio.sleep(0.01)


@pytest.mark.also_on_memory
async def test_a_lost_group_is_replayed_where_that_is_asked_for(redis_server: RedisServer) -> None:
    """All that is in the stream comes again; and where it begins is told."""
    handled, told = list[object](), list[RuntimeEvent]()
    runtime = handling(redis_server, handled, told.append, "replay")
    async with runtime:
        await runtime.publish_many(STREAM, [NewEvent("a", number) for number in range(5)])
        await wait_for(lambda: len(handled) == 5)
        await wait_settled(redis_server)
        redis_server.cli("XGROUP", "DESTROY", STREAM, GROUP)
        await wait_for(lambda: len(handled) == 10)
    assert handled == [0, 1, 2, 3, 4] * 2
    [event] = [event for event in told if isinstance(event, GroupRecreated)]
    assert event.resumed_at == EntryId(0, 0)


@pytest.mark.also_on_memory
async def test_a_lost_group_ends_the_runtime_where_that_is_asked_for(redis_server: RedisServer) -> None:
    """At once, with the checkpoint in the error; and again at each start, until somebody has made the group."""
    handled = list[object]()

    def no_observer(_event: RuntimeEvent) -> None: ...

    with pytest.raises(GroupLost) as caught:
        async with handling(redis_server, handled, no_observer, "fail") as runtime:
            last = await runtime.publish(STREAM, 1, event_type="a")
            await wait_for(lambda: len(handled) == 1)
            await wait_settled(redis_server)
            redis_server.cli("XGROUP", "DESTROY", STREAM, GROUP)
            await runtime.wait_stopped()
            await trio.sleep(10)
    assert caught.value.checkpoint == last
    with pytest.raises(GroupLost, match=f"XGROUP CREATE {STREAM} {GROUP} {last}"):
        await handling(redis_server, handled, no_observer, "fail").run()
    redis_server.cli("XGROUP", "CREATE", STREAM, GROUP, str(last))
    async with handling(redis_server, handled, no_observer, "fail") as runtime:
        await runtime.publish(STREAM, 2, event_type="a")
        await wait_for(lambda: len(handled) == 2)
    assert handled == [1, 2]


@pytest.mark.parametrize("kept", [True, False], ids=["in Redis", "in memory"])
async def test_a_group_whose_making_was_not_heard_of_is_told_once(redis_server: RedisServer, kept: bool) -> None:  # noqa: FBT001
    """It broke: the next try found it there. Nobody heard that anything was lost, and its retries stayed."""
    script, told, dialled = load("ensure_group"), list[RuntimeEvent](), LossyDial(load("ensure_group").sha.encode())
    redis_server.cli("SCRIPT", "LOAD", script.source)
    redis_server.cli("XADD", STREAM, "3-0", "a", "b")
    redis_server.cli("ZADD", retries_key(STREAM, GROUP), "1e15", "3-0")
    if kept:
        redis_server.cli("HSET", checkpoint_key(STREAM, GROUP), "id", "9-0")
    memory = None if kept else MemoryCheckpoint(EntryId(9, 0))
    client = Client(redis_server.url, rng=Random(1), retry=QUICK, timeouts=SHORT, dial=dialled)
    settings = GroupSettings(STREAM, GROUP, retry=QUICK, memory=memory)
    actor = group_actor(settings, client, Mailbox[Heal]("heal", 1), Random(1), Gate(), Seen())
    root = Supervisor([Child("group", actor, start_timeout_seconds=10)], rng=Random(1), observer=told.append)
    async with trio.open_nursery() as nursery:
        await nursery.start(client.run)
        await nursery.start(run_root, root)
        nursery.cancel_scope.cancel()
    assert dialled.lost == 1
    [event] = [event for event in told if isinstance(event, GroupRecreated)]
    assert event.resumed_at == EntryId(0, 0)
    assert redis_server.cli("EXISTS", retries_key(STREAM, GROUP)) == 0
    assert memory is None or memory.watermark == EntryId(0, 0)


class CrashesAsAllIsLost(Client):
    """At the first look everything is deleted, somebody publishes, and the actor that looks has a bug."""

    looks = 0

    @override
    async def xinfo_stream(self, stream: str) -> StreamInfo:
        self.looks += 1
        if self.looks == 1:
            await self.call("FLUSHALL")
            await self.call("XADD", stream, "7-0", "a", "b")
            raise ValueError("a bug")
        return await super().xinfo_stream(stream)


@pytest.mark.also_on_memory
@pytest.mark.parametrize("on_group_lost", ["resume_at_checkpoint", "fail"])
async def test_a_crash_forgets_not_that_the_group_was_there(
    redis_server: RedisServer, on_group_lost: OnGroupLost
) -> None:
    """It broke: lost while its actor crashed, the group was taken for new, and began behind an event."""
    told = list[RuntimeEvent]()
    client = CrashesAsAllIsLost(redis_server.url, rng=Random(1), retry=QUICK, timeouts=SHORT)
    settings = GroupSettings(STREAM, GROUP, start="$", on_group_lost=on_group_lost, watch_seconds=0.02, retry=QUICK)
    actor = group_actor(settings, client, Mailbox[Heal]("heal", 1), Random(1), Gate(), Seen())
    root = Supervisor([Child("group", actor, start_timeout_seconds=math.inf)], rng=Random(1), observer=told.append)

    def lost() -> bool:
        return any(isinstance(event, ChildCrashed) and isinstance(event.error, GroupLost) for event in told)

    async with trio.open_nursery() as nursery:
        await nursery.start(client.run)
        await nursery.start(run_root, root)
        await wait_for(lambda: client.looks > 1 or lost())
        nursery.cancel_scope.cancel()
    recreated = [event.resumed_at for event in told if isinstance(event, GroupRecreated)]
    assert (lost(), recreated) == ((True, []) if on_group_lost == "fail" else (False, [EntryId(0, 0)]))


async def test_what_went_back_is_told(redis_server_factory: ServerFactory) -> None:
    """A server that comes back with an older snapshot: how many entries it lost, and from where it delivers again."""
    server, told = redis_server_factory(), list[RuntimeEvent]()
    client = Client(server.url, rng=Random(1), retry=QUICK, timeouts=SHORT)
    settings = GroupSettings(STREAM, GROUP, watch_seconds=0.02, retry=QUICK)
    actor = group_actor(settings, client, Mailbox[Heal]("heal", 1), Random(1), Gate(), Seen())
    root = Supervisor([Child("group", actor, start_timeout_seconds=math.inf)], rng=Random(1), observer=told.append)

    async def seen(last_delivered: int, lag: int) -> None:
        there = EntryId(last_delivered, 0), lag
        await wait_for(
            lambda: isinstance(s := root.children()[0].status, GroupStatus) and there == (s.last_delivered_id, s.lag)
        )

    async def add_and_read(first: int, last: int) -> None:
        for number in range(first, last + 1):
            server.cli("XADD", STREAM, f"{number}-0", "a", "b")
        await seen(first - 1, last - first + 1)
        server.cli("XREADGROUP", "GROUP", GROUP, "c", "STREAMS", STREAM, ">")
        await seen(last, 0)

    async with trio.open_nursery() as nursery:
        await nursery.start(client.run)
        await nursery.start(run_root, root)
        await add_and_read(1, 3)
        server.cli("SAVE")
        await add_and_read(4, 8)
        server.kill()
        await restart(server)
        await seen(3, 0)
        nursery.cancel_scope.cancel()
    [stream] = [event for event in told if isinstance(event, StreamWentBack)]
    assert (stream.was, stream.last_id, stream.lost) == (EntryId(8, 0), EntryId(3, 0), 5)
    [group] = [event for event in told if isinstance(event, GroupWentBack)]
    assert (group.was, group.last_delivered_id) == (EntryId(8, 0), EntryId(3, 0))
