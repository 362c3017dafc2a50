"""What an actor holds to talk to Redis: the shared link with typed stream commands, and exclusive connections."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import cast

import trio

from . import _replies as replies
from ._address import ServerAddress
from ._capabilities import PROBED, Capabilities, parse_version
from ._connection import Connection
from ._dial import Dial, dial
from ._errors import ConnectionLost
from ._events import LinkEvent
from ._limits import Retry, Timeouts
from ._link import Link
from ._multiplexer import Multiplexer
from ._redis_py import Arg, NoPermissionError, NoScriptError, RedisCommands, Reply
from ._repeat import Repeat, repeat_of
from ._scripts import Script
from ._streams import StreamCommands


def _ignore(_event: LinkEvent) -> None:
    """Nobody listens."""


class Client(StreamCommands):
    """Redis for all tasks of one runtime. Somebody has to run `run`.

    Args:
        address: the server, or its URL.
        dial: opens byte streams.
        timeouts, retry: limits for every wait.
        rng: the jitter's.
        on_event: hears when the shared link goes down and comes up.
    """

    def __init__(
        self,
        address: ServerAddress | str,
        *,
        rng: Random,
        dial: Dial = dial,
        timeouts: Timeouts | None = None,
        retry: Retry | None = None,
        on_event: Callable[[LinkEvent], None] = _ignore,
    ) -> None:
        self.address = ServerAddress.parse(address) if isinstance(address, str) else address
        self.redis = RedisCommands(self.call)
        self._dial = dial
        self._timeouts = timeouts or Timeouts()
        self._retry = retry or Retry()
        self._link = Multiplexer(
            self.address, dial=dial, timeouts=self._timeouts, retry=self._retry, rng=rng, on_event=on_event
        )
        self._capabilities = Capabilities()
        self._capabilities_of = -1

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """The life of the shared link; see `Multiplexer.run`."""
        await self._link.run(task_status=task_status)

    def link(self) -> Link:
        """An exclusive connection, opened when it is needed and again after it broke: ``async with client.link() as link``."""
        return Link(self.open, self.call, lambda: self._link.generation)

    async def open(self) -> Connection:
        """A new exclusive connection; whoever opens it closes it.

        Raises:
            ConnectFailed: it could not be made.
        """
        return await Connection.open(self.address, dial=self._dial, timeouts=self._timeouts)

    async def call(self, *args: Arg) -> Reply:
        """Send a command over the shared link. What is safe to repeat is repeated when its reply was lost.

        Raises:
            ConnectionLost: the link broke; `sent` tells whether the command may have been applied.
            redis.exceptions.ResponseError: Redis answered with an error.
        """
        tries = 0
        while True:
            try:
                return await self._link.call(*args)
            except ConnectionLost as error:
                repeatable = not error.sent or repeat_of(args) is not Repeat.NEVER
                if not repeatable or tries >= (self._retry.max_retries or 0):
                    raise
                tries += 1

    async def pipeline(self, commands: Sequence[tuple[Arg, ...]]) -> list[Reply]:
        """Send commands in one write; errors among the replies are returned, not raised. Nothing is repeated."""
        return await self._link.pipeline(commands)

    async def eval(self, script: Script, keys: Sequence[Arg], args: Sequence[Arg]) -> Reply:
        """Run a script by its hash; a server that does not know it, as after a restart, gets its source.

        Nothing is repeated after a lost reply: whether that is safe, the caller knows.
        """
        try:
            return await self._link.call(b"EVALSHA", script.sha, len(keys), *keys, *args)
        except NoScriptError:
            return await self._link.call(b"EVAL", script.source, len(keys), *keys, *args)

    async def capabilities(self) -> Capabilities:
        """What the server can do; asked again after each reconnect, since it may be another one then."""
        if self._capabilities_of != self._link.generation:
            generation = self._link.generation
            try:
                version = parse_version(replies.text(await self.call(b"INFO", b"server")))
                found = cast("list[Reply]", await self.call(b"COMMAND", b"INFO", *PROBED))
                known = frozenset(name for name, about in zip(PROBED, found, strict=True) if about)
                self._capabilities = Capabilities(version, known)
            except NoPermissionError:
                self._capabilities = Capabilities()  # The oldest commands work everywhere.
            self._capabilities_of = generation
        return self._capabilities
