"""A runtime on a Trio thread of its own, for programs that know nothing of Trio.

The thread is a daemon: a program that forgot to close still exits. It belongs to one object of the blocking face and to
the process that made it; after a fork the child has no such thread, and gets an error that says so.
"""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Awaitable, Callable
from typing import TypeVar, cast

import trio
from attrs import define, field

from ._errors import ForkedError, NotRunning
from ._runtime import Runtime

T = TypeVar("T")

START_SECONDS = 120.0
"""How long the start of the thread is waited for; the runtime itself gives up earlier when Redis is not there."""


@define
class _Outcome:
    """How the thread's life went: up, or failed with an error."""

    error: BaseException | None = None


@define(eq=False)
class Background:
    """Runs one runtime in a thread from the first use until `close`."""

    runtime: Runtime
    _pid: int = field(factory=os.getpid, init=False)
    _lock: threading.Lock = field(factory=threading.Lock, init=False)
    _thread: threading.Thread | None = field(default=None, init=False)
    _token: trio.lowlevel.TrioToken | None = field(default=None, init=False)
    _ended: threading.Event = field(factory=threading.Event, init=False)
    _error: BaseException | None = field(default=None, init=False)
    _closed: bool = field(default=False, init=False)

    def call(self, function: Callable[..., Awaitable[T]], *arguments: object) -> T:
        """Run an async function in the Trio thread, starting it if need be, and return what it returns."""
        token = self.start()
        try:
            return trio.from_thread.run(function, *arguments, trio_token=token)
        except trio.RunFinishedError as error:
            raise self._ended_error() from error

    def post(self, function: Callable[[], object]) -> None:
        """Have a plain function called in the Trio thread soon; nothing happens when that has ended."""
        token = self._token
        if token is not None:
            try:
                token.run_sync_soon(function)
            except trio.RunFinishedError:
                pass

    def start(self) -> trio.lowlevel.TrioToken:
        """Start the thread if it does not run yet; returns when the runtime is up.

        Raises:
            ForkedError: this object was made in another process.
            NotRunning: it was closed.
            Exception: whatever kept the runtime from starting, such as `ConnectFailed`.
        """
        self.check_process()
        with self._lock:
            if self._closed:
                raise NotRunning("this object is closed; make a new one")
            if self._token is None:
                self._token = self._start_thread()
            return self._token

    def check_process(self) -> None:
        """Raise `ForkedError` in a process that is not the one that made this object."""
        if os.getpid() != self._pid:
            raise ForkedError(
                f"made in process {self._pid} and used in its fork {os.getpid()}: connections and threads do not "
                "survive a fork; make a new one in the child"
            )

    def _start_thread(self) -> trio.lowlevel.TrioToken:
        up: queue.SimpleQueue[trio.lowlevel.TrioToken | BaseException] = queue.SimpleQueue()
        self._ended.clear()
        self._thread = threading.Thread(target=self._main, args=(up,), name="redis-streams", daemon=True)
        self._thread.start()
        outcome = up.get(timeout=START_SECONDS)
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    def _main(self, up: queue.SimpleQueue[trio.lowlevel.TrioToken | BaseException]) -> None:
        async def run() -> None:
            async with trio.open_nursery() as nursery:
                await nursery.start(self.runtime.run)
                up.put(trio.lowlevel.current_trio_token())

        try:
            trio.run(run, restrict_keyboard_interrupt_to_checkpoints=True)
        except BaseException as error:  # noqa: BLE001 - it is raised in the thread of whoever waits
            self._error = _single(error)
            up.put(self._error)
        finally:
            self._ended.set()

    def _ended_error(self) -> BaseException:
        """Why the thread is not there any more."""
        if self._error is not None:
            return self._error
        return NotRunning("this object is closed; make a new one")

    @property
    def ended(self) -> bool:
        """Whether the thread has come to its end."""
        return self._ended.is_set()

    def close(self, timeout_seconds: float | None = None) -> None:
        """Drain, stop, and wait for the thread to end. Closing twice is fine; so is closing in a forked child."""
        if os.getpid() != self._pid:
            return
        self.begin_close()
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout_seconds)

    def begin_close(self) -> None:
        """Begin to drain, and do not wait."""
        self._closed = True
        self.post(self.runtime.stop)


def _single(error: BaseException) -> BaseException:
    inner = error
    while hasattr(inner, "exceptions") and len(cast("list[BaseException]", inner.exceptions)) == 1:
        inner = cast("list[BaseException]", inner.exceptions)[0]
    return inner
