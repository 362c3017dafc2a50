"""CLIENT TRACKING: who is told of which change, and when; exact bytes."""

import pytest
from support.simulated import Client, SimulatedServer

INVALID = b">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nk\r\n"


def connect(server: SimulatedServer) -> Client:
    client = server.connect()
    client.call("HELLO", 3)
    return client


def changed(server: SimulatedServer, key: str = "k") -> None:
    server.connect().call("SET", key, "new")


def test_who_has_read_a_key_is_told_of_its_change_once() -> None:
    server = SimulatedServer()
    reader = connect(server)
    assert reader.call("CLIENT", "TRACKING", "ON") == b"+OK\r\n"
    assert reader.call("GET", "k") == b"_\r\n"
    changed(server)
    assert reader.receive() == INVALID
    changed(server)
    assert reader.receive() == b""


def test_one_s_own_change_is_told_behind_the_reply() -> None:
    server = SimulatedServer()
    reader = connect(server)
    reader.call("CLIENT", "TRACKING", "ON")
    assert reader.send(b"GET k\r\nMULTI\r\nSET k 1\r\nPING\r\nEXEC\r\n") == (
        b"_\r\n+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n+OK\r\n+PONG\r\n" + INVALID
    )
    reader.call("CLIENT", "TRACKING", "OFF")
    reader.call("CLIENT", "TRACKING", "ON", "NOLOOP")
    assert reader.send(b"GET k\r\nSET k 2\r\n") == b"$1\r\n1\r\n+OK\r\n"


def test_a_subscriber_is_told_instead() -> None:
    server = SimulatedServer()
    told, reader = server.connect(), server.connect()
    told.call("SUBSCRIBE", "__redis__:invalidate")
    assert reader.call("CLIENT", "TRACKING", "ON", "REDIRECT", told.session.id) == b"+OK\r\n"
    assert reader.call("CLIENT", "GETREDIR") == b":%d\r\n" % told.session.id
    reader.call("GET", "k")
    changed(server)
    assert told.receive() == b"*3\r\n$7\r\nmessage\r\n$20\r\n__redis__:invalidate\r\n*1\r\n$1\r\nk\r\n"
    assert reader.receive() == b""


def test_broadcasts_are_told_of_all_that_begins_as_they_say() -> None:
    server = SimulatedServer()
    listener = connect(server)
    listener.call("CLIENT", "TRACKING", "ON", "BCAST", "PREFIX", "k")
    changed(server, "other")
    assert listener.receive() == b""
    changed(server)
    assert listener.receive() == INVALID
    refusal = listener.call("CLIENT", "TRACKING", "ON", "BCAST", "PREFIX", "key")
    assert refusal == (
        b"-ERR Prefix 'key' overlaps with an existing prefix 'k'. Prefixes for a single client must not overlap.\r\n"
    )


def test_keys_that_expire_and_databases_that_are_emptied() -> None:
    server = SimulatedServer()
    reader = connect(server)
    reader.call("CLIENT", "TRACKING", "ON")
    reader.send(b"SET k v PX 10\r\nGET k\r\n")
    server.pass_time(20)
    assert reader.receive() == INVALID
    reader.call("GET", "k")
    server.connect().call("FLUSHALL")
    assert reader.receive() == b">2\r\n$10\r\ninvalidate\r\n_\r\n"


def test_only_what_was_asked_for_with_caching() -> None:
    server = SimulatedServer()
    reader = connect(server)
    reader.call("CLIENT", "TRACKING", "ON", "OPTIN")
    reader.call("GET", "k")
    changed(server)
    assert reader.receive() == b""
    assert reader.send(b"CLIENT CACHING YES\r\nGET k\r\n") == b"+OK\r\n$3\r\nnew\r\n"
    changed(server)
    assert reader.receive() == INVALID


def test_more_keys_than_the_table_may_have() -> None:
    server = SimulatedServer(tracking_table_max_keys="1")
    reader = connect(server)
    reader.call("CLIENT", "TRACKING", "ON")
    reader.send(b"GET a\r\nGET b\r\n")
    assert reader.call("PING").count(b"invalidate") == 1
    assert b"tracking_total_keys:1\r\n" in reader.call("INFO", "stats")


@pytest.mark.parametrize(("version", "told"), [("6.2", b"named"), ("7.0", b"named"), ("7.2", b"read")])
def test_what_a_script_reads(version: str, told: bytes) -> None:
    """Before 7.2 that is all keys that it was named, if it reads any; since then what it reads."""
    server = SimulatedServer(version)
    client, writer = server.connect(), server.connect()
    client.call("HELLO", 3)
    client.call("CLIENT", "TRACKING", "ON")
    client.call("EVAL", "return redis.call('set', 'written', 1)", 1, "named")
    writer.call("MSET", "named", 1, "read", 1)
    assert client.receive() == b""
    client.call("EVAL", "return redis.call('get', 'read')", 1, "named")
    writer.call("MSET", "named", 1, "read", 1)
    assert client.receive() == b">2\r\n$10\r\ninvalidate\r\n*1\r\n$%d\r\n%b\r\n" % (len(told), told)


def test_who_reads_is_told_first_what_went_for_want_of_memory() -> None:
    server = SimulatedServer("7.0", maxmemory="1000000", maxmemory_policy="volatile-ttl")
    client = connect(server)
    client.call("CLIENT", "TRACKING", "ON")
    client.call("SET", "k", "v", "EX", 100)
    client.call("GET", "k")
    client.call("SETBIT", "large", 1_600_000, 0)
    assert client.call("GET", "k") == INVALID + b"_\r\n"
