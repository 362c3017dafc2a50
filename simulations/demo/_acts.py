"""The acts: what happens in the demo, one after the other, while orders come in all the time.

A real server shows what needs processes, a simulated one what needs power over the server.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

import trio

from ._shop import GROUP, WORKER
from ._stage import Act, Stage

if TYPE_CHECKING:
    from ..server import InProcessServer

HANG_SECONDS: Final = 1.5
DOWN_SECONDS: Final = 0.3
LOADING_SECONDS: Final = 0.3
HOLDS_SECONDS_MAX: Final = 1.0
"""It may just hold nothing, or not have begun yet; then it is ended empty-handed."""


async def _nothing(_stage: Stage) -> None:
    """Orders come in by themselves."""


async def _crash_actor(stage: Stage) -> None:
    stage.dial.break_next = True


async def _cut_connections(stage: Stage) -> None:
    connection = await stage.runtime.client.open()
    try:
        killed = cast("int", await connection.call("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"))
    finally:
        await connection.aclose()
    stage.story.note(f"{killed} connections were cut", "yellow")


async def _kill_worker(stage: Stage) -> None:
    with trio.move_on_after(HOLDS_SECONDS_MAX):
        while True:
            if await _worker_holds(stage):
                break
            await trio.sleep(0.001)
    stage.kill_worker()


async def _worker_holds(stage: Stage) -> bool:
    """Whether the third consumer has entries in its hands."""
    consumers = await stage.runtime.client.xinfo_consumers(stage.stream, GROUP)
    return any(consumer.pending for consumer in consumers if consumer.name.startswith(WORKER))


async def _destroy_group(stage: Stage) -> None:
    await stage.runtime.client.xgroup_destroy(stage.stream, GROUP)


async def _hang(stage: Stage) -> None:
    server = _server(stage)
    server.pause()
    await trio.sleep(HANG_SECONDS)
    server.resume()
    stage.story.note("the server goes on", "yellow")


async def _crash_server(stage: Stage) -> None:
    server = _server(stage)
    destroyed = server.kill()
    await trio.sleep(DOWN_SECONDS)
    server.restart(loading_ms=LOADING_SECONDS * 1000)
    gone = f"{len(destroyed.entries)} entries and {len(destroyed.acknowledgements)} acknowledgements"
    stage.story.note(f"the server loads its append-only file; the crash destroyed {gone}", "yellow")


def _server(stage: Stage) -> InProcessServer:
    if stage.ground.server is None:
        raise ValueError("this act needs a simulated server")
    return stage.ground.server


ON_A_REAL_SERVER: Final = (
    Act("orders come in", "two consumers here and one in a second process bill them", _nothing),
    Act("an actor crashes", "a bug crashes one of the consumer actors while it holds entries", _crash_actor),
    Act("connections are cut", "every connection to Redis is cut", _cut_connections),
    Act("a process is killed", "the second process is killed (SIGKILL) with entries in its hands", _kill_worker),
)

ON_MEMORY: Final = (
    Act("orders", "two consumers and a third one with a runtime of its own bill them", _nothing),
    Act("an actor crashes", "a bug crashes one of the consumer actors while it holds entries", _crash_actor),
    Act("connections cut", "every connection to Redis is cut", _cut_connections),
    Act("consumer vanishes", "the third consumer loses its network for good, with entries in its hands", _kill_worker),
    Act("group destroyed", "somebody destroys the consumer group: who read how far is gone", _destroy_group),
    Act("server hangs", f"the server hangs for {HANG_SECONDS:g} s: connections stay open, nobody answers", _hang),
    Act("server crashes", "the server crashes, and comes back with its append-only file", _crash_server),
)
