"""A server on TCP follows another one: it connects, takes all that there is, and then does what the other one did."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Final

import trio

from .._engine import Engine
from .._request import ProtocolError, RequestParser
from .._session import Session
from ..persistence._effects import encode_words
from ..rdb._reading import BadFormat
from ..rdb._snapshot_read import load_snapshot
from ._link import Link
from ._psync import PROMOTE

RETRY_S: Final = 1.0
LOOK_S: Final = 0.1
"""So often it looks whether it is still to follow."""
PIECE: Final = 64 * 1024


class LinkBroken(Exception):
    """The primary has gone, or says what no primary says."""


class Replica:
    """One server's part as a replica.

    Args:
        engine: that follows, as long as its `replica_of` says so.
        collect: given the sessions that have replies to be sent.
    """

    def __init__(self, engine: Engine, collect: Callable[[Sequence[Session]], None]) -> None:
        self._engine = engine
        self._collect = collect

    async def run(self) -> None:
        """Follow whoever is to be followed; until cancelled."""
        while True:
            primary = self._engine.role.replica_of
            if primary is not None:
                link = self._engine.role.link = Link("connecting", lost_ms=int(time.time() * 1000))
                try:
                    await self._follow(primary, link)
                except OSError:
                    link.state = "connect"
            await trio.sleep(RETRY_S if primary == self._engine.role.replica_of and primary is not None else 0.05)

    async def _follow(self, primary: tuple[str, int], link: Link) -> None:
        stream = await trio.open_tcp_stream(*primary)
        async with stream:
            try:
                await self._sync(stream, link)
                await self._stream(stream, link, primary)
            except (OSError, trio.BrokenResourceError, trio.ClosedResourceError, LinkBroken, ProtocolError):
                link.state, link.lost_ms = "connect", int(time.time() * 1000)

    async def _sync(self, stream: trio.SocketStream, link: Link) -> None:
        settings = self._engine.configuration
        if settings["masterauth"]:
            user = [settings["masteruser"].encode()] if settings["masteruser"] else []
            await stream.send_all(encode_words([b"AUTH", *user, settings["masterauth"].encode()]))
            await _line(stream)
        port = settings["port"].encode()
        await stream.send_all(encode_words([b"REPLCONF", b"listening-port", port, b"capa", b"psync2"]))
        await _line(stream)
        await stream.send_all(encode_words([b"PSYNC", b"?", b"-1"]))
        words = (await _line(stream)).lstrip(b"\n").split()
        if len(words) != 3 or words[0] != b"+FULLRESYNC":
            raise LinkBroken(f"no answer to PSYNC: {words!r}")
        link.state = "sync"
        size = (await _line(stream)).lstrip(b"\n")  # by which a real primary says that it is still there
        if size[:1] != b"$" or not size[1:].isdigit():
            raise LinkBroken("what follows is not all that there is")
        data = bytearray()
        while len(data) < int(size[1:]):
            data += await _some(stream, int(size[1:]) - len(data))
        self._load(bytes(data))
        self._engine.role.replication_id = words[1]
        link.offset, link.state = int(words[2]), "connected"

    async def _stream(self, stream: trio.SocketStream, link: Link, primary: tuple[str, int]) -> None:
        parser = RequestParser(self._engine.profile)
        acknowledged = 0.0
        with self._engine.led() as session:
            while self._engine.role.replica_of == primary:
                with trio.move_on_after(LOOK_S):
                    parser.feed(await _some(stream, PIECE))
                    before, acknowledged = parser.waiting, 0.0
                    self._take(parser, session, link)
                    link.offset += before - parser.waiting
                if trio.current_time() - acknowledged >= RETRY_S:
                    acknowledged = trio.current_time()
                    await stream.send_all(encode_words(self._acknowledgement(link)))

    def _acknowledgement(self, link: Link) -> Sequence[bytes]:
        on_disk = [b"FACK", b"%d" % link.offset] if self._engine.configuration["appendonly"] == "yes" else []
        return [b"REPLCONF", b"ACK", b"%d" % link.offset, *on_disk]

    def _load(self, data: bytes) -> None:
        try:
            load_snapshot(self._engine, data)
        except BadFormat as error:
            raise LinkBroken(f"what the primary holds cannot be loaded: {error}") from error
        self._engine.files.rewrite_wanted = self._engine.files.are_kept
        for follower in list(self._engine.role.replicas):
            self._engine.close(follower)  # what they have is of another history

    def _take(self, parser: RequestParser, session: Session, link: Link) -> None:
        while (words := parser.take()) is not None:
            link.heard_ms = int(time.time() * 1000)
            if words[0].upper() == b"REPLCONF" and words[1] == PROMOTE:
                self._engine.role.follow(None)
            elif words[0].upper() not in (b"MULTI", b"EXEC"):
                now_us, timer_ms = time.time_ns() // 1000, time.perf_counter() * 1000
                self._collect(self._engine.follow_command(session, words, now_us=now_us, timer_ms=timer_ms))


async def _some(stream: trio.SocketStream, size: int) -> bytes:
    data = await stream.receive_some(size)
    if not data:
        raise LinkBroken("the primary has gone")
    return bytes(data)


async def _line(stream: trio.SocketStream) -> bytes:
    line = bytearray()
    while not line.endswith(b"\r\n"):
        line += await _some(stream, 1)
    return bytes(line[:-2])
