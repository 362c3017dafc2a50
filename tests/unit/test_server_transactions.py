"""MULTI, EXEC, WATCH: when a transaction fails, by version as it was measured on 5.0.6, 6.2.14, 7.0.15 and 8.6.3."""

import pytest
from support.simulated import SimulatedServer

VERSIONS = ["5.0", "6.2", "7.0", "8.6"]
RUNS = b"*1\r\n+PONG\r\n"


def transaction(version: str, *steps: str) -> str:
    """What becomes of a transaction after these steps: a step of another client begins with "other"."""
    server = SimulatedServer(version)
    client, other = server.connect(), server.connect()
    client.call("DEBUG", "SET-ACTIVE-EXPIRE", "0")
    for step in steps:
        if step == "time":
            server.pass_time(20)
        else:
            words = step.split()
            (other.call(*words[1:]) if words[0] == "other" else client.call(*words))
    client.call("MULTI")
    client.call("PING")
    return "runs" if client.call("EXEC") == RUNS else "fails"


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    ("steps", "results"),
    [
        (["SET x 1 PX 10", "WATCH x", "time"], "runs fails fails fails"),
        (["SET x 1 PX 10", "WATCH x", "time", "other GET x"], "runs fails fails fails"),
        (["SET x 1 PX 10", "time", "WATCH x"], "runs fails runs runs"),
        (["SET x 1 PX 10", "time", "WATCH x", "other DEL x"], "runs fails runs runs"),
        (["SET x 1 PX 10", "time", "WATCH x", "other GET x"], "runs fails runs runs"),
        (["SET x 1 PX 10", "time", "WATCH x", "other FLUSHDB"], "fails fails runs runs"),
        (["SET x 1 PX 10", "time", "WATCH x", "other SET x 1"], "fails fails fails fails"),
        (["SET x 1 PX 10", "time", "WATCH x", "other DEBUG SET-ACTIVE-EXPIRE 1", "time"], "runs fails runs runs"),
        (["SET x 1", "WATCH x", "other SET x 2", "UNWATCH"], "runs runs runs runs"),
        (["SET x 1", "WATCH x", "other SET x 2", "WATCH y"], "fails fails fails fails"),
    ],
)
def test_watched_keys_that_expire(steps: list[str], results: str, version: str) -> None:
    """That a key goes which had expired before it was watched is no change, and 5.0 does not call expiry one."""
    expected = dict(zip(VERSIONS, results.split(), strict=True))[version]
    assert transaction(version, *steps) == expected


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    ("steps", "results"),
    [
        (["WATCH x", "other SWAPDB 0 1"], "runs runs runs runs"),
        (["SET x 1 PX 10", "time", "WATCH x", "other SWAPDB 0 1"], "runs fails runs runs"),
        (["SELECT 1", "SET x 1", "SELECT 0", "WATCH x", "other SWAPDB 0 1"], "runs fails fails fails"),
        (
            ["SELECT 1", "SET x 1 PX 10", "time", "SELECT 0", "WATCH x", "other SWAPDB 0 1"],
            "runs fails runs runs",
        ),
        (
            ["SET x 1 PX 10", "SELECT 1", "SET x 1 PX 10", "time", "SELECT 0", "WATCH x", "other SWAPDB 0 1"],
            "runs fails runs runs",
        ),
    ],
)
def test_watched_keys_in_databases_that_are_swapped(steps: list[str], results: str, version: str) -> None:
    expected = dict(zip(VERSIONS, results.split(), strict=True))[version]
    assert transaction(version, *steps) == expected


def test_a_client_that_has_gone_watches_nothing() -> None:
    server = SimulatedServer("7.4")
    client, other = server.connect(), server.connect()
    client.call("WATCH", "x", "y")
    assert b"total_watched_keys:2" in other.call("INFO", "clients")
    server.engine.disconnect(client.session)
    assert b"total_watched_keys:0" in other.call("INFO", "clients")
    assert other.call("SET", "x", "1") == b"+OK\r\n"


def test_keys_that_have_expired_are_there_until_somebody_looks() -> None:
    """DBSIZE counts them; KEYS neither shows nor removes them."""
    server = SimulatedServer("7.0")
    client = server.connect()
    client.call("DEBUG", "SET-ACTIVE-EXPIRE", "0")
    client.call("SET", "x", "1", "PX", "10")
    server.pass_time(20)
    assert client.call("KEYS", "*") == b"*0\r\n"
    assert client.call("DBSIZE") == b":1\r\n"
    assert client.call("RANDOMKEY") == b"$-1\r\n"
    assert client.call("DBSIZE") == b":0\r\n"


@pytest.mark.parametrize("version", ["6.0", "7.0"])
def test_a_transaction_that_is_refused_is_over(version: str) -> None:
    server = SimulatedServer(version)
    client, other = server.connect(), server.connect()
    client.call("MULTI")
    client.call("SET", "k", "v")
    other.call("CONFIG", "SET", "maxmemory", "1")
    assert client.call("EXEC").startswith(b"-EXECABORT Transaction discarded because of: OOM command not allowed")
    assert client.call("EXEC") == b"-ERR EXEC without MULTI\r\n"


def test_the_folder_may_be_set_to_what_it_is() -> None:
    client = SimulatedServer("6.0", dir="/somewhere").connect()
    assert client.call("CONFIG", "SET", "dir", "/somewhere") == b"+OK\r\n"
    assert client.call("CONFIG", "SET", "dir", "/elsewhere").startswith(b"-ERR Changing directory")


@pytest.mark.parametrize("version", ["6.0", "8.6"])
def test_a_transaction_bears_what_all_its_commands_bear(version: str) -> None:
    """A replica without its primary refuses to run a transaction that reads, not one that only asks for the time."""
    server = SimulatedServer(version)
    client, other = server.connect(), server.connect()
    other.call("CONFIG", "SET", "replica-serve-stale-data", "no")
    for words, refused in ((["GET", "k"], True), (["TIME"], False)):
        other.call("REPLICAOF", "NO", "ONE")
        client.call("MULTI")
        client.call(*words)
        other.call("REPLICAOF", "localhost", "1")
        assert (b"EXECABORT" in client.call("EXEC")) == refused


@pytest.mark.parametrize(("version", "refused"), [("6.2", False), ("7.0", True)])
@pytest.mark.parametrize("word", ["SAVE", "SHUTDOWN"])
def test_what_a_transaction_may_not_hold(version: str, word: str, *, refused: bool) -> None:
    client = SimulatedServer(version).connect()
    client.call("MULTI")
    reply = client.call(word)
    assert reply == (b"-ERR Command not allowed inside a transaction\r\n" if refused else b"+QUEUED\r\n")
    if refused:
        assert client.call("EXEC").startswith(b"-EXECABORT")


def test_who_waits_does_not_get_what_expired_while_the_server_slept() -> None:
    server = SimulatedServer("7.0")
    waiting, client = server.connect(), server.connect()
    waiting.call("BLPOP", "k", 0)
    client.send(b"MULTI\r\nRPUSH k a\r\nPEXPIRE k 100\r\nDEBUG SLEEP 0.2\r\nEXEC\r\n")
    assert waiting.receive() == b""
    assert client.call("EXISTS", "k") == b":0\r\n"
