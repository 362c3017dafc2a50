"""Health on a real server: it follows the work, whatever connections say."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import trio
from redis_streams import Event, Runtime
from redis_streams.simulations.real import RedisServer
from support.load import quick_runtime

pytestmark = [pytest.mark.real_time, pytest.mark.filterwarnings("error")]

PATIENCE = 0.3


async def until(condition: Callable[[], bool]) -> None:
    """Wait for it, for ten seconds at most."""
    with trio.fail_after(10):
        while not condition():
            await trio.sleep(0.01)


def handling(server: RedisServer, stuck: trio.Event) -> Runtime:
    """A runtime whose handler is stuck until somebody says that it is not."""
    runtime = quick_runtime(server)

    @runtime.handler("s", "g", block_ms=50, concurrency=1, prefetch=1)
    async def handle(_event: Event[object]) -> None:
        await stuck.wait()

    return runtime


async def test_health_follows_the_work(redis_server: RedisServer) -> None:
    """A handler that is stuck in a process whose connections all answer is a problem; one that went on is none."""
    stuck = trio.Event()
    runtime = handling(redis_server, stuck)
    assert not runtime.health().ok
    async with runtime:
        assert runtime.health(PATIENCE).ok
        await runtime.publish("s", 1, event_type="a")
        await until(lambda: not runtime.health(PATIENCE).ok)
        [problem] = runtime.health(PATIENCE).problems
        assert "consumer-0 is overdue" in problem
        assert "holds 1 entries" in problem
        assert await runtime.redis.ping()
        stuck.set()
        await until(lambda: runtime.health(PATIENCE).ok)


async def test_a_server_that_hangs_is_a_problem_until_it_goes_on(redis_server: RedisServer) -> None:
    """With nothing to do but read."""
    runtime = handling(redis_server, trio.Event())
    async with runtime:
        await until(lambda: runtime.health(PATIENCE).ok)
        redis_server.pause()
        await until(lambda: not runtime.health(PATIENCE).ok)
        redis_server.resume()
        await until(lambda: runtime.health(PATIENCE).ok)
