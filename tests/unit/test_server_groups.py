"""Consumer groups of the simulated server: XGROUP, XACK, XPENDING, XCLAIM, XAUTOCLAIM, XINFO."""

from __future__ import annotations

import pytest
from support.simulated import Client, SimulatedServer

NO_KEY = (
    b"-ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use the MKSTREAM"
    b" option to create an empty stream automatically.\r\n"
)


def server_with_entries(version: str, entries: int = 3) -> tuple[SimulatedServer, Client]:
    """A stream `k` with the ids 1-0, 2-0, … and a group `g` that has got nothing yet."""
    server = SimulatedServer(version)
    client = server.connect()
    client.call("XGROUP", "CREATE", "k", "g", "0", "MKSTREAM")
    for ms in range(1, entries + 1):
        client.call("XADD", "k", f"{ms}-0", "f", "v")
    return server, client


def read_new(client: Client, consumer: str = "c") -> bytes:
    return client.call("XREADGROUP", "GROUP", "g", consumer, "STREAMS", "k", ">")


def test_a_group_is_made_once() -> None:
    client = SimulatedServer().connect()
    assert client.call("XGROUP", "CREATE", "k", "g", "$") == NO_KEY
    assert client.call("XGROUP", "CREATE", "k", "g", "$", "MKSTREAM") == b"+OK\r\n"
    assert client.call("XGROUP", "CREATE", "k", "g", "$") == b"-BUSYGROUP Consumer Group name already exists\r\n"


@pytest.mark.parametrize(
    ("version", "error"),
    [
        ("6.2", NO_KEY),
        ("7.0", b"-ERR unknown subcommand 'FOO'. Try XGROUP HELP.\r\n"),
    ],
)
def test_before_7_0_the_key_is_looked_for_before_the_subcommand(version: str, error: bytes) -> None:
    client = SimulatedServer(version).connect()
    assert client.call("XGROUP", "FOO", "k", "g") == error


def test_a_consumer_takes_its_pending_entries_with_it() -> None:
    """XGROUP DELCONSUMER: nobody holds them any more."""
    _, client = server_with_entries("7.0")
    read_new(client)
    assert client.call("XGROUP", "DELCONSUMER", "k", "g", "c") == b":3\r\n"
    assert client.call("XPENDING", "k", "g") == b"*4\r\n:0\r\n$-1\r\n$-1\r\n*-1\r\n"


def test_acknowledging_is_all_or_nothing_where_an_id_is_none() -> None:
    _, client = server_with_entries("7.0")
    read_new(client)
    assert client.call("XACK", "k", "g", "1-0", "x") == (
        b"-ERR Invalid stream ID specified as stream command argument\r\n"
    )
    assert client.call("XACK", "k", "g", "1-0", "1-0", "9-0") == b":1\r\n"
    assert client.call("XACK", "k", "nog", "x") == b":0\r\n"


def test_pending_entries_are_told_with_idle_time_and_deliveries() -> None:
    server, client = server_with_entries("7.0", entries=1)
    read_new(client)
    server.pass_time(1500)
    assert client.call("XPENDING", "k", "g") == (
        b"*4\r\n:1\r\n$3\r\n1-0\r\n$3\r\n1-0\r\n*1\r\n*2\r\n$1\r\nc\r\n$1\r\n1\r\n"
    )
    assert client.call("XPENDING", "k", "g", "-", "+", "5") == b"*1\r\n*4\r\n$3\r\n1-0\r\n$1\r\nc\r\n:1500\r\n:1\r\n"
    assert client.call("XPENDING", "k", "g", "IDLE", "1501", "-", "+", "5") == b"*0\r\n"
    assert client.call("XPENDING", "k", "g", "IDLE", "1500", "-", "+", "5").startswith(b"*1\r\n")


