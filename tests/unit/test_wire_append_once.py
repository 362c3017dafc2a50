"""Tokens: for how long they are remembered, what is refused, and what Redis 8.6 is told about them."""

from __future__ import annotations

from redis_streams.wire import load
from support.simulated import Client, SimulatedServer

WINDOW_MS = 10_000


def append(client: Client, token: str, *words: str) -> bytes:
    words = words or ("n", "1")
    keys = ("s", "{s}:published", "{s}:published:older")
    return client.call("EVAL", load("append_once").source, 3, *keys, WINDOW_MS, "", token, len(words), *words)


def test_a_token_is_remembered_for_its_window_whenever_that_begins() -> None:
    """Others come all the time, so that the hashes turn in between."""
    server = SimulatedServer()
    client = server.connect()
    first = append(client, "one")
    for number in range(9):
        server.pass_time(WINDOW_MS / 9)
        append(client, f"other-{number}")
        late = append(client, f"late-{number}")
        server.pass_time(WINDOW_MS - 1)
        assert append(client, f"late-{number}") == late
    assert append(client, "one") != first


def test_a_token_is_forgotten_after_about_two_windows() -> None:
    """Also where nobody publishes any more, so that no key stays behind."""
    server = SimulatedServer()
    client = server.connect()
    append(client, "one")
    server.pass_time(2 * WINDOW_MS + 1)
    assert client.call("EXISTS", "{s}:published", "{s}:published:older") == b":0\r\n"


def test_a_token_is_forgotten_while_others_come() -> None:
    """What is remembered does not grow without end."""
    server = SimulatedServer()
    client = server.connect()
    for number in range(100):
        append(client, f"token-{number}")
        server.pass_time(WINDOW_MS / 10)
    held = sum(int(client.call("HLEN", key)[1:]) for key in ("{s}:published", "{s}:published:older"))
    assert 10 <= held <= 22


def test_an_entry_too_long_for_a_script_is_refused_and_others_are_not_touched() -> None:
    """Lua can't make a command of so many words."""
    client = SimulatedServer().connect()
    words = ("f", "v") * 3501
    assert b"too long to be published once" in append(client, "one", *words)
    assert append(client, "two").startswith(b"*1\r\n$")
    assert client.call("XLEN", "s") == b":1\r\n"


def test_what_redis_remembers_is_never_made_less() -> None:
    """Each change would make it forget everything, so an equal or a smaller wish changes nothing."""
    client = SimulatedServer("8.6").connect()

    def keep(seconds: int) -> bytes:
        return client.call("EVAL", load("keep_tokens").source, 1, "s", seconds, 10_000)

    assert keep(200) == b"*2\r\n:200\r\n:10000\r\n"
    first = client.call("XADD", "s", "IDMP", "p", "one", "*", "n", "1")
    assert keep(100) == keep(200) == b"*2\r\n:200\r\n:10000\r\n"
    assert client.call("XADD", "s", "IDMP", "p", "one", "*", "n", "1") == first
    assert client.call("XLEN", "s") == b":1\r\n"
