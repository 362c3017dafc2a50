"""HyperLogLogs in the simulated server, to the byte."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis_streams.simulations.server.types import _hyperloglog as hyperloglog
from redis_streams.simulations.server.types._hyperloglog_sparse import Runs
from support.simulated import Client, SimulatedServer

PLACES = st.lists(st.tuples(st.integers(0, hyperloglog.REGISTERS - 1) | st.integers(0, 20), st.integers(1, 32)))


def connect(version: str = "7.0") -> Client:
    return SimulatedServer(version).connect()


def test_elements_are_counted_once() -> None:
    client = connect()
    assert client.call("PFADD", "h", *"abcdefg") == b":1\r\n"
    assert client.call("PFADD", "h", "a") == b":0\r\n"
    assert client.call("PFCOUNT", "h") == b":7\r\n"


def test_a_new_one_is_one_run_of_zeros() -> None:
    client = connect()
    client.call("PFADD", "h")
    assert client.call("PFDEBUG", "DECODE", "h") == b"$7\r\nZ:16384\r\n"
    assert client.call("GET", "h") == b"$18\r\nHYLL\x01" + bytes(10) + b"\x80\x7f\xff\r\n"


def test_several_are_counted_together_and_merged() -> None:
    client = connect()
    client.call("PFADD", "h", "a", "b")
    client.call("PFADD", "i", "b", "c")
    assert client.call("PFCOUNT", "h", "i", "none") == b":3\r\n"
    assert client.call("PFMERGE", "d", "h", "i") == b"+OK\r\n"
    assert client.call("PFCOUNT", "d") == b":3\r\n"


def test_a_large_one_becomes_dense() -> None:
    client = connect()
    client.call("PFADD", "h", *range(3000))
    assert client.call("PFDEBUG", "ENCODING", "h") == b"+dense\r\n"
    assert client.call("STRLEN", "h") == b":12304\r\n"
    assert 2900 < int(client.call("PFCOUNT", "h")[1:]) < 3100


def test_damage_is_seen() -> None:
    client = connect()
    client.call("PFADD", "h", "a", "b", "c")
    client.call("APPEND", "h", "hello")
    assert client.call("PFCOUNT", "h") == b"-INVALIDOBJ Corrupted HLL object detected\r\n"
    client.call("SETRANGE", "h", 0, "0123")
    assert client.call("PFCOUNT", "h") == b"-WRONGTYPE Key is not a valid HyperLogLog string value.\r\n"


@pytest.mark.parametrize(("version", "state"), [("8.0", b"+disabled\r\n"), ("7.0", b"-ERR The specified key does")])
def test_newer_servers_handle_several_registers_at_once(version: str, state: bytes) -> None:
    assert connect(version).call("PFDEBUG", "SIMD", "OFF").startswith(state)


@given(PLACES)
def test_both_encodings_have_the_same_registers(places: list[tuple[int, int]]) -> None:
    data, dense = hyperloglog.empty(), hyperloglog.empty()
    hyperloglog.to_dense(dense)
    sparse = Runs(data)
    for index, value in places:
        assert sparse.put(index, value, 1 << 20) == hyperloglog.set_dense(dense, index, value)
    data[hyperloglog.HEADER :] = sparse.encode()
    assert hyperloglog.registers(data) == hyperloglog.registers(dense)
    assert hyperloglog.packed(hyperloglog.registers(dense)) == dense[hyperloglog.HEADER :]
