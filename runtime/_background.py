"""A runtime on a Trio thread of its own, for programs that know nothing of Trio.

The thread is a daemon: a program that forgot to close still exits. It belongs to one object of the blocking face and to
the process that made it; after a fork the child has no such thread, and gets an error that says so.
"""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TypeVar

import trio
from attrs import define, field

from ._errors import ForkedError, NotRunning
from ._runtime import Runtime
from ._unwrap import unwrapped

T = TypeVar("T")

_Up = queue.SimpleQueue[trio.lowlevel.TrioToken | BaseException]


def _nothing() -> None:
    """Nobody wants to know."""


@define(eq=False)
class Background:
    """Runs one runtime in a thread, from the first use until `close`.

    Attributes:
        runtime: what runs there.
        on_end: called, in that thread, when it is over.
    """

    runtime: Runtime
    on_end: Callable[[], None] = _nothing
    _pid: int = field(factory=os.getpid, init=False)
    _lock: threading.Lock = field(factory=threading.Lock, init=False)
    _thread: threading.Thread | None = field(default=None, init=False)
    _token: trio.lowlevel.TrioToken | None = field(default=None, init=False)
    _error: BaseException | None = field(default=None, init=False)
    _closed: bool = field(default=False, init=False)

    def call(self, function: Callable[[], Awaitable[T]]) -> T:
        """Run an async function in the Trio thread, which is started if need be, and return what it returns."""
        token = self.start()
        try:
            return trio.from_thread.run(function, trio_token=token)
        except (trio.RunFinishedError, trio.Cancelled) as error:
            raise self._error or _closed() from error

    def call_plainly(self, function: Callable[[], None]) -> None:
        """Call a plain function in the Trio thread if it runs, else here; returns when it has returned."""
        if self._thread is not threading.current_thread():
            with self._lock:  # A thread that is about to start has actors already, which are nobody else's business.
                token = self._token
            if token is not None:
                with suppress(trio.RunFinishedError):
                    trio.from_thread.run_sync(function, trio_token=token)
                    return
        function()

    def post(self, function: Callable[[], object]) -> None:
        """Have a plain function called in the Trio thread soon; nothing happens when that has ended."""
        if self._token is not None:
            with suppress(trio.RunFinishedError):
                self._token.run_sync_soon(function)

    def start(self) -> trio.lowlevel.TrioToken:
        """Start the thread if it does not run yet; returns when the runtime is up.

        Raises:
            ForkedError: this object was made in another process.
            NotRunning: it was closed.
            Exception: whatever kept the runtime from starting, such as `ConnectFailed`; the next use tries again.
        """
        self.check_process()
        with self._lock:
            if self._closed:
                raise _closed()
            if self._token is None:
                self._token = self._start_thread()
            return self._token

    def check_process(self) -> None:
        """Raise `ForkedError` in a process that is not the one that made this object."""
        if os.getpid() != self._pid:
            raise ForkedError(
                f"this object was made in process {self._pid} and is used in its fork {os.getpid()}: threads and "
                "connections do not survive a fork; make a new one in the child"
            )

    def raise_error(self) -> None:
        """Raise what the runtime ended with, if it ended with an error."""
        if self._error is not None:
            raise self._error

    @property
    def over(self) -> bool:
        """Whether the thread has come to its end, or never began."""
        return self._thread is None or not self._thread.is_alive()

    def begin_close(self) -> None:
        """Begin to drain, and do not wait."""
        self._closed = True
        self.post(self.runtime.stop)

    def close(self) -> None:
        """Drain, stop, and wait for the thread to end. Closing twice is fine; in a forked child nothing happens."""
        if os.getpid() != self._pid:
            return
        self.begin_close()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join()

    def _start_thread(self) -> trio.lowlevel.TrioToken:
        up: _Up = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._main, args=(up,), name="redis-streams", daemon=True)
        self._thread.start()
        outcome = up.get()
        if isinstance(outcome, BaseException):
            self._thread.join()
            raise outcome
        return outcome

    def _main(self, up: _Up) -> None:
        async def run() -> None:
            with unwrapped():
                async with trio.open_nursery() as nursery:
                    await nursery.start(self.runtime.run)
                    up.put(trio.lowlevel.current_trio_token())

        try:
            trio.run(run)
        except BaseException as error:  # noqa: BLE001 - raised in the thread of whoever waits for this one
            self._error = error
            up.put(error)
        finally:
            self.on_end()


def _closed() -> NotRunning:
    return NotRunning("this object is closed; make a new one")
