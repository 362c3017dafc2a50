"""Faults of the server and of the network under load: nothing that was published and acknowledged is lost."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
import trio
from redis_streams import GroupRecreated, Runtime, RuntimeEvent, log_event
from redis_streams.simulations.real import RedisServer
from support.load import GROUP, QUICK, SHORT, STREAM, Load, check_log, quick_runtime, wait_settled
from support.servers import ServerFactory, restart

pytestmark = [pytest.mark.also_on_memory, pytest.mark.real_time]

Fault = Callable[[], Awaitable[None]]


async def run_through(server: RedisServer, fault: Fault, *, events: int = 300, **options: object) -> Load:
    """Two publishers, two consuming runtimes, and a fault in the middle; ends when all is handled and settled."""
    load = Load()
    with trio.fail_after(40):
        first, second = quick_runtime(server), quick_runtime(server)
        load.add_handler(first, consumer="first", consumers=2, **options)
        load.add_handler(second, consumer="second", **options)
        async with first, second:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(lambda: load.publish(first, events, name="a"))
                nursery.start_soon(lambda: load.publish(second, events, name="b"))
                await trio.sleep(0.2)
                await fault()
            await load.wait_handled()
            await wait_settled(server)
    assert load.acknowledged
    return load


async def test_a_killed_server_that_comes_back(
    redis_server_factory: ServerFactory, caplog: pytest.LogCaptureFixture
) -> None:
    """SIGKILL and restart, with an append-only file that is synced on every write."""
    server = redis_server_factory(appendonly="always")

    async def fault() -> None:
        for _ in range(2):
            server.kill()
            await trio.sleep(0.1)
            await restart(server)
            await trio.sleep(0.3)

    load = await run_through(server, fault)
    check_log(caplog)
    assert len(load.doubtful) < 30


async def test_a_killed_server_of_any_version(
    any_redis_server: RedisServer, redis_server_factory: ServerFactory, caplog: pytest.LogCaptureFixture
) -> None:
    """The same path is safe from 5.0 to 8.6."""
    server = redis_server_factory(any_redis_server.binary, appendonly="always")

    async def fault() -> None:
        server.kill()
        await restart(server)

    await run_through(server, fault, events=100)
    check_log(caplog)


async def test_every_connection_is_killed_again_and_again(
    redis_server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    """Reads that were cut short may have delivered: what they delivered is found."""

    async def fault() -> None:
        for _ in range(5):
            redis_server.cli("CLIENT", "KILL", "TYPE", "normal")
            await trio.sleep(0.1)

    await run_through(redis_server, fault)
    check_log(caplog, most=80)


async def test_a_destroyed_group_is_created_again_at_its_checkpoint(
    any_redis_server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    """Under load, twice; said in a typed event each time."""

    async def fault() -> None:
        for _ in range(2):
            any_redis_server.cli("XGROUP", "DESTROY", STREAM, GROUP)
            await trio.sleep(1.3)

    await run_through(any_redis_server, fault)
    check_log(caplog)
    assert "resumes at its checkpoint" in caplog.text


@pytest.mark.parametrize("command", [("FLUSHALL",), ("DEL", STREAM)], ids=["flushall", "del"])
async def test_a_stream_that_is_destroyed_loses_only_what_was_in_it(
    command: tuple[str, ...], redis_server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    """What was unread at that moment the server destroyed itself; everything after it is handled."""
    load = Load()
    destroyed: set[str] = set()
    told: list[RuntimeEvent] = []

    def observe(event: RuntimeEvent) -> None:
        told.append(event)
        log_event(event)

    with trio.fail_after(40):
        runtime = quick_runtime(redis_server)
        load.add_handler(runtime, consumer="only")
        async with runtime:
            await load.publish(runtime, 50, name="before")
            await load.wait_handled()
            async with trio.open_nursery() as nursery:
                nursery.start_soon(lambda: load.publish(runtime, 200, name="during"))
                await trio.sleep(0.1)
                # Published before this moment and not handled yet: whatever of it was still unread is gone.
                redis_server.cli(*command)
                destroyed |= load.missing()
            assert len(load.acknowledged) > 150 + len(destroyed)
            await load.wait_handled(destroyed=lambda: destroyed)
            await wait_settled(redis_server)
    check_log(caplog)
    assert len(destroyed) < 40
    assert "begins again" in caplog.text


async def test_a_server_that_hangs_for_longer_than_any_limit(
    redis_server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    """A half-open link is a failure, not a wait."""

    async def fault() -> None:
        redis_server.pause()
        await trio.sleep(SHORT.reply_seconds * 2.5)
        redis_server.resume()

    await run_through(redis_server, fault)
    check_log(caplog)


async def test_two_consumers_of_the_same_name_lose_nothing(
    redis_server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    """A mistake that people make: it may cost duplicates, it must not cost events."""
    load = Load()
    with trio.fail_after(40):
        first, second = quick_runtime(redis_server), quick_runtime(redis_server)
        load.add_handler(first, consumer="same")
        load.add_handler(second, consumer="same")
        async with first:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(lambda: load.publish(first, 300))
                await trio.sleep(0.1)
                async with second:
                    await trio.sleep(0.3)
                async with quick_runtime(redis_server):
                    await trio.sleep(0.1)
            await load.wait_handled()
            await wait_settled(redis_server)
    check_log(caplog)


async def test_a_group_that_is_recreated_is_told_as_an_event(redis_server: RedisServer) -> None:
    """With the id after which it resumes."""
    load, told = Load(), list[RuntimeEvent]()
    with trio.fail_after(20):
        runtime = Runtime(redis_server.url, retry=QUICK, timeouts=SHORT, observer=told.append)
        load.add_handler(runtime)
        async with runtime:
            await load.publish(runtime, 10)
            await load.wait_handled()
            await wait_settled(redis_server)
            redis_server.cli("XGROUP", "DESTROY", STREAM, GROUP)
            await load.publish(runtime, 10, name="q")
            await load.wait_handled()
    [event] = [event for event in told if isinstance(event, GroupRecreated)]
    assert (event.stream, event.group) == (STREAM, GROUP)
    assert event.resumed_at.ms > 0
    assert set(load.runs.values()) == {1}
