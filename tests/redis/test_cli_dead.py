"""`redis-streams dead`, as people type it: what it shows, what it does, and what it says when something is wrong."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from redis_streams.__main__ import main
from redis_streams.simulations.real import RedisServer

pytestmark = pytest.mark.real_time

KEY = "{orders}:dead:billing"


def letter(server: RedisServer, number: int, kind: str, error: str) -> str:
    """Write a dead letter; returns its id."""
    about = ("dead_id", f"{number}-0", "dead_stream", "orders", "dead_group", "billing", "dead_consumer", "b-1")
    told = ("dead_deliveries", 3, "dead_reason", f"its handler raised {error}: bad", "dead_event_type", kind)
    trace = ("dead_error", error, "dead_traceback", f"Traceback …\n{error}: bad\n", "dead_own", 2)
    return str(server.cli("XADD", KEY, "*", *about, *told, *trace, "event_type", kind, "payload", number))


@pytest.fixture
def dead(redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> object:
    """Types a command; returns its exit code, and what it wrote: lines of both kinds."""
    monkeypatch.setenv("REDIS_URL", redis_server.url)

    def run(command: str, *more: str) -> tuple[int, Sequence[str]]:
        first, *rest = command.split()
        code = main(["dead", first, "orders", "billing", *rest, *more])
        captured = capsys.readouterr()
        return code, (captured.out + captured.err).splitlines()

    return run


def test_they_are_listed_and_shown(dead: object, redis_server: RedisServer) -> None:
    """In columns; one of them whole, with its fields and its traceback."""
    assert dead("list") == (1, ["redis-streams: there is no stream orders"])
    redis_server.cli("XADD", "orders", "*", "event_type", "a")
    assert dead("list") == (0, ["0 dead letters of billing in orders"])
    first = letter(redis_server, 1, "order.placed", "ValueError")
    letter(redis_server, 2, "order.paid", "KeyError")
    code, (head, row, last) = dead("list --type order.placed")
    assert (code, head.split()) == (0, ["id", "died", "event", "type", "deliveries", "error", "reason"])
    assert row.split()[0] == first
    assert row.endswith("order.placed  3           ValueError  its handler raised ValueError: bad")
    assert last == "1 of 2 dead letters of billing in orders"
    code, lines = dead("show", first)
    text = "\n".join(lines)
    assert code == 0
    for words in ("1-0 of orders", "at b-1 of billing", "never", "payload     1", "  ValueError: bad"):
        assert words in text


def test_whoever_publishes_sends_a_terminal_nothing(dead: object, redis_server: RedisServer) -> None:
    """Types, reasons and payloads are theirs: they could forge a line, or clear the screen."""
    first = letter(redis_server, 1, "a\n99-0 forged\x1b[2J", "Bad\x1b]0;title\x07")
    for command in ("list", "redrive --all --dry-run", "purge --all --dry-run", f"show {first}"):
        code, lines = dead(*command.split(" ", 1)) if command.startswith("show") else dead(command)
        assert code == 0
        assert all(line.isprintable() for line in lines)
        assert any(r"a\n99-0 forged\x1b[2J" in line for line in lines)


def test_they_are_mended_and_given_back(dead: object, redis_server: RedisServer) -> None:
    """First to see what would be, then in earnest."""
    first = letter(redis_server, 1, "order.placed", "ValueError")
    letter(redis_server, 2, "order.paid", "KeyError")
    code, [changed] = dead("edit", first, 'payload={"amount": 12}')
    assert (code, changed.startswith("changed payload; the letter is ")) == (0, True)
    code, lines = dead("redrive --error ValueError --dry-run")
    assert (code, lines[-1]) == (0, "1 dead letter would be given back to orders, for billing")
    assert redis_server.cli("XLEN", "orders") == 0
    code, lines = dead("redrive --error ValueError")
    assert (code, lines[-1]) == (0, "1 dead letter given back to orders, for billing")
    [(new_id, flat)] = redis_server.cli("XRANGE", "orders", "-", "+")
    assert lines[1].split() == [changed.split()[5], "order.placed", new_id]
    assert flat[:4] == ["event_type", "order.placed", "payload", '{"amount": 12}']
    assert dead("purge --newer 1h --dry-run")[1][-1] == "1 dead letter would be thrown away"
    assert dead("purge --all")[1][-1] == "1 dead letter thrown away"
    assert dead("redrive --all") == (0, ["0 dead letters given back to orders, for billing"])


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("purge", "say which ones to throw away: with --id, --type, --error, --older or --newer, or --all of them"),
        ("show 7-7", "billing of orders has no dead letter 7-7; `redis-streams dead list` shows those that are there"),
        ("edit 7-7 payload", "'payload' is no FIELD=VALUE, as in 'payload={\"amount\": 12}'"),
        ("list --url http://x", "--url: "),
        ("list --url redis://127.0.0.1:1", "127.0.0.1:1"),
    ],
)
def test_a_mistake_is_one_line(dead: object, command: str, words: str) -> None:
    """That says what to do."""
    code, [line] = dead(command)
    assert code == 1
    assert line.startswith("redis-streams: ")
    assert words in line


@pytest.mark.parametrize(
    "wrong",
    ["list --older soon", "list --older 9999999d", "list --newer 99999999999999999999s", "list --limit 0", "show x"],
)
def test_an_argument_that_is_none_is_shown(dead: object, wrong: str) -> None:
    """As argparse does."""
    with pytest.raises(SystemExit) as ended:
        dead(wrong)
    assert ended.value.code == 2
