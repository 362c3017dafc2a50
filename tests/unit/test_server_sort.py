"""SORT in the simulated server."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis_streams.simulations.server.types._partial_sort import partial_sort
from support.simulated import Client, SimulatedServer


def connect(version: str = "7.0") -> Client:
    client = SimulatedServer(version).connect()
    client.call("RPUSH", "l", 3, 1, 10, 2)
    client.call("MSET", "w_1", 3, "w_2", 2, "w_3", 1, "w_10", 0)
    client.call("HSET", "h_1", "f", "one")
    return client


def items(reply: bytes) -> list[bytes]:
    return [word for word in reply.split(b"\r\n")[1:-1] if word[:1] != b"$" or word == b"$-1"]


def test_elements_are_sorted_as_numbers_or_as_text() -> None:
    client = connect()
    assert items(client.call("SORT", "l")) == [b"1", b"2", b"3", b"10"]
    assert items(client.call("SORT", "l", "ALPHA", "DESC")) == [b"3", b"2", b"10", b"1"]
    assert items(client.call("SORT", "l", "LIMIT", 1, 2)) == [b"2", b"3"]


def test_other_keys_say_the_order_and_what_is_told() -> None:
    client = connect()
    assert items(client.call("SORT", "l", "BY", "w_*", "GET", "#", "GET", "h_*->f")) == [
        *(b"10", b"$-1", b"3", b"$-1", b"2", b"$-1", b"1", b"one"),
    ]
    assert items(client.call("SORT", "l", "BY", "nosort", "DESC")) == [b"2", b"10", b"1", b"3"]


def test_what_is_stored_wakes_who_waits_for_it() -> None:
    server = SimulatedServer()
    client, waiting = server.connect(), server.connect()
    client.call("RPUSH", "l", 2, 1)
    waiting.call("BLPOP", "d", 0)
    assert client.call("SORT", "l", "STORE", "d") == b":2\r\n"
    assert waiting.receive() == b"*2\r\n$1\r\nd\r\n$1\r\n1\r\n"


def test_nothing_stored_removes_what_was_there() -> None:
    client = connect()
    assert client.call("SORT", "none", "STORE", "l") == b":0\r\n"
    assert client.call("EXISTS", "l") == b":0\r\n"


def test_what_is_no_number_is_refused() -> None:
    client = connect()
    client.call("RPUSH", "l", "x")
    assert client.call("SORT", "l") == b"-ERR One or more scores can't be converted into double\r\n"


@pytest.mark.parametrize("option", ["BY", "GET"])
def test_who_may_not_read_all_keys_may_not_name_patterns(option: str) -> None:
    client = connect()
    client.call("ACL", "SETUSER", "bob", "on", "nopass", "+@all", "~l", "(%R~* -@all +sort)")
    client.call("AUTH", "bob", "x")
    refused = f"-ERR {option} option of SORT denied due to insufficient ACL permissions.\r\n".encode()
    assert client.call("SORT", "l", option, "w_*", "STORE", "l") == refused
    assert client.call("SORT", "l", option, "w_*") != refused


def test_sort_ro_stores_nothing() -> None:
    client = connect()
    assert client.call("SORT_RO", "l", "STORE", "d") == b"-ERR syntax error\r\n"
    assert connect("6.2").call("SORT_RO", "l").startswith(b"-ERR unknown command")


@given(st.lists(st.integers(0, 20), max_size=200), st.integers(0, 200), st.integers(0, 50))
def test_a_part_is_sorted_as_if_all_were(rows: list[int], first: int, more: int) -> None:
    expected, last = sorted(rows), first + more
    partial_sort(rows, lambda one, other: one - other, first, last)
    assert rows[first : last + 1] == expected[first : last + 1]
    assert sorted(rows) == expected
    assert all(one <= other for one, other in pairwise(rows[first : last + 1]))


def test_the_oldest_server_looks_at_the_key_before_it_reads_the_options() -> None:
    assert connect("5.0").call("SORT", "w_1", "NONSENSE").startswith(b"-WRONGTYPE")
    assert connect("6.2").call("SORT", "w_1", "NONSENSE") == b"-ERR syntax error\r\n"
    assert connect("5.0").call("SORT", "none", "NONSENSE") == b"-ERR syntax error\r\n"
