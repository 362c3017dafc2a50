"""CLIENT PAUSE: what it puts off, and that nothing changes by itself meanwhile."""

import pytest
from support.simulated import Client, SimulatedServer

READS = "#!lua flags=no-writes\nreturn 1"


def paused(version: str = "7.0", *mode: str) -> tuple[SimulatedServer, Client]:
    server = SimulatedServer(version)
    client = server.connect()
    client.call("SET", "x", "v", "PX", 10)
    client.call("CLIENT", "PAUSE", 1000, *mode)
    return server, client


@pytest.mark.parametrize(
    ("words", "goes_on"),
    [
        (["GET", "x"], True),
        (["SET", "x", "1"], False),
        (["PUBLISH", "c", "m"], False),
        (["EVAL", "return 1", "0"], False),
        (["EVAL", "#!lua\nreturn 1", "0"], False),
        (["EVAL", READS, "0"], True),
        (["EVAL_RO", "return 1", "0"], True),
    ],
)
def test_a_pause_of_writes(words: list[str], *, goes_on: bool) -> None:
    """A script that says that it does not write goes on; one that says nothing might."""
    server, client = paused("7.0", "WRITE")
    assert bool(client.call(*words)) == goes_on
    server.pass_time(2000)
    assert bool(client.receive()) != goes_on


@pytest.mark.parametrize("script", ["return 1", READS])
def test_a_transaction_with_a_script(script: str) -> None:
    _, client = paused("7.0", "WRITE")
    client.call("MULTI")
    client.call("EVAL", script, 0)
    assert client.call("EXEC") == (b"*1\r\n:1\r\n" if script == READS else b"")


def test_what_may_concern_replicas_is_not_for_scripts_that_only_read() -> None:
    client = SimulatedServer("7.0").connect()
    refused = b"-ERR Write commands are not allowed from read-only scripts."
    assert client.call("EVAL_RO", "return redis.call('PUBLISH', 'c', 'm')", 0).startswith(refused)


def test_keys_that_expire_meanwhile_stay() -> None:
    """They are not to be read, but are there; RANDOMKEY gives up looking for one that is."""
    server, client = paused("7.0", "WRITE")
    server.pass_time(100)
    assert client.call("GET", "x") == b"$-1\r\n"
    assert client.call("DBSIZE") == b":1\r\n"
    assert client.call("RANDOMKEY") == b"$1\r\nx\r\n"
    server.pass_time(1000)
    assert client.call("DBSIZE") == b":0\r\n"
    assert client.call("RANDOMKEY") == b"$-1\r\n"