def test_a_claim_moves_what_was_idle_for_long_enough() -> None:
    server, client = server_with_entries("7.0", entries=2)
    read_new(client)
    server.pass_time(100)
    assert client.call("XCLAIM", "k", "g", "d", "101", "1-0", "2-0") == b"*0\r\n"
    assert client.call("XCLAIM", "k", "g", "d", "100", "1-0", "2-0", "JUSTID") == b"*2\r\n$3\r\n1-0\r\n$3\r\n2-0\r\n"
    rows = client.call("XPENDING", "k", "g", "-", "+", "5", "d")
    assert rows == b"*2\r\n*4\r\n$3\r\n1-0\r\n$1\r\nd\r\n:0\r\n:1\r\n*4\r\n$3\r\n2-0\r\n$1\r\nd\r\n:0\r\n:1\r\n"


@pytest.mark.parametrize(("version", "left"), [("6.2", b"*1\r\n$-1\r\n"), ("7.0", b"*0\r\n")])
def test_claims_take_deleted_entries_off_the_list_since_7_0(version: str, left: bytes) -> None:
    _, client = server_with_entries(version, entries=1)
    read_new(client)
    client.call("XDEL", "k", "1-0")
    assert client.call("XCLAIM", "k", "g", "d", "0", "1-0") == left
    pending = 1 if version == "6.2" else 0
    assert client.call("XPENDING", "k", "g").startswith(b"*4\r\n:%d\r\n" % pending)


def test_claiming_on_and_on_goes_through_the_whole_list() -> None:
    """XAUTOCLAIM's cursor is the next id that it would look at; deleted entries are told and counted."""
    _, client = server_with_entries("7.0", entries=4)
    read_new(client)
    client.call("XDEL", "k", "2-0")
    first = client.call("XAUTOCLAIM", "k", "g", "d", "0", "0", "COUNT", "2", "JUSTID")
    assert first == b"*3\r\n$3\r\n3-0\r\n*1\r\n$3\r\n1-0\r\n*1\r\n$3\r\n2-0\r\n"
    rest = client.call("XAUTOCLAIM", "k", "g", "d", "0", "3-0", "COUNT", "2", "JUSTID")
    assert rest == b"*3\r\n$3\r\n0-0\r\n*2\r\n$3\r\n3-0\r\n$3\r\n4-0\r\n*0\r\n"


@pytest.mark.parametrize(("version", "lag"), [("7.0", b":3"), ("7.2", b":3"), ("7.4", b":0"), ("8.6", b":0")])
def test_the_lag_of_a_stream_that_lost_all_its_entries(version: str, lag: bytes) -> None:
    _, client = server_with_entries(version)
    client.call("XDEL", "k", "1-0", "2-0", "3-0")
    client.call("XGROUP", "SETID", "k", "g", "0", "ENTRIESREAD", "0")
    assert client.call("XINFO", "GROUPS", "k").endswith(b"$3\r\nlag\r\n%b\r\n" % lag)


def test_an_unknown_lag_is_null() -> None:
    """An entry was deleted that the group had not got."""
    _, client = server_with_entries("7.0")
    client.call("XREADGROUP", "GROUP", "g", "c", "COUNT", "1", "STREAMS", "k", ">")
    client.call("XDEL", "k", "2-0")
    assert client.call("XINFO", "GROUPS", "k").endswith(b"$12\r\nentries-read\r\n:1\r\n$3\r\nlag\r\n$-1\r\n")


def test_a_consumer_that_asked_and_one_that_got_something() -> None:
    """Since 7.2 a consumer is there when it has asked; `inactive` tells when it got something, -1: never."""
    server, client = server_with_entries("7.2", entries=1)
    read_new(client, "got")
    server.pass_time(10)
    assert read_new(client, "asked") == b"*-1\r\n"
    asked, got = b"$5\r\nasked", b"$3\r\ngot"
    row = b"*8\r\n$4\r\nname\r\n%b\r\n$7\r\npending\r\n:%d\r\n$4\r\nidle\r\n:%d\r\n$8\r\ninactive\r\n:%d\r\n"
    assert client.call("XINFO", "CONSUMERS", "k", "g") == b"*2\r\n" + row % (asked, 0, 0, -1) + row % (got, 1, 10, 10)


