"""What DUMP answers, beside real servers: the same bytes, and either takes what the other one wrote."""

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from random import Random

import pytest
from redis_streams.simulations.real import RedisServer
from redis_streams.simulations.server import VERSIONS, Engine, Profile, encode
from support.beside import RealClient
from support.simulated import request

NUMBERS = (
    0,
    1,
    12,
    13,
    -1,
    -128,
    127,
    128,
    300,
    -4096,
    4095,
    32767,
    -32768,
    8388607,
    2**31 - 1,
    -(2**31),
    2**40,
    2**63 - 1,
)
SCORES = (0, 1, 1.5, -3, 1e20, 3e17, 0.1, "inf", "-inf", 4e-7, 2**53, 5e18)
UNORDERED = {2, 4, 24}
"""Kinds of large sets and hashes, of which a real server tells the members in no order."""

Words = tuple[str | bytes | int, ...]


def word(chance: Random, *lengths: int) -> bytes:
    """Numbers, noise, and what repeats itself."""
    length = chance.choice(lengths)
    letters = bytes(chance.choice(b"ab") for _ in range(length))
    number = b"%d" % chance.choice(NUMBERS)
    return chance.choice([number, chance.randbytes(length), letters, b"abc" * (length // 3 + 1)])


def values(chance: Random) -> Iterator[list[Words]]:
    """Commands that make the key `k`, of all kinds, small and large."""
    short = (1, 5, 12, 20, 21, 40, 63, 64, 65, 90)
    for count in (1, 3, 20, 200):
        yield [("SET", "k", word(chance, *short, 300, 4096))]
        yield [("RPUSH", "k", *(word(chance, *short, 300) for _ in range(count)))]
        yield [("SADD", "k", *(chance.randrange(-100, 10 ** min(count, 12)) for _ in range(count)))]
        yield [("SADD", "k", *(word(chance, *short) for _ in range(count)))]
        yield [
            ("ZADD", "k", *(part for _ in range(count) for part in (f"{chance.choice(SCORES)}", word(chance, *short))))
        ]
        yield [("HSET", "k", *(word(chance, *short) for _ in range(2 * count)))]
        yield list(stream(chance, count))


def stream(chance: Random, count: int) -> Iterator[Words]:
    """A stream with tombstones and a group of which nobody has read."""
    for number in range(count):
        other = word(chance, 5, 70)
        fields = chance.choice([("a", "1", "b", "2"), ("a", other), (other, other)])
        yield ("XADD", "k", f"{number // 3 + 1}-{number % 3 + 1}", *fields)
    yield ("XDEL", "k", "1-1", "2-2")
    yield ("XGROUP", "CREATE", "k", "g", "1-2")
    yield ("XTRIM", "k", "MAXLEN", 90)


class Both:
    """A real server and a simulated one of its version."""

    def __init__(self, server: RedisServer) -> None:
        major, minor, _ = server.version
        if f"{major}.{minor}" not in VERSIONS:
            pytest.skip(f"there is no profile for {major}.{minor}")
        self._engine = Engine(Profile.of(f"{major}.{minor}"), rng=Random(1))
        self._session = self._engine.connect("127.0.0.1:1")
        self._client = RealClient(server.port)

    def close(self) -> None:
        self._client.close()

    def real(self, *words: str | bytes | int) -> bytes:
        self._client.send(request(*words))
        return self._client.receive()

    def simulated(self, *words: str | bytes | int) -> bytes:
        given = [part if isinstance(part, bytes) else str(part).encode() for part in words]
        self._engine.execute(self._session, given, now_us=time.time_ns() // 1000)
        return encode(self._session.replies.pop(), 2)


def payload_of(ask: Callable[..., bytes], key: str) -> bytes:
    """What DUMP says of a key."""
    reply = ask("DUMP", key)
    return reply[reply.index(b"\n") + 1 : -2]


def test_values_are_dumped_as_the_real_server_does(any_redis_server: RedisServer) -> None:
    """The same bytes, but for the order in which there is none; each takes the other's; their doubles are the same."""
    with closing(Both(any_redis_server)) as both:
        compare_dumps(both)


def compare_dumps(both: Both) -> None:
    for commands in values(Random(3)):
        for ask in (both.real, both.simulated):
            ask("FLUSHALL")
            for words in commands:
                ask(*words)
        real, simulated = payload_of(both.real, "k"), payload_of(both.simulated, "k")
        assert len(real) == len(simulated), commands
        if not real:
            continue
        assert real[0] in UNORDERED or real == simulated, commands
        assert both.real("RESTORE", "double", 0, simulated) == b"+OK\r\n"
        assert both.simulated("RESTORE", "double", 0, real) == b"+OK\r\n"
        assert real[0] in UNORDERED or payload_of(both.real, "double") == payload_of(both.simulated, "double")


def test_pending_entries_come_along(any_redis_server: RedisServer) -> None:
    """Who holds what is in a dump: of ours the real server says what we say, and the other way round."""
    with closing(Both(any_redis_server)) as both:
        compare_pending(both)


def compare_pending(both: Both) -> None:
    for ask in (both.real, both.simulated):
        ask("FLUSHALL")
        for number in range(5):
            ask("XADD", "k", f"{number + 1}-0", "a", "b")
        ask("XGROUP", "CREATE", "k", "g", 0)
        ask("XREADGROUP", "GROUP", "g", "c", "COUNT", 3, "STREAMS", "k", ">")
        ask("XREADGROUP", "GROUP", "g", "d", "COUNT", 1, "STREAMS", "k", ">")
        ask("XACK", "k", "g", "2-0")
    assert both.real("RESTORE", "x", 0, payload_of(both.simulated, "k")) == b"+OK\r\n"
    assert both.simulated("RESTORE", "x", 0, payload_of(both.real, "k")) == b"+OK\r\n"
    for ask in (both.real, both.simulated):
        assert ask("XPENDING", "x", "g") == ask("XPENDING", "k", "g")
        held = [ask("XREADGROUP", "GROUP", "g", "c", "STREAMS", key, "0") for key in ("k", "x")]
        assert held[0].replace(b"$1\r\nk", b"$1\r\nx") == held[1]
