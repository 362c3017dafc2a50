"""Values as DUMP writes them and RESTORE reads them, in every version; what is damaged is refused."""

import contextlib
from random import Random

import pytest
from redis_streams.simulations.server import VERSIONS
from redis_streams.simulations.server._errors import CommandError
from redis_streams.simulations.server.rdb._checksum import LARGE, checksum
from redis_streams.simulations.server.rdb._kinds import format_of
from redis_streams.simulations.server.rdb._lzf import compressed, decompressed
from redis_streams.simulations.server.rdb._payload import dumped_libraries, restored
from support.simulated import Client, SimulatedServer

LONG = "x" * 100
VALUES = {
    "number": [("SET", "k", "-12345")],
    "text": [("SET", "k", "a text that repeats itself, a text that repeats itself")],
    "list": [("RPUSH", "k", "a", "1", "-70000", LONG)],
    "long list": [("RPUSH", "k", *(f"{number}{LONG}" for number in range(300)))],
    "whole numbers": [("SADD", "k", "5", "-1", "70000", "9999999999")],
    "set": [("SADD", "k", "a", "b", "1")],
    "large set": [("SADD", "k", *(f"m{number}" for number in range(600)))],
    "sorted set": [("ZADD", "k", "1", "a", "-inf", "b", "2.5", "c", "3e17", "d")],
    "large sorted set": [("ZADD", "k", "1.5", LONG, "inf", "b")],
    "hash": [("HSET", "k", "f", "v", "g", "1")],
    "large hash": [("HSET", "k", "f", LONG)],
    "stream": [
        *(("XADD", "k", f"{number}-1", "name", f"{number}", "other", "x") for number in range(1, 9)),
        ("XADD", "k", "9-9", "another", "name"),
        ("XDEL", "k", "3-1", "9-9"),
        ("XGROUP", "CREATE", "k", "g", "0"),
        ("XREADGROUP", "GROUP", "g", "c", "COUNT", "4", "STREAMS", "k", ">"),
        ("XACK", "k", "g", "2-1"),
    ],
}
SINCE_7_4 = {
    "fields that expire": [("HSET", "k", "f", "v", "g", "1"), ("HPEXPIREAT", "k", 1_800_000_000_000, "FIELDS", 1, "g")],
    "many such": [("HSET", "k", "f", LONG), ("HPEXPIREAT", "k", 1_800_000_000_000, "FIELDS", 1, "f")],
}
CASES = [(version, name) for version in VERSIONS for name in VALUES]
CASES += [(version, name) for version in VERSIONS if version >= "7.4" for name in SINCE_7_4]


def made(version: str, name: str) -> tuple[SimulatedServer, Client]:
    """A server in which the key `k` holds a value."""
    server = SimulatedServer(version)
    client = server.connect()
    for words in (VALUES | SINCE_7_4)[name]:
        assert not client.call(*words).startswith(b"-")
    return server, client


def dump(client: Client, key: str) -> bytes:
    """The payload of a key."""
    reply = client.call("DUMP", key)
    return reply[reply.index(b"\n") + 1 : -2]


@pytest.mark.parametrize(("version", "name"), CASES)
def test_what_was_dumped_is_restored(version: str, name: str) -> None:
    """The double is kept in the same way, and is dumped as the same bytes."""
    _, client = made(version, name)
    payload = dump(client, "k")
    assert client.call("RESTORE", "double", 0, payload) == b"+OK\r\n"
    assert dump(client, "double") == payload
    assert client.call("OBJECT", "ENCODING", "double") == client.call("OBJECT", "ENCODING", "k")


@pytest.mark.parametrize("name", VALUES)
def test_a_later_version_reads_what_an_earlier_one_wrote(name: str) -> None:
    """A value goes from each version to the next, and says what it said."""
    payload = dump(made("5.0", name)[1], "k")
    for version in VERSIONS:
        client = SimulatedServer(version).connect()
        assert client.call("RESTORE", "k", 0, payload) == b"+OK\r\n"
        payload = dump(client, "k")
    kind = client.call("TYPE", "k")
    original = made("8.6", name)[1]
    assert kind == original.call("TYPE", "k")
    reads = {
        b"+list\r\n": ("LRANGE", "k", 0, -1),
        b"+hash\r\n": ("HGETALL", "k"),
        b"+stream\r\n": ("XRANGE", "k", "-", "+"),
    }
    read = reads.get(kind, ("STRLEN", "k"))
    assert client.call(*read) == original.call(*read)


@pytest.mark.parametrize(("version", "name"), CASES)
def test_whatever_is_damaged_is_refused_or_is_another_value(version: str, name: str) -> None:
    """Bytes of the body change; nothing but an error of the command, or some value, comes of it."""
    server, client = made(version, name)
    payload, chance, how = dump(client, "k"), Random(7), format_of(server.engine)
    for _ in range(12):
        body = bytearray(payload[:-8])
        body[chance.randrange(len(body) - 2)] = chance.randrange(256)
        sealed = bytes(body) + checksum(bytes(body)).to_bytes(8, "little")
        with contextlib.suppress(CommandError):
            restored(sealed, how)


