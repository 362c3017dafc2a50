"""Waiting out expected trouble: law 6 says that a lost connection is weather, and only a bug is a crash."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from random import Random
from typing import TypeVar

import trio

from ..wire import Retry, is_weather
from ._events import Interrupted, Resumed
from ._stage import Stage

T = TypeVar("T")


class Weather:
    """The backoff of one activity of an actor: waits longer from try to try, and tells the trouble in two events.

    Args:
        stage: whose activity this is; its observer hears `Interrupted` once per spell of trouble, `Resumed` at its end.
        doing: the activity in words, as in "reading orders".
        retry: first and longest delay in seconds; its number of tries is not looked at, since weather always passes.
        rng: where the jitter comes from.
    """

    def __init__(self, stage: Stage, doing: str, *, retry: Retry, rng: Random) -> None:
        self._stage = stage
        self._doing = doing
        self._retry = retry
        self._rng = rng
        self._tries = 0
        self._since = 0.0

    async def wait(self, error: Exception) -> None:
        """Sleep before the next try.

        Raises:
            Exception: the error itself, when it is not weather.
        """
        await trio.sleep(self.note(error))

    def note(self, error: Exception) -> float:
        """A try has failed; returns the seconds until the next one.

        Raises:
            Exception: the error itself, when it is not weather.
        """
        if not is_weather(error):
            raise error
        if self._tries == 0:
            self._since = trio.current_time()
            self._stage.emit(Interrupted(self._stage.path, self._doing, error))
        delay = self._retry.delay(self._tries, self._rng)
        self._tries += 1
        return delay

    def clear(self) -> None:
        """A try succeeded."""
        if self._tries:
            after = trio.current_time() - self._since
            self._stage.emit(Resumed(self._stage.path, self._doing, after, self._tries))
            self._tries = 0

    async def through(self, operation: Callable[[], Awaitable[T]]) -> T:
        """Repeat an operation that is safe to repeat until it succeeds, or fails with what is not weather."""
        while True:
            try:
                result = await operation()
            except Exception as error:  # noqa: BLE001 - wait() raises again whatever is not weather
                await self.wait(error)
            else:
                self.clear()
                return result
