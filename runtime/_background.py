"""A runtime on a Trio thread of its own, for programs that know nothing of Trio.

The thread is a daemon: a program that forgot to close still exits. It belongs to one object of the blocking face and to
the process that made it; after a fork the child has no such thread, and gets an error that says so.

A close may come at any time, from any thread and from signal handlers, also while the thread starts, which takes as
long as Redis is away. So whoever closes notes it, and then posts to the thread; and the thread first can be posted to,
and then looks whether a close was noted. One of the two sees the other.
"""

from __future__ import annotations

import os
import threading
import warnings
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from contextlib import suppress
from typing import TypeVar

import trio
from attrs import define, field

from ._errors import ForkedError, NotRunning
from ._runtime import Runtime
from ._unwrap import unwrapped

T = TypeVar("T")

_Up = Future[trio.lowlevel.TrioToken]
"""Where the thread can be called once its runtime is up, or why it never was."""


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
    starting: threading.RLock = field(factory=threading.RLock, init=False)
    """Held while a thread is started, but not while it comes up, and while what it will run is changed in another one.
    Signal handlers may find it held by their thread."""
    _thread: threading.Thread | None = field(default=None, init=False)
    _token: trio.lowlevel.TrioToken | None = field(default=None, init=False)
    """Where the thread can be posted to, from its very beginning."""
    _stop: Callable[[], None] = field(default=_nothing, init=False)
    """To be called there: ends the start, or drains what is up."""
    _up: _Up | None = field(default=None, init=False)
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
        """Call a plain function in the Trio thread if it runs, else here; returns when it has returned.

        Raises:
            ForkedError: this object was made in another process.
        """
        self.check_process()
        if self._thread is not threading.current_thread():
            with self.starting:
                up = self._up
                if up is None:
                    function()
                    return
            # A thread that is about to start has actors already, which are nobody else's business: wait for it.
            if up.exception() is None:
                with suppress(trio.RunFinishedError):
                    trio.from_thread.run_sync(function, trio_token=up.result())
                    return
        function()

    def post(self, function: Callable[[], object]) -> None:
        """Have a plain function called in the Trio thread soon, if it runs in this process."""
        # A forked child has a copy of the token, and what it posts through that only wakes the thread of its parent.
        if self._token is not None and not self.forked:
            with suppress(trio.RunFinishedError):
                self._token.run_sync_soon(function)

    def start(self) -> trio.lowlevel.TrioToken:
        """Start the thread if it does not run yet; returns when the runtime is up.

        Ctrl-C ends the wait alone: the next use waits for the same thread.

        Raises:
            ForkedError: this object was made in another process.
            NotRunning: it was closed, before or meanwhile.
            Exception: whatever kept the runtime from starting, such as `ConnectFailed`; the next use tries again.
        """
        self.check_open()
        with self.starting:
            up = self._up
            if up is None or (up.done() and up.exception() is not None):
                up = self._start_thread()
        return up.result()

    def start_unless_closed(self) -> None:
        """The same, but a close meanwhile is no error: what waits for the end of the thread finds it ended."""
        try:
            self.start()
        except NotRunning:
            if not self._closed:
                raise

    def check_open(self) -> None:
        """Raise `ForkedError` in another process than the one that made this object, `NotRunning` when it is closed."""
        self.check_process()
        if self._closed:
            raise _closed()

    def check_process(self) -> None:
        """Raise `ForkedError` in a process that is not the one that made this object."""
        if self.forked:
            raise ForkedError(
                f"this object was made in process {self._pid} and is used in its fork {os.getpid()}: threads and "
                "connections do not survive a fork; make a new one in the child"
            )

    def raise_error(self) -> None:
        """Raise what the runtime ended with, if it ended with an error."""
        if self._error is not None:
            raise self._error

    @property
    def forked(self) -> bool:
        """Whether this is a process that was forked from the one that made this object."""
        return os.getpid() != self._pid

    @property
    def over(self) -> bool:
        """Whether the thread has come to its end, or never began."""
        return self._thread is None or not self._thread.is_alive()

    def begin_close(self) -> None:
        """Begin to drain, and do not wait; a start that is under way is given up."""
        self._closed = True
        self.post(self._stop)

    def forget(self, user: str) -> None:
        """Whoever used it is gone: what is still open is closed, and a `ResourceWarning` says so. From any thread."""
        up = self._up
        if self.forked or self._closed or self.over or (up is not None and up.done() and up.exception() is not None):
            return
        self.begin_close()
        warnings.warn(
            f"{user} was forgotten, and not closed: use `with`, or call close()", ResourceWarning, stacklevel=2
        )

    def close(self) -> None:
        """Drain, stop, and wait for the thread to end. Closing twice is fine; in a forked child nothing happens."""
        if self.forked:
            return
        self.begin_close()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join()

    def _start_thread(self) -> _Up:
        self._error = None
        # Noted before it begins: Ctrl-C while it does must not have the next use start a second one.
        self._up = up = _Up()
        try:
            threading.Thread(target=self._main, args=(up,), name="redis-streams", daemon=True).start()
        except Exception as error:
            up.set_exception(error)  # Who waits for this thread hears of it, and the next use tries again.
            raise
        return up

    def _main(self, up: _Up) -> None:
        # Not by who starts it: a signal handler could come between, and join what has not begun.
        self._thread = threading.current_thread()
        try:
            trio.run(self._run, up)
        except BaseException as error:  # noqa: BLE001 - raised in the thread of whoever waits for this one
            self._error = error
        self.on_end()
        if not up.done():
            up.set_exception(self._error or _closed())

    async def _run(self, up: _Up) -> None:
        with unwrapped():
            async with trio.open_nursery() as nursery:
                self._stop = nursery.cancel_scope.cancel
                self._token = trio.lowlevel.current_trio_token()
                if not self._closed:
                    await nursery.start(self.runtime.run)
                    up.set_result(self._token)


def _closed() -> NotRunning:
    return NotRunning("this object is closed; make a new one")
