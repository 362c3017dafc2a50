"""XREAD and XREADGROUP of the simulated server: what they give, who waits, and what ends it."""

from __future__ import annotations

import pytest
from redis_streams.simulations.server.streams._read_options import KNOWN_BYTES, KNOWN_MAX
from support.simulated import Client, SimulatedServer

OLD_NO_GROUP = b"-NOGROUP the consumer group this client was blocked on no longer exists\r\n"
NO_GROUP = b"-NOGROUP No such key 'k' or consumer group 'g' in XREADGROUP with GROUP option\r\n"


def one_entry(ms: int) -> bytes:
    """A reply of one stream with one entry."""
    return b"*1\r\n*2\r\n$1\r\nk\r\n*1\r\n*2\r\n$3\r\n%d-0\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n" % ms


def server_with_group(version: str) -> tuple[SimulatedServer, Client]:
    server = SimulatedServer(version)
    client = server.connect()
    client.call("XGROUP", "CREATE", "k", "g", "0", "MKSTREAM")
    return server, client


def wait_for_new(server: SimulatedServer, consumer: str, *options: str) -> Client:
    """A client that waits for what is new to the group."""
    client = server.connect()
    assert client.call("XREADGROUP", "GROUP", "g", consumer, "BLOCK", "0", *options, "STREAMS", "k", ">") == b""
    return client


def add(client: Client, ms: int) -> None:
    assert client.call("XADD", "k", f"{ms}-0", "f", "v") == b"$3\r\n%d-0\r\n" % ms


def test_history_holds_what_is_deleted_as_null() -> None:
    _, client = server_with_group("7.0")
    add(client, 1)
    client.call("XREADGROUP", "GROUP", "g", "c", "STREAMS", "k", ">")
    client.call("XDEL", "k", "1-0")
    history = client.call("XREADGROUP", "GROUP", "g", "c", "STREAMS", "k", "0")
    assert history == b"*1\r\n*2\r\n$1\r\nk\r\n*1\r\n*2\r\n$3\r\n1-0\r\n*-1\r\n"


def test_history_of_nothing_is_no_null_and_does_not_wait() -> None:
    _, client = server_with_group("7.0")
    history = client.call("XREADGROUP", "GROUP", "g", "c", "BLOCK", "0", "STREAMS", "k", "0")
    assert history == b"*1\r\n*2\r\n$1\r\nk\r\n*0\r\n"


def test_without_acknowledgement_nothing_is_pending() -> None:
    _, client = server_with_group("7.0")
    add(client, 1)
    assert client.call("XREADGROUP", "GROUP", "g", "c", "NOACK", "STREAMS", "k", ">") == one_entry(1)
    assert client.call("XPENDING", "k", "g") == b"*4\r\n:0\r\n$-1\r\n$-1\r\n*-1\r\n"


@pytest.mark.parametrize("version", ["6.2", "7.0", "7.2", "8.6"])
def test_who_waits_longest_gets_the_entry(version: str) -> None:
    server, client = server_with_group(version)
    first, second = wait_for_new(server, "first"), wait_for_new(server, "second")
    add(client, 1)
    assert (first.receive(), second.receive()) == (one_entry(1), b"")
    add(client, 2)
    assert (first.receive(), second.receive()) == (b"", one_entry(2))


def test_a_wait_ends_by_itself() -> None:
    server = SimulatedServer()
    client = server.connect()
    assert client.call("XREAD", "BLOCK", "100", "STREAMS", "k", "$") == b""
    server.pass_time(99)
    assert client.receive() == b""
    server.pass_time(2)
    assert client.receive() == b"*-1\r\n"


def test_the_end_of_the_stream_is_the_one_when_the_wait_began() -> None:
    server, client = server_with_group("7.2")
    add(client, 1)
    reader = server.connect()
    reader.call("XREAD", "BLOCK", "0", "STREAMS", "k", "$")
    add(client, 2)
    assert reader.receive() == one_entry(2)


@pytest.mark.parametrize(("version", "error"), [("6.2", OLD_NO_GROUP), ("7.0", OLD_NO_GROUP), ("7.2", NO_GROUP)])
def test_a_destroyed_group_wakes_its_readers(version: str, error: bytes) -> None:
    server, client = server_with_group(version)
    reader = wait_for_new(server, "c")
    client.call("XGROUP", "DESTROY", "k", "g")
    assert reader.receive() == error


def test_before_7_2_a_reader_is_woken_for_an_entry_that_is_gone_again() -> None:
    """Before 7.2 the last id is looked at, as after a transaction of XADD and XDEL; here XSETID raises it."""
    for version, reply in (("7.0", b"*1\r\n*2\r\n$1\r\nk\r\n*0\r\n"), ("7.2", b"")):
        server, client = server_with_group(version)
        reader = wait_for_new(server, "c")
        client.call("XSETID", "k", "5-0")
        server.engine.signal_ready(server.engine.databases[0], b"k")
        server.pass_time(0)
        assert reader.receive() == reply


@pytest.mark.parametrize(("version", "made"), [("7.0", b"*0\r\n"), ("7.2", b"*1\r\n")])
def test_since_7_2_a_consumer_that_waits_exists(version: str, made: bytes) -> None:
    server, client = server_with_group(version)
    wait_for_new(server, "c")
    assert client.call("XINFO", "CONSUMERS", "k", "g").startswith(made)


