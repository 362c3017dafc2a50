"""Appending with tokens: what is appended a second time under its token is not, and gets the id of the first.

So an append whose reply was lost may be repeated, by whom ever, for as long as the token is remembered. Redis 8.6 does
that itself (``XADD … IDMP``); before, a script looks for the tokens, appends, and notes them, in one step.

Redis remembers at most 10,000 tokens of each *producer*, a name of one's choosing. A producer here is no process:
whoever publishes again what another one published before it died has to find its tokens. So a token decides by itself
to which of 256 producers it belongs, and a stream remembers up to 2.5 million of them.

A server that was upgraded has the script's tokens still, for as long as they would have been remembered: there they are
looked up first. Nobody notes any there by then.
"""

from __future__ import annotations

import math
from binascii import crc32
from collections.abc import Awaitable, Callable, Sequence
from hashlib import blake2b
from typing import Final, cast

import trio
from attrs import frozen

from ._client import Client
from ._errors import ConnectionLost
from ._redis_py import Arg, NoScriptError, Reply
from ._replies import results
from ._scripts import load

APPEND_ONCE_MAX: Final = 1000
"""Entries appended by one script at most: some milliseconds during which the server serves nobody else."""

PRODUCERS: Final = 256
"""Among which a stream's tokens are divided."""

TOKENS_MAX: Final = 10_000
"""Of one producer; Redis allows no more."""

WINDOW_SECONDS_MAX: Final = 86_400
"""For how long a token can be remembered; Redis allows no more."""

TOKEN_BYTES_MAX: Final = 40
"""A longer token is remembered by its hash: each takes about 110 bytes of the server's memory."""

KEEP_SECONDS: Final = 30.0
"""How often it is looked whether the stream still remembers tokens for long enough: who deletes it deletes that too."""

Send = Callable[[Sequence[tuple[Arg, ...]]], Awaitable[list[Reply]]]
"""A pipeline: sends commands in one write; errors are among the replies."""


@frozen
class Appended:
    """What became of entries: for each its id, or the error for which Redis refused it; and replies to the rest."""

    replies: Sequence[Reply]
    then: Sequence[Reply]


class AppendOnce:
    """Appends to one stream.

    Args:
        client: the shared link.
        stream: where to.
        token_keys: two keys in the slot of the stream, where the script keeps tokens.
        window_seconds: for how long a token is remembered at least.
        length_max: about how many entries the stream keeps; None: all.
    """

    def __init__(
        self,
        client: Client,
        stream: str,
        token_keys: tuple[str, str],
        *,
        window_seconds: float,
        length_max: int | None = None,
    ) -> None:
        self._client = client
        self._stream = stream
        self._token_keys = token_keys
        self._window_seconds = window_seconds
        self._length_max = length_max
        self._by_redis = False
        """Whether the server keeps tokens itself; `ready` finds out."""
        self._has_former = False
        """Whether such a server has tokens of the script still."""
        self._kept_of = -1
        self._kept_until = -math.inf

    async def ready(self) -> None:
        """Find out how the server keeps tokens, and that it keeps them for long enough. Nothing is appended by this.

        Raises:
            ConnectionLost: the shared link is not there, or another one by now.
            redis.exceptions.ResponseError: Redis would not do it.
        """
        await self._client.wait_up()
        generation = self._client.generation
        self._by_redis = (await self._client.capabilities()).publish_token
        if self._by_redis:
            await self._keep_tokens()
        if self._client.away_seconds is not None or self._client.generation != generation:
            raise ConnectionLost(f"{self._client.address}: the link broke before anything was appended", sent=False)

    async def append(
        self,
        tokens: Sequence[bytes],
        entries: Sequence[Sequence[bytes]],
        send: Send,
        then: Sequence[tuple[Arg, ...]] = (),
    ) -> Appended:
        """Append entries, each of them once, and send other commands behind them in the same write. After `ready`.

        Args:
            tokens: of each entry; none is empty.
            entries: each as a flat list of name, value, …; `APPEND_ONCE_MAX` of them at most.
            send: the pipeline of the connection to use. Nothing is waited for before its first call.
            then: commands that are to follow.

        Raises:
            ConnectionLost: any number of them may have been appended; the same may be appended again.
            redis.exceptions.ResponseError: Redis would not do it, and appended nothing.
        """
        short = [token if len(token) <= TOKEN_BYTES_MAX else _digest(token) for token in tokens]
        if self._by_redis:
            return await self._by_idmp(short, entries, send, then)
        return await self._by_script(short, entries, send, then)

    async def _by_idmp(
        self,
        tokens: Sequence[bytes],
        entries: Sequence[Sequence[bytes]],
        send: Send,
        then: Sequence[tuple[Arg, ...]],
    ) -> Appended:
        if not self._has_former:
            replies = await send([*map(self._xadd, tokens, entries), *then])
            return Appended(replies[: len(entries)], replies[len(entries) :])
        found = results(await send([(b"HMGET", key, *tokens) for key in self._token_keys]))
        former = [newer or older for newer, older in zip(*cast("list[list[Reply]]", found), strict=True)]
        fresh = [
            self._xadd(token, fields)
            for token, fields, known in zip(tokens, entries, former, strict=True)
            if known is None
        ]
        replies = await send([*fresh, *then])
        appended = iter(replies)
        return Appended([known or next(appended) for known in former], list(appended))

    def _xadd(self, token: bytes, fields: Sequence[bytes]) -> tuple[Arg, ...]:
        limit: tuple[Arg, ...] = () if self._length_max is None else (b"MAXLEN", b"~", self._length_max)
        producer = b"once-%d" % (crc32(token) % PRODUCERS)
        return (b"XADD", self._stream, *limit, b"IDMP", producer, token, b"*", *fields)

    async def _keep_tokens(self) -> None:
        now, generation = trio.current_time(), self._client.generation
        if self._kept_of != generation or now >= self._kept_until:
            seconds = math.ceil(self._window_seconds)
            await self._client.eval(load("keep_tokens"), [self._stream], [seconds, TOKENS_MAX])
            self._has_former = await self._client.call(b"EXISTS", *self._token_keys) != 0
            self._kept_of, self._kept_until = generation, now + KEEP_SECONDS

    async def _by_script(
        self,
        tokens: Sequence[bytes],
        entries: Sequence[Sequence[bytes]],
        send: Send,
        then: Sequence[tuple[Arg, ...]],
    ) -> Appended:
        limit: Arg = b"" if self._length_max is None else self._length_max
        args: list[Arg] = [3, self._stream, *self._token_keys, math.ceil(self._window_seconds * 1000), limit]
        for token, fields in zip(tokens, entries, strict=True):
            args += (token, len(fields))
            args += fields
        script = load("append_once")
        reply: Reply = NoScriptError()
        behind: list[Reply] = []
        if not then:  # or a wait for durability would be behind a script that the server may not know, and in vain
            [reply] = await send([(b"EVALSHA", script.sha, *args)])
        if isinstance(reply, NoScriptError):
            reply, *behind = await send([(b"EVAL", script.source, *args), *then])
        if isinstance(reply, Exception):
            raise reply
        return Appended(cast("list[Reply]", reply), behind)


def _digest(token: bytes) -> bytes:
    return blake2b(token, digest_size=16).hexdigest().encode()