def test_a_stream_in_full_is_maps_in_resp3() -> None:
    _, client = server_with_entries("7.0", entries=1)
    client.call("HELLO", "3")
    read_new(client)
    told = client.call("XINFO", "STREAM", "k", "FULL")
    assert told.startswith(
        b"%9\r\n$6\r\nlength\r\n:1\r\n$15\r\nradix-tree-keys\r\n:1\r\n$16\r\nradix-tree-nodes\r\n:2\r\n"
    )
    assert b"$6\r\ngroups\r\n*1\r\n%7\r\n$4\r\nname\r\n$1\r\ng\r\n" in told
    assert told.endswith(b"$7\r\npending\r\n*1\r\n*3\r\n$3\r\n1-0\r\n:1700000000000\r\n:1\r\n")


@pytest.mark.parametrize("version", ["5.0", "6.2", "7.0", "7.2"])
def test_help_is_lines_of_status(version: str) -> None:
    client = SimulatedServer(version).connect()
    for command in ("XGROUP", "XINFO"):
        lines = client.call(command, "HELP").split(b"\r\n")
        assert lines[0] == b"*%d" % (len(lines) - 2)
        assert lines[1].startswith(b"+%b <subcommand> " % command.encode())
        assert all(line.startswith(b"+") for line in lines[1:-1])


@pytest.mark.parametrize(("version", "idle_ms"), [("6.0", 0), ("6.2", 10)])
def test_before_6_2_who_is_asked_about_was_seen(version: str, idle_ms: int) -> None:
    server, client = server_with_entries(version, entries=1)
    read_new(client)
    server.pass_time(10)
    client.call("XPENDING", "k", "g", "-", "+", "1", "c")
    assert client.call("XINFO", "CONSUMERS", "k", "g").endswith(b"$4\r\nidle\r\n:%d\r\n" % idle_ms)


@pytest.mark.parametrize("version", ["7.0", "7.2", "8.6"])
def test_a_wait_that_ends_in_an_error_is_counted_as_one(version: str) -> None:
    """XGROUP DESTROY ends the waits of the group's readers: in commandstats and errorstats like any other error."""
    server, client = server_with_entries(version, 0)
    reader = server.connect()
    assert read_blocking(reader) == b""
    client.call("XGROUP", "DESTROY", "k", "g")
    assert reader.receive().startswith(b"-NOGROUP ")
    assert b"errorstat_NOGROUP:count=1\r\n" in client.call("INFO", "errorstats")
    assert b"rejected_calls=0,failed_calls=1" in client.call("INFO", "commandstats").split(b"cmdstat_xreadgroup:")[1]


def test_keys_whose_going_wakes_somebody_are_counted() -> None:
    """Of XREADGROUP's, not of XREAD's; until it is over."""
    server, client = server_with_entries("8.0", 0)
    group_reader, reader = server.connect(), server.connect()
    reader.call("XREAD", "BLOCK", 0, "STREAMS", "k", "$")
    assert b"total_blocking_keys_on_nokey:0\r\n" in client.call("INFO", "clients")
    read_blocking(group_reader)
    assert b"total_blocking_keys_on_nokey:1\r\n" in client.call("INFO", "clients")
    client.call("DEL", "k")
    assert b"total_blocking_keys_on_nokey:0\r\n" in client.call("INFO", "clients")


def read_blocking(client: Client) -> bytes:
    return client.call("XREADGROUP", "GROUP", "g", "c", "BLOCK", 0, "STREAMS", "k", ">")


def test_what_producers_said_is_forgotten_once_a_second() -> None:
    """A message that is old enough is still known until the server's next look, as Redis' cron has it."""
    server = SimulatedServer("8.6")
    client = server.connect()
    client.call("XADD", "k", "1-1", "f", "v")
    client.call("XCFGSET", "k", "IDMP-DURATION", 1)
    first = client.call("XADD", "k", "IDMP", "p", "m", "*", "f", "v")
    server.pass_time(999)
    assert client.call("XADD", "k", "IDMP", "p", "m", "*", "f", "v") == first
    server.pass_time(1001)
    assert client.call("XADD", "k", "IDMP", "p", "m", "*", "f", "v") != first
