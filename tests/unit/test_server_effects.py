"""What commands did, told so that it can be done again at any time: the bytes of an append-only file."""

import re

from redis_streams.simulations.server.persistence._effects import Effects
from redis_streams.simulations.server.persistence._rewrite import rewritten
from support.simulated import Client, SimulatedServer


def connect(version: str = "7.0") -> tuple[Client, list[str]]:
    """A client, and what its commands do, a line each."""
    server = SimulatedServer(version)
    lines: list[str] = []
    effects = server.engine.effects = Effects(server.engine)
    effects.feeders.append(lambda data: lines.extend(commands(data)))
    client = server.connect()
    client.call("SET", "first", "1")  # by which the database is selected
    lines.clear()
    return client, lines


def commands(data: bytes) -> list[str]:
    found = [b" ".join(re.findall(rb"\$\d+\r\n(.*?)\r\n", each)) for each in data.split(b"*") if b"\r\n$" in each]
    return [line.decode() for line in found]


def test_ids_are_told_and_trimming_is_exact() -> None:
    client, lines = connect()
    client.send(
        b"XADD s * a b\r\nXADD s MAXLEN ~ 1 LIMIT 10 * a b\r\nXADD s NOMKSTREAM * a b\r\nXTRIM s MAXLEN ~ 9\r\n"
    )
    assert lines == [
        "XADD s 1700000000000-0 a b",
        "XADD s MAXLEN = 2 LIMIT 10 1700000000000-1 a b",
        "XADD s NOMKSTREAM 1700000000000-2 a b",
    ]


def test_a_message_that_comes_again_is_no_second_entry() -> None:
    """Also where it is the last one of the stream."""
    client, lines = connect("8.6")
    client.send(b"XADD s IDMP p m * a b\r\nXADD s IDMP p m * a b\r\n")
    assert lines == ["MULTI", "XADD s 1700000000000-0 a b", "XIDMPRECORD s p m 1700000000000-0", "EXEC"]


def test_moments_are_told_instead_of_seconds() -> None:
    client, lines = connect()
    client.send(b"SET k v EX 10\r\nEXPIRE first 5\r\nEXPIRE first -1\r\n")
    assert lines == [
        "SET k v PXAT 1700000010000",
        "PEXPIREAT first 1700000005000",
        "DEL first",
    ]


def test_a_key_that_expires_is_deleted() -> None:
    server = SimulatedServer()
    lines: list[str] = []
    server.engine.effects = Effects(server.engine)
    client = server.connect()
    client.call("SET", "k", "v", "PX", 10)
    server.engine.effects.feeders.append(lambda data: lines.extend(commands(data)))
    server.pass_time(20)
    assert lines == ["DEL k"]


def test_who_holds_what_is_told_instead_of_the_reading() -> None:
    client, lines = connect()
    client.send(b"XADD s 1-1 a b\r\nXADD s 2-1 a b\r\nXGROUP CREATE s g 0\r\n")
    lines.clear()
    client.call("XREADGROUP", "GROUP", "g", "c", "COUNT", 1, "STREAMS", "s", ">")
    held = "TIME 1700000000000 RETRYCOUNT 1 FORCE JUSTID LASTID 1-1"
    assert lines == [f"XCLAIM s g c 0 1-1 {held}"]
    lines.clear()
    client.call("XAUTOCLAIM", "s", "g", "d", 0, "0")
    assert "XCLAIM s g d 0 1-1 TIME 1700000000000 RETRYCOUNT 2 FORCE JUSTID LASTID 1-1" in lines


def test_scripts_and_transactions_are_what_they_did() -> None:
    client, lines = connect()
    client.send(b"MULTI\r\nGET first\r\nINCR n\r\nINCR n\r\nEXEC\r\n")
    assert lines == ["MULTI", "INCR n", "INCR n", "EXEC"]
    lines.clear()
    client.call("EVAL", "redis.call('GET', 'first'); return redis.call('SET', KEYS[1], 'x')", 1, "k")
    assert lines == ["SET k x"]


def test_who_waited_and_was_served() -> None:
    client, lines = connect()
    server = client._server  # the one it was made by
    waiting = server.connect()
    assert waiting.call("BLPOP", "l", 0) == b""
    client.call("RPUSH", "l", "a")
    assert lines == ["RPUSH l a", "LPOP l"]


def test_another_database_is_selected() -> None:
    client, lines = connect()
    client.send(b"SELECT 3\r\nSET k v\r\nSET l v\r\n")
    assert lines == ["SELECT 3", "SET k v", "SET l v"]


def test_the_offset_is_the_same_whether_anybody_takes_the_bytes_or_not() -> None:
    servers = [SimulatedServer("7.0"), SimulatedServer("7.0")]
    sent: list[bytes] = []
    for server in servers:
        server.engine.effects = Effects(server.engine)
    effects = [server.engine.effects for server in servers]
    if effects[0] is not None:
        effects[0].feeders.append(sent.append)
    for server in servers:
        client = server.connect()
        client.call("SET", "key", "x" * 1234)
        client.call("SELECT", "1")
        client.call("EVAL", "redis.call('SET', 'a', '1') redis.call('SET', 'b', '2')", "0")
    assert [each and each.offset for each in effects] == [len(b"".join(sent))] * 2


def test_a_server_is_written_as_commands_that_make_it_again() -> None:
    client, _ = connect()
    client.send(b"XADD s 1-1 a b\r\nXADD s 2-1 c d\r\nXDEL s 1-1\r\nXGROUP CREATE s g 0\r\n")
    client.send(b"XREADGROUP GROUP g c STREAMS s >\r\nEXPIRE s 10\r\nHSET h f v\r\nZADD z 1.5 m\r\nSADD t x\r\n")
    told = [line for data in rewritten(client._server.engine) for line in commands(data)]
    assert told == [
        "SELECT 0",
        "SET first 1",
        "XADD s 2-1 c d",
        "XSETID s 2-1 ENTRIESADDED 2 MAXDELETEDID 1-1",
        "XGROUP CREATE s g 2-1 ENTRIESREAD 2",
        "XGROUP CREATECONSUMER s g c",
        "XCLAIM s g c 0 2-1 TIME 1700000000000 RETRYCOUNT 1 FORCE JUSTID LASTID 2-1",
        "PEXPIREAT s 1700000010000",
        "HMSET h f v",
        "ZADD z 1.5 m",
        "SADD t x",
    ]


def test_what_removes_on_a_condition_or_tells_what_it_removes_is_a_plain_removal() -> None:
    client, lines = connect("8.6")
    client.call("SET", "k", "v")
    client.call("DELEX", "k", "IFEQ", "other")
    client.call("DELEX", "k", "IFEQ", "v")
    client.call("HSET", "h", "a", 1, "b", 2)
    client.call("HGETDEL", "h", "FIELDS", 2, "a", "none")
    client.call("HGETDEL", "h", "FIELDS", 1, "none")
    assert lines == ["SET k v", "DEL k", "HSET h a 1 b 2", "HDEL h a none"]
