"""What a plan does to the server, done to a real one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

import trio
from attrs import define, field

from ....wire import Client, RedisError
from ...plan import (
    Answer,
    CrashServer,
    DeleteEntries,
    DeleteStream,
    DestroyGroup,
    ForgetScripts,
    KillClients,
    PauseServer,
)
from .._server import RedisServer, ServerFailed
from ._changes import Changes
from ._proxy import Proxy
from ._sites import Due

ANSWERS: Final[Mapping[str, tuple[Sequence[str], Sequence[str]]]] = MappingProxyType(
    {
        "OOM": (("CONFIG", "SET", "maxmemory", "1"), ("CONFIG", "SET", "maxmemory", "0")),
        "NOREPLICAS": (
            ("CONFIG", "SET", "min-replicas-to-write", "1"),
            ("CONFIG", "SET", "min-replicas-to-write", "0"),
        ),
        # A replica of nobody: it never gets to know what it would have to forget.
        "READONLY": (("REPLICAOF", "127.0.0.1", "1"), ("REPLICAOF", "NO", "ONE")),
    }
)
"""What has a server answer with such an error, and what ends that."""

_AGAIN_SECONDS: Final = 0.02
"""Between two tries to reach the server."""


@define(eq=False)
class ServerFaults:
    """Strikes the server.

    Args:
        server: which is started already.
        client: a link to it that no fault is done to.
        nursery: where that lives which takes its time, as coming back does.
    """

    _server: RedisServer
    _client: Client
    _nursery: trio.Nursery
    _proxy: Proxy
    _changes: Changes
    _groups: Mapping[tuple[str, str], None]
    """Stream and group of all handlers so far."""
    _restarting: trio.Lock = field(factory=trio.Lock, init=False)

    async def strike(self, due: Due) -> bool:
        """Do what a fault does to the server; false where it is not done to it."""
        match due.fault.effect:
            case CrashServer() as effect:
                self._server.kill()
                self._nursery.start_soon(self._come_back, effect.ms)
            case PauseServer() as effect:
                self._pause(effect.ms)
            case ForgetScripts():
                await answer_of(self._client, "SCRIPT", "FLUSH")
            case KillClients():
                await self._kill_clients(due.fault.when.host)
            case Answer() as effect:
                begin, end = ANSWERS[effect.error]
                await answer_of(self._client, *begin)
                self._nursery.start_soon(self._end_answer, effect.ms, end)
            case DestroyGroup():
                groups = [(stream.encode(), group.encode()) for stream, group in self._groups]
                await self._meddle(*[(b"XGROUP", b"DESTROY", stream, group) for stream, group in groups])
            case DeleteStream():
                await self._meddle(*[(b"DEL", stream) for stream in self._streams()])
            case DeleteEntries() as effect:
                keep = b"%d" % effect.keep
                await self._meddle(*[(b"XTRIM", stream, b"MAXLEN", keep) for stream in self._streams()])
            case _:
                return False
        return True

    # Its process

    async def _come_back(self, ms: float) -> None:
        await trio.sleep(ms / 1000)
        async with self._restarting:
            if self._server.pid is None:
                try:
                    await trio.to_thread.run_sync(self._server.restart)
                except ServerFailed:
                    # Killed again while it started: it comes back when that one says.
                    if self._server.pid is not None:
                        raise

    def _pause(self, ms: float) -> None:
        pid = self._server.pid
        if pid is None:
            return
        self._server.pause()

        async def resume() -> None:
            await trio.sleep(ms / 1000)
            if self._server.pid == pid:
                self._server.resume()

        self._nursery.start_soon(resume)

    async def wait_up(self) -> None:
        """Wait until it answers, whatever was done to it."""
        await answer_of(self._client, "PING")

    # Its clients

    async def _kill_clients(self, host: str) -> None:
        for gate in self._proxy.gates_of(host):
            for conversation in list(gate.conversations):
                try:
                    await self._client.call("CLIENT", "KILL", "ADDR", f"127.0.0.1:{conversation.server_sees_port}")
                except RedisError:
                    # It is closed already, or the server has no clients at all.
                    continue

    async def _end_answer(self, ms: float, end: Sequence[str]) -> None:
        await trio.sleep(ms / 1000)
        await answer_of(self._client, *end)

    # Its data

    def _streams(self) -> Sequence[bytes]:
        return [stream.encode() for stream in dict.fromkeys(stream for stream, _ in self._groups)]

    async def _meddle(self, *commands: tuple[bytes, ...]) -> None:
        """Somebody who is not in the plan's cast runs commands."""
        for words in commands:
            command = self._changes.sent("", 0, words)
            await answer_of(self._client, *words)
            self._changes.answered(command)


async def answer_of(client: Client, *words: str | bytes) -> None:
    """Nobody can do anything to a server that is down or hangs: try again until it is back and answers."""
    while True:
        try:
            await client.call(*words)
        except RedisError:
            await trio.sleep(_AGAIN_SECONDS)
        else:
            return
