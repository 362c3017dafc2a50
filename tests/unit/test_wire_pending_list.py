"""The pending list's client side: a dead letter that is too long for a script goes as a transaction."""

from random import Random

import trio
from redis.exceptions import OutOfMemoryError
from redis_streams.wire import Client, EntryId, NoGroup, PendingList, RedisError
from support.scripted import Command, Peer, as_redis
from trio.testing import MockClock

ROW = b"*1\r\n*4\r\n$3\r\n1-0\r\n$1\r\nc\r\n:5\r\n:1\r\n"
LONG = [b"x"] * 8000


async def moved(add: bytes, ack: bytes, done: bytes, row: bytes = ROW) -> EntryId | RedisError | None:
    """Move an entry of many fields; the server says these to XADD, XACK and EXEC. What is answered or raised."""

    def answer(command: Command) -> bytes:
        said = {b"XPENDING": row, b"XADD": add, b"XACK": ack, b"EXEC": done}
        return said.get(command[0], as_redis(command))

    client = Client("redis://h", rng=Random(1), dial=Peer(answer).dial)
    async with trio.open_nursery() as nursery:
        await nursery.start(client.run)
        try:
            return await PendingList(client, "s", "g").move_to("{s}:dead:g", "c", b"1-0", LONG)
        except RedisError as error:
            return error
        finally:
            nursery.cancel_scope.cancel()


QUEUED = b"+QUEUED\r\n"


async def test_a_dead_letter_of_many_fields_is_written(autojump_clock: MockClock) -> None:
    """And its id is answered; where the entry is not ours, none."""
    assert await moved(QUEUED, QUEUED, b"*2\r\n$3\r\n9-0\r\n:1\r\n") == EntryId(9, 0)
    assert await moved(QUEUED, QUEUED, b"", row=b"*0\r\n") is None


async def test_why_a_transaction_was_refused_is_told(autojump_clock: MockClock) -> None:
    """A regression: it was EXECABORT, which is no weather, where the server was only out of memory."""
    refused = b"-EXECABORT Transaction discarded because of previous errors.\r\n"
    assert isinstance(await moved(b"-OOM command not allowed\r\n", QUEUED, refused), OutOfMemoryError)
    assert isinstance(await moved(QUEUED, QUEUED, b"*2\r\n-NOGROUP none\r\n:1\r\n"), NoGroup)
