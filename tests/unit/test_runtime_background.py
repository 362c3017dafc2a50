"""The thread of the blocking face: what is called in it, and when."""

from __future__ import annotations

import gc
import os
import signal
import threading
from typing import cast

import pytest
import trio
from redis_streams import ConnectFailed, NotRunning, RedisConnection, Runtime, StreamProducer
from redis_streams.runtime._background import Background
from redis_streams.simulations.server.in_process import InProcessServer, put_in_process_server

SECONDS = 20.0


class SlowStart:
    """Runs like a runtime, but is up only when somebody says so."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.may_be_up = threading.Event()
        self.stopping: trio.Event | None = None
        self.runs = 0

    async def run(self, *, task_status: trio.TaskStatus[None]) -> None:
        """Start, and wait for the stop."""
        self.stopping = trio.Event()
        self.runs += 1
        self.begun.set()
        await trio.to_thread.run_sync(self.may_be_up.wait, abandon_on_cancel=True)
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


def test_where_no_thread_can_be_had_it_is_told_and_the_next_use_tries_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """It broke: the second use waited for ever for a thread that had never begun."""
    runtime = SlowStart()
    runtime.may_be_up.set()
    background = Background(cast("Runtime", runtime))

    def refuse(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        for _ in range(2):
            with pytest.raises(RuntimeError, match="can't start new thread"):
                background.start()
    background.start()
    assert ends(background)


def press_ctrl_c_when(begun: threading.Event) -> None:
    """As a terminal does, once something has begun."""
    threading.Thread(target=lambda: (begun.wait(), os.kill(os.getpid(), signal.SIGINT))).start()


def ends(background: Background) -> bool:
    """Whether `close` returns, and the thread is gone then."""
    closer = threading.Thread(target=background.close, daemon=True)
    closer.start()
    closer.join(SECONDS)
    return not closer.is_alive() and background.over


def test_a_close_while_the_thread_starts_ends_the_start() -> None:
    """It was lost: the thread ran for ever, and whoever closed it waited as long."""
    runtime, told = SlowStart(), list[NotRunning]()
    background = Background(cast("Runtime", runtime))

    def start() -> None:
        try:
            background.start()
        except NotRunning as error:
            told.append(error)

    starter = threading.Thread(target=start, daemon=True)
    starter.start()
    runtime.begun.wait()
    assert ends(background)
    runtime.may_be_up.set()
    starter.join(SECONDS)
    assert [str(error) for error in told] == ["this object is closed; make a new one"]


def test_a_close_after_ctrl_c_in_the_start_ends_the_thread() -> None:
    """Ctrl-C ends the wait for it only."""
    runtime = SlowStart()
    background = Background(cast("Runtime", runtime))
    press_ctrl_c_when(runtime.begun)
    with pytest.raises(KeyboardInterrupt):
        background.start()
    assert ends(background)
    runtime.may_be_up.set()


def test_a_close_from_a_signal_handler_ends_the_start_that_it_interrupts() -> None:
    """The handler waits for the thread, on the thread that waits for the start."""
    runtime = SlowStart()
    background = Background(cast("Runtime", runtime))
    before = signal.signal(signal.SIGINT, lambda *_: background.close())
    press_ctrl_c_when(runtime.begun)
    try:
        with pytest.raises(NotRunning, match="closed"):
            background.start()
    finally:
        signal.signal(signal.SIGINT, before)
    assert background.over
    runtime.may_be_up.set()


def test_a_use_after_ctrl_c_in_the_start_waits_for_the_same_thread() -> None:
    """A second thread found the runtime running, and failed."""
    runtime = SlowStart()
    background = Background(cast("Runtime", runtime))
    press_ctrl_c_when(runtime.begun)
    with pytest.raises(KeyboardInterrupt):
        background.start()
    runtime.may_be_up.set()
    background.start()
    background.close()
    assert runtime.runs == 1


def test_a_start_that_failed_is_tried_again_and_forgotten() -> None:
    """What the first one failed with is not what the second one ended with."""

    class AtSecondTry(SlowStart):
        async def run(self, *, task_status: trio.TaskStatus[None]) -> None:
            if not self.runs:
                self.runs += 1
                raise ConnectFailed("not yet")
            await super().run(task_status=task_status)

    runtime = AtSecondTry()
    runtime.may_be_up.set()
    background = Background(cast("Runtime", runtime))
    with pytest.raises(ConnectFailed, match="not yet"):
        background.start()
    background.start()
    background.close()
    background.raise_error()
    assert runtime.runs == 2


def test_a_producer_that_is_forgotten_ends_its_thread_and_tells(recwarn: pytest.WarningsRecorder) -> None:
    """It broke: each kept a thread and a connection, as long as the program ran, in silence."""
    put_in_process_server("forgotten", InProcessServer("7.0"))
    before = set(threading.enumerate())
    StreamProducer("memory://forgotten", "s").publish("t", 1)
    gc.collect()
    for thread in set(threading.enumerate()) - before:
        thread.join(SECONDS)
    assert set(threading.enumerate()) <= before
    [warning] = recwarn
    assert warning.category is ResourceWarning
    assert "memory://forgotten/0, or the producer or manager that has it, was forgotten" in str(warning.message)


@pytest.mark.parametrize("used", [True, False])
def test_who_has_nothing_to_close_or_has_closed_hears_nothing(*, used: bool, recwarn: pytest.WarningsRecorder) -> None:
    put_in_process_server("closed", InProcessServer("7.0"))
    connection = RedisConnection("memory://closed")
    if used:
        with connection:
            assert connection.ping()
    del connection
    gc.collect()
    assert not list(recwarn)
