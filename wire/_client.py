"""What an actor holds to talk to Redis: the shared link with typed stream commands, and exclusive connections."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import cast

import trio
from typing_extensions import override

from ._address import ServerAddress
from ._capabilities import PROBED, Capabilities
from ._connection import Connection
from ._dial import Dial, dial
from ._errors import ConnectionLost, NotConnected, is_weather
from ._events import LinkEvent
from ._limits import Retry, Timeouts
from ._link import Link
from ._multiplexer import Multiplexer
from ._redis_py import (
    Arg,
    BusyGroup,
    HistoryChanged,
    NoGroup,
    NoScriptError,
    RedisCommands,
    Reply,
    ResponseError,
)
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

    @property
    def generation(self) -> int:
        """Counts the connections of the shared link; another number means that the server may be another one."""
        return self._link.generation

    @property
    def away_seconds(self) -> float | None:
        """For how long the shared link has had no connection; None while it has one."""
        return self._link.away_seconds

    async def wait_up(self) -> None:
        """Wait for the shared link where it is away. What is asked before the next checkpoint does not wait for it.

        Raises:
            NotConnected: it did not come up within the time that a reply may take.
        """
        if self._link.away_seconds is not None:
            await self._link.wait_up()

    def link(self) -> Link:
        """An exclusive connection, opened when it is needed and again after it broke.

        ``async with client.link() as link: await (await link.connection()).call("BLPOP", "queue", 1)``
        """
        return Link(self.open)

    async def open(self) -> Connection:
        """A new exclusive connection; whoever opens it closes it.

        Raises:
            ConnectFailed: it could not be made.
            redis.exceptions.AuthenticationError: user or password are wrong.
        """
        connection = await Connection.open(self.address, dial=self._dial, timeouts=self._timeouts)
        self._link.meet(connection.run_id)
        return connection

    @override
    async def call(self, *args: Arg) -> Reply:
        """Send a command over the shared link. What is safe to repeat is repeated when its reply was lost.

        A command that finds no connection waits for one as long as for a reply.

        Raises:
            ConnectionLost: the link broke; `sent` tells whether the command may have been applied.
            redis.exceptions.ResponseError: Redis answered with an error.
            ValueError: the command would harm others on this connection (a subscription, say): see `open` and `link`.
        """
        tries = 0
        while True:
            try:
                return await self._link.call(*args)
            except NotConnected:
                raise
            except ConnectionLost as error:
                tries += 1
                # What was not sent waits for the next connection.
                give_up = error.sent and repeat_of(args) is Repeat.NEVER
                most = self._retry.max_retries
                if give_up or (most is not None and tries > most):
                    raise

    async def pipeline(self, commands: Sequence[tuple[Arg, ...]]) -> list[Reply]:
        """Send commands in one write; errors among the replies are returned, not raised. Nothing is repeated."""
        return await self._link.pipeline(commands)

    async def eval(self, script: Script, keys: Sequence[Arg], args: Sequence[Arg]) -> Reply:
        """Run a script by its hash; a server that does not know it, as after a restart, gets its source.

        Nothing is repeated after a lost reply: whether that is safe, the caller knows.

        Raises:
            ResponseError: what a command in it met. What is no weather, and none of our own errors, says where, since
                Redis names neither the key that holds something else nor the command that this user may not use.
        """
        try:
            try:
                return await self._link.call(b"EVALSHA", script.sha, len(keys), *keys, *args)
            except NoScriptError:
                return await self._link.call(b"EVAL", script.source, len(keys), *keys, *args)
        except ResponseError as error:
            if not isinstance(error, NoGroup | BusyGroup | HistoryChanged) and not is_weather(error):
                names = [key.decode(errors="replace") if isinstance(key, bytes) else str(key) for key in keys]
                error.args = (f"{error} (in {script.name}.lua, on {', '.join(dict.fromkeys(names))})",)
            raise

    @override
    async def capabilities(self) -> Capabilities:
        """What the server can do; asked again after each reconnect, since it may be another one then."""
        if self._capabilities_of != self._link.generation:
            generation = self._link.generation
            known = await self._known_commands()
            self._capabilities = Capabilities(self._link.version, known)
            self._capabilities_of = generation
        return self._capabilities

    async def _known_commands(self) -> frozenset[str]:
        """Those of `PROBED` that the server has, also where this user may not ask, or COMMAND was renamed.

        Two users of a server have to do the same with it, or neither finds the tokens of the other. Words without
        their arguments do nothing, and are missed before it is looked who may say them.
        """
        try:
            found = cast("list[Reply]", await self.call(b"COMMAND", b"INFO", *PROBED))
        except ResponseError as error:
            if is_weather(error):
                raise
        else:
            return frozenset(name for name, about in zip(PROBED, found, strict=True) if about)
        refusals = await self.pipeline([(name,) for name in PROBED])
        return frozenset(
            name for name, refusal in zip(PROBED, refusals, strict=True) if "wrong number of arguments" in str(refusal)
        )
