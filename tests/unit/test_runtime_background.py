"""The thread of the blocking face: what is called in it, and when."""

from __future__ import annotations

import threading
from typing import cast

import trio
from redis_streams import Runtime
from redis_streams.runtime._background import Background


class SlowStart:
    """Runs like a runtime, but is up only when somebody says so."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.may_be_up = threading.Event()
        self.stopping: trio.Event | None = None

    async def run(self, *, task_status: trio.TaskStatus[None]) -> None:
        """Start, and wait for the stop."""
        self.stopping = trio.Event()
        self.begun.set()
        await trio.to_thread.run_sync(self.may_be_up.wait)
        task_status.started()
        await self.stopping.wait()

    def stop(self) -> None:
        """End `run`."""
        if self.stopping is not None:
            self.stopping.set()


def test_what_is_called_while_the_thread_starts_runs_in_it() -> None:
    """Its actors are there already, and no other thread may touch them."""
    runtime, called_in = SlowStart(), list[threading.Thread]()
    background = Background(cast("Runtime", runtime))

    def note() -> None:
        called_in.append(threading.current_thread())
        trio.current_time()  # raises elsewhere

    starter = threading.Thread(target=background.start)
    starter.start()
    runtime.begun.wait()
    caller = threading.Thread(target=background.call_plainly, args=(note,))
    caller.start()
    runtime.may_be_up.set()
    for thread in (starter, caller):
        thread.join()
    background.close()
    [thread] = called_in
    assert thread.name == "redis-streams"


def test_what_is_called_before_the_thread_starts_runs_where_it_is_called() -> None:
    """There is nothing yet that another thread could be at."""
    called_in = list[threading.Thread]()
    Background(cast("Runtime", SlowStart())).call_plainly(lambda: called_in.append(threading.current_thread()))
    assert called_in == [threading.current_thread()]
