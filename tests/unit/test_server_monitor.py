"""MONITOR: what is shown, and when, as it was measured on 5.0.6, 6.2.14, 7.0.15 and 8.6.3."""

import re

import pytest
from support.simulated import Client, SimulatedServer


def shown(received: bytes) -> list[str]:
    """Of lines about commands the number of the database and the words; other lines as they are."""
    text = received.decode().replace("\r\n", "\n").strip("\n")
    return [re.sub(r"^\+[\d.]+ \[(\d+) [^]]+\] (.*)$", r"\1 \2", line) for line in text.split("\n")]


def monitored(version: str) -> tuple[Client, Client]:
    server = SimulatedServer(version)
    client, monitor = server.connect(), server.connect()
    assert monitor.call("MONITOR") == b"+OK\r\n"
    return client, monitor


@pytest.mark.parametrize(("version", "select"), [("5.0", 0), ("6.0", 0), ("6.2", 3), ("7.0", 3), ("8.6", 3)])
def test_commands_are_shown_before_they_run_and_since_6_2_after(version: str, select: int) -> None:
    client, monitor = monitored(version)
    for line in ("SELECT 3", "GET", "SET a b", "LPUSH a 1", "MULTI", "PING", "EXEC", "MULTI", "NONSENSE", "EXEC"):
        client.call(*line.split())
    assert shown(monitor.receive()) == [
        f'{select} "SELECT" "3"',
        *('3 "SET" "a" "b"', '3 "LPUSH" "a" "1"', '3 "MULTI"', '3 "PING"', '3 "EXEC"', '3 "MULTI"', '3 "EXEC"'),
    ]


@pytest.mark.parametrize("version", ["5.0", "6.2", "8.6"])
def test_scripts_are_shown_before_what_they_do(version: str) -> None:
    client, monitor = monitored(version)
    client.call("EVAL", "return redis.call('set', KEYS[1], 1)", 1, "x")
    assert [line.split(" ")[1] for line in shown(monitor.receive())] == ['"EVAL"', '"set"']


@pytest.mark.parametrize(
    ("version", "ping"),
    [("5.0", ['0 "PING"', "+PONG"]), ("6.2", ["+PONG", '0 "PING"']), ("8.6", ["+PONG", '0 "PING"'])],
)
def test_who_monitors_sees_its_own_commands(version: str, ping: list[str]) -> None:
    _, monitor = monitored(version)
    assert shown(monitor.call("PING")) == ping


@pytest.mark.parametrize(("version", "word"), [("6.2", "interract"), ("7.0", "interact")])
def test_who_monitors_reads_no_keys(version: str, word: str) -> None:
    client, monitor = monitored(version)
    assert monitor.call("GET", "x") == f"-ERR Replica can't {word} with the keyspace\r\n".encode()
    assert monitor.call("RESET") == b"+RESET\r\n"
    assert monitor.call("GET", "x") == b"$-1\r\n"
    client.call("GET", "x")
    assert monitor.receive() == b""


@pytest.mark.parametrize(("version", "lines"), [("6.2", [""]), ("7.0", ['0 "QUIT"'])])
def test_quit_is_a_command_since_7_0(version: str, lines: list[str]) -> None:
    client, monitor = monitored(version)
    client.call("QUIT")
    assert shown(monitor.receive()) == lines
