"""A Redis made of a few lines, for tests of the wire: it answers what the test says, when the test says.

A `Peer` is dialled like a server. Each of its sockets records every write in one piece, answers the commands in it by
the peer's `answer`, and can be fed, ended, broken or silenced by hand. Nothing here uses a real clock or a real socket.
"""

import math
from collections.abc import Callable, Sequence
from itertools import count

import trio
from attrs import define, field
from redis_streams.wire import ServerAddress
from redis_streams.wire._redis_py import reply_reader

Command = list[bytes]

LOG_IN = frozenset((b"CLIENT", b"AUTH", b"SELECT", b"INFO"))
"""First words of what a connection sends before anything else."""


def as_redis(command: Command) -> bytes:
    """What a server says to a log-in and to ECHO; to all else +OK."""
    match [command[0].upper(), *command[1:]]:
        case [b"CLIENT", b"ID"]:
            return b":7\r\n"
        case [b"ECHO", word]:
            return b"$%d\r\n%s\r\n" % (len(word), word)
        case _:
            return b"+OK\r\n"


class FakeSocket(trio.abc.Stream):
    """The client's end of a connection to a `Peer`."""

    def __init__(self, answer: Callable[[Command], bytes]) -> None:
        self.answer = answer
        self.writes: list[bytes] = []
        self.commands: list[Command] = []
        self.closed = False
        self.broken = False
        self.ended = False
        self.bytes_per_second = math.inf
        self._reader = reply_reader()
        self._to_client = bytearray()
        self._wakeups = trio.lowlevel.ParkingLot()

    # What the client does

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        await trio.sleep(len(data) / self.bytes_per_second)
        self._check()
        self.writes.append(bytes(data))
        self._reader.feed(bytes(data))
        while (command := self._reader.gets()) is not False:
            assert isinstance(command, list)
            words = [word for word in command if isinstance(word, bytes)]
            self.commands.append(words)
            self.feed(self.answer(words))

    async def wait_send_all_might_not_block(self) -> None:
        await trio.lowlevel.checkpoint()

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        await trio.lowlevel.checkpoint()
        while True:
            self._check()
            if self._to_client:
                size = max_bytes or len(self._to_client)
                data = bytes(self._to_client[:size])
                del self._to_client[:size]
                return data
            if self.ended:
                return b""
            await self._wakeups.park()

    async def aclose(self) -> None:
        self.closed = True
        self._wakeups.unpark_all()
        await trio.lowlevel.checkpoint()

    def _check(self) -> None:
        if self.closed:
            raise trio.ClosedResourceError
        if self.broken:
            raise trio.BrokenResourceError

    # What the test does

    def feed(self, data: bytes) -> None:
        """Have the client receive these bytes."""
        self._to_client += data
        self._wakeups.unpark_all()

    def end(self) -> None:
        """The server closes the connection: end of file, after what was fed."""
        self.ended = True
        self._wakeups.unpark_all()

    def reset(self) -> None:
        """The network breaks the connection."""
        self.broken = True
        self._wakeups.unpark_all()


@define
class Peer:
    """A server to dial.

    Attributes:
        answer: the reply to a command, as bytes; b"" for none.
        refusals: raised by the next dials, one each.
        sockets: the connections made, in order.
        dialled_at: when each dial came, on Trio's clock.
    """

    answer: Callable[[Command], bytes] = as_redis
    refusals: list[Exception] = field(factory=list)
    sockets: list[FakeSocket] = field(factory=list)
    dialled_at: list[float] = field(factory=list)

    async def dial(self, _address: ServerAddress) -> trio.abc.Stream:
        await trio.lowlevel.checkpoint()
        self.dialled_at.append(trio.current_time())
        if self.refusals:
            raise self.refusals.pop(0)
        self.sockets.append(FakeSocket(self.answer))
        return self.sockets[-1]

    @property
    def socket(self) -> FakeSocket:
        """The newest connection."""
        return self.sockets[-1]


def answers(*replies: bytes) -> Callable[[Command], bytes]:
    """An `answer` that logs everybody in and then says these, one for each command; then nothing any more."""
    waiting = list(replies)

    def answer(command: Command) -> bytes:
        if command[0] in LOG_IN:
            return as_redis(command)
        return waiting.pop(0) if waiting else b""

    return answer


def process(run_id: str) -> Callable[[Command], bytes]:
    """An `answer` of a server's process that says which one it is, and has none of the newer commands."""
    info = f"redis_version:7.0.15\r\nrun_id:{run_id}\r\n".encode()

    def answer(command: Command) -> bytes:
        match command:
            case [b"INFO", *_]:
                return b"$%d\r\n%b\r\n" % (len(info), info)
            case [b"COMMAND", b"INFO", *names]:
                return b"*%d\r\n" % len(names) + b"*-1\r\n" * len(names)
            case [b"CLIENT", b"KILL", *_]:
                return b"-ERR No such client\r\n"
            case _:
                return as_redis(command)

    return answer


def numbered(run_id: str) -> Callable[[Command], bytes]:
    """Like `process`, with connections that are numbered from 1."""
    answer, numbers = process(run_id), count(1)
    return lambda command: b":%d\r\n" % next(numbers) if command == [b"CLIENT", b"ID"] else answer(command)


def silent(command: Command) -> bytes:
    """An `answer` that logs everybody in and then says nothing."""
    return answers()(command)


def words(socket: FakeSocket) -> Sequence[Sequence[bytes]]:
    """The commands that came after the log-in."""
    return [command for command in socket.commands if command[0] not in LOG_IN]