def test_a_thousand_entries_at_most_wake_a_reader_before_7_2() -> None:
    for version, count in (("7.0", 1000), ("7.2", 1001)):
        server, client = server_with_group(version)
        for ms in range(1, 1002):
            client.call("XADD", "k", f"{ms}-0", "f", "v")
        client.call("XGROUP", "SETID", "k", "g", "$")
        reader = wait_for_new(server, "c")
        client.call("XGROUP", "SETID", "k", "g", "0")
        server.engine.signal_ready(server.engine.databases[0], b"k")
        server.pass_time(0)
        assert reader.receive().startswith(b"*1\r\n*2\r\n$1\r\nk\r\n*%d\r\n" % count)


def test_streams_are_a_map_in_resp3() -> None:
    _, client = server_with_group("7.0")
    client.call("HELLO", "3")
    add(client, 1)
    entries = b"*1\r\n*2\r\n$3\r\n1-0\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n"
    assert client.call("XREAD", "STREAMS", "k", "k", "0", "0") == b"%2\r\n" + 2 * (b"$1\r\nk\r\n" + entries)
    assert client.call("XREAD", "STREAMS", "k", "$") == b"_\r\n"


def test_a_read_that_claims_takes_the_oldest_deliveries_first() -> None:
    """8.4: entries of others come before new ones, with how long they were idle and how often delivered."""
    server, client = server_with_group("8.4")
    add(client, 1)
    client.call("XREADGROUP", "GROUP", "g", "c", "STREAMS", "k", ">")
    server.pass_time(50)
    add(client, 2)
    reply = client.call("XREADGROUP", "GROUP", "g", "d", "CLAIM", "50", "STREAMS", "k", ">")
    entry = b"*4\r\n$3\r\n%d-0\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n:%d\r\n:%d\r\n"
    assert reply == b"*1\r\n*2\r\n$1\r\nk\r\n*2\r\n" + entry % (1, 50, 1) + entry % (2, 0, 0)


def test_a_wait_that_claims_ends_when_an_entry_was_idle_for_long_enough() -> None:
    server, client = server_with_group("8.4")
    add(client, 1)
    client.call("XREADGROUP", "GROUP", "g", "c", "STREAMS", "k", ">")
    reader = wait_for_new(server, "d", "CLAIM", "200")
    server.pass_time(200)
    assert reader.receive() == b""
    server.pass_time(1)
    assert reader.receive().endswith(b":201\r\n:1\r\n")


def test_before_8_4_nobody_claims_by_reading() -> None:
    _, client = server_with_group("8.2")
    reply = client.call("XREADGROUP", "GROUP", "g", "d", "CLAIM", "50", "STREAMS", "k", ">")
    assert reply == b"-ERR syntax error\r\n"


def test_a_wait_that_would_end_when_an_earlier_one_would_have() -> None:
    """Deadlines of the same time were compared by what waited, which has no order."""
    server = SimulatedServer()
    reader, writer = server.connect(), server.connect()
    reader.call("XREAD", "BLOCK", "100", "STREAMS", "k", "$")
    add(writer, 1)
    assert reader.receive() == one_entry(1)
    reader.call("XREAD", "BLOCK", "100", "STREAMS", "k", "$")
    server.pass_time(100)
    assert reader.receive() == b"*-1\r\n"


def test_a_read_that_is_known_is_refused_in_a_script_all_the_same() -> None:
    """Reads of what is new are parsed once; whether they may wait is asked each time."""
    words = ("XREADGROUP", "GROUP", "g", "c", "BLOCK", "9", "STREAMS", "k", ">")
    _, client = server_with_group("6.2")
    for ms in (1, 2):
        add(client, ms)
        client.call(*words)
    refused = client.call("EVAL", "return redis.call(unpack(ARGV))", "0", *words)
    assert b"XREADGROUP command is not allowed with BLOCK option from scripts" in refused


def test_reads_that_are_known_do_not_pile_up() -> None:
    server, client = server_with_group("8.0")
    for number in range(2 * KNOWN_MAX):
        client.call("XREADGROUP", "GROUP", "g", f"c{number}", "STREAMS", "k", ">")
        client.call("XREADGROUP", "GROUP", "g", f"{number}" * KNOWN_BYTES, "STREAMS", "k", ">")
    known = server.engine.known_reads.by_words
    assert 0 < len(known) <= KNOWN_MAX
    assert sum(len(word) for words in known for word in words) <= KNOWN_MAX * KNOWN_BYTES


def test_a_script_gets_entries_as_a_client_does() -> None:
    _, client = server_with_group("8.0")
    add(client, 1)
    read = ("XREAD", "STREAMS", "k", "0")
    assert client.call("EVAL", "return redis.call(unpack(ARGV))", "0", *read) == client.call(*read) == one_entry(1)
    words = ("XRANGE", "k", "-", "+")
    assert client.call("EVAL", "return redis.call(unpack(ARGV))[1][2][2]", "0", *words) == b"$1\r\nv\r\n"
