"""A runtime that is stopped before it is up."""

from __future__ import annotations

import pytest
import trio
from redis_streams import NotRunning, Retry, Runtime
from trio.testing import wait_all_tasks_blocked


async def _stop_while_it_starts(runtime: Runtime) -> None:
    await wait_all_tasks_blocked()
    runtime.stop()


@pytest.mark.parametrize("block", [True, False])
async def test_a_stop_while_it_starts_is_told_to_whoever_waits_for_it(*, block: bool) -> None:
    """In words about the runtime; it was an error of Trio's about a child and its status."""
    runtime = Runtime("redis://127.0.0.1:1", retry=Retry(None, 60.0, 60.0), observer=lambda _event: None)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_stop_while_it_starts, runtime)
        with pytest.raises(NotRunning, match="stopped before it was up"):
            if block:
                async with runtime:
                    pass
            else:
                await nursery.start(runtime.run)


async def test_a_stop_while_it_starts_ends_a_run_that_nobody_waits_for() -> None:
    """As `serve` does at a signal: that is no error."""
    runtime = Runtime("redis://127.0.0.1:1", retry=Retry(None, 60.0, 60.0), observer=lambda _event: None)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_stop_while_it_starts, runtime)
        await runtime.run()