def test_refusals_of_restore() -> None:
    client = made("7.0", "text")[1]
    payload = dump(client, "k")
    assert client.call("RESTORE", "k", 0, payload) == b"-BUSYKEY Target key name already exists.\r\n"
    assert client.call("RESTORE", "k", 0, payload, "REPLACE") == b"+OK\r\n"
    assert client.call("RESTORE", "n", -1, payload) == b"-ERR Invalid TTL value, must be >= 0\r\n"
    assert client.call("RESTORE", "n", 0, payload, "IDLETIME", -1) == b"-ERR Invalid IDLETIME value, must be >= 0\r\n"
    assert client.call("RESTORE", "n", 0, payload, "FREQ", 1, "IDLETIME", 1) == b"-ERR syntax error\r\n"
    wrong = b"-ERR DUMP payload version or checksum are wrong\r\n"
    assert client.call("RESTORE", "n", 0, payload[:-1] + b"?") == wrong
    assert client.call("RESTORE", "n", 0, dump(made("7.2", "text")[1], "k")) == wrong
    assert client.call("DUMP", "n") == b"$-1\r\n"


def test_a_restored_key_expires_when_it_is_to() -> None:
    server, client = made("7.0", "text")
    payload = dump(client, "k")
    assert client.call("RESTORE", "soon", 2500, payload) == b"+OK\r\n"
    assert client.call("PTTL", "soon") == b":2500\r\n"
    moment = server.now_us // 1000 + 90_000
    assert client.call("RESTORE", "then", moment, payload, "ABSTTL") == b"+OK\r\n"
    assert client.call("PTTL", "then") == b":90000\r\n"
    assert client.call("RESTORE", "k", 1, payload, "ABSTTL", "REPLACE") == b"+OK\r\n"
    assert client.call("EXISTS", "k") == b":0\r\n"


@pytest.mark.parametrize(
    ("policy", "option", "ask"), [("allkeys-lru", "IDLETIME", "IDLETIME"), ("allkeys-lfu", "FREQ", "FREQ")]
)
def test_a_key_comes_with_its_use(policy: str, option: str, ask: str) -> None:
    """What RESTORE says of it OBJECT tells, after a DEBUG RELOAD as well."""
    client = SimulatedServer("7.0", maxmemory_policy=policy).connect()
    client.call("SET", "k", "v")
    assert client.call("RESTORE", "used", 0, dump(client, "k"), option, 100) == b"+OK\r\n"
    assert client.call("OBJECT", ask, "used") == b":100\r\n"
    assert client.call("DEBUG", "RELOAD") == b"+OK\r\n"
    assert client.call("OBJECT", ask, "used") == b":100\r\n"


@pytest.mark.parametrize("version", VERSIONS)
def test_everything_is_the_same_after_a_reload(version: str) -> None:
    """Values of all kinds, when they expire, and those of another database."""
    client = SimulatedServer(version).connect()
    for number, name in enumerate(VALUES):
        for words in VALUES[name]:
            client.call(words[0], *(f"{number}" if word == "k" else word for word in words[1:]))
    client.call("PEXPIRE", "0", 90_000)
    client.call("SELECT", 3)
    client.call("SET", "elsewhere", "v")
    before = [client.call("SELECT", 0), *(client.call("DUMP", f"{number}") for number in range(len(VALUES)))]
    assert client.call("DEBUG", "RELOAD") == b"+OK\r\n"
    assert [client.call("SELECT", 0), *(client.call("DUMP", f"{number}") for number in range(len(VALUES)))] == before
    assert client.call("PTTL", "0") == b":90000\r\n"
    client.call("SELECT", 3)
    assert client.call("GET", "elsewhere") == b"$1\r\nv\r\n"
    assert client.call("DBSIZE") == b":1\r\n"


def test_the_checksum_is_the_one_of_the_format() -> None:
    """Of nine digits it is what the server's own test says; long data are summed in pairs to the same."""
    assert checksum(b"123456789") == 0xE9C6D914C4B8D9CA
    data = Random(1).randbytes(LARGE + 3)
    expected = checksum(data[:1000])
    assert checksum(data) == checksum(data[1000:], expected)


@pytest.mark.parametrize("letters", [1, 2, 3, 20, 256])
def test_what_is_compressed_comes_back(letters: int) -> None:
    """Whatever repeats itself gets smaller, by four bytes at least, and is the same again."""
    chance = Random(letters)
    for length in (0, 4, 5, 20, 33, 100, 300, 5000, 20_000):
        data = bytes(chance.randrange(letters) for _ in range(length))
        smaller = compressed(data)
        if smaller is not None:
            assert len(smaller) <= max(0, length - 4)
            assert decompressed(smaller, length) == data
    assert compressed(b"a" * 300) == b"\x01aa\xe0\xff\x00\xe0\x17\x00\x01aa"


@pytest.mark.parametrize("policy", ["FLUSH", "APPEND", "REPLACE"])
def test_functions_that_cannot_all_be_restored_leave_those_that_are_there(policy: str) -> None:
    """Also where these were to go first."""
    server = SimulatedServer("7.0")
    client = server.connect()
    code = "#!lua name={}\nredis.register_function('f', function() return 1 end)"
    clash = [code.format(name).encode() for name in ("one", "other")]
    assert client.call("FUNCTION", "LOAD", code.format("kept").replace("'f'", "'g'")) == b"$4\r\nkept\r\n"
    payload = dumped_libraries(clash, format_of(server.engine))
    assert client.call("FUNCTION", "RESTORE", payload, policy) == b"-ERR Function f already exists\r\n"
    assert list(server.engine.functions.libraries) == [b"kept"]
