"""`redis-streams demo` on the simulated server: its story and its verdict, in virtual time, without any server."""

from __future__ import annotations

import re
import signal
import subprocess
import sys

import pytest
import trio
from redis_streams.__main__ import main
from redis_streams.simulations.demo._acts import ON_MEMORY
from redis_streams.simulations.demo._fragile import FragileDial
from redis_streams.simulations.demo._ground import on_memory
from redis_streams.simulations.demo._main import perform
from redis_streams.simulations.demo._stage import Ground
from redis_streams.simulations.demo._tally import Verdict, verdict
from redis_streams.simulations.server import InProcessServer, put_in_process_server
from redis_streams.wire import ConnectFailed, Connection, ConnectionLost, ServerAddress
from support.on_memory import VirtualClock, run_in_virtual_time

TOLD = (
    "orders come in, 100 a second",
    "crashed: RuntimeError: a bug in the transport",
    "restarting in",
    "connections were cut",
    "loses its network for good",
    "took over what was left idle",
    "somebody destroys the consumer group",
    "the server hangs",
    "the server goes on",
    "the server crashes",
    "the crash destroyed 0 entries and 0 acknowledgements",
    "no more orders; what is left is settled",
)


def play_on(ground: Ground, *, seconds: float = 14) -> Verdict:
    """The whole demo."""
    result: list[Verdict] = []

    async def run() -> None:
        result.append(await perform(ground, seconds, 100, plain=True))
        assert ground.server is not None
        assert ground.server.cli("DBSIZE") == 0, "no key is left"

    run_in_virtual_time(run)
    return result[0]


def test_it_shows_every_fault_and_loses_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """In the order of its acts; every order is handled, some of them twice."""
    found = play_on(on_memory())
    said = capsys.readouterr().out
    places = [said.find(words) for words in TOLD]
    assert -1 not in places, f"{TOLD[places.index(-1)]!r} is not in\n{said}"
    assert places == sorted(places)
    assert len(re.findall("▶", said)) == len(ON_MEMORY) + 1
    assert found.kept, found
    assert found.published == found.handled > 1000
    assert 0 < found.duplicated < 200


def test_a_server_that_loses_what_it_had_acknowledged_is_found_out(capsys: pytest.CaptureFixture[str]) -> None:
    """The verdict is computed, not recited."""
    forgetful = InProcessServer(clock=VirtualClock())
    put_in_process_server("forgetful", forgetful)
    found = play_on(Ground("memory://forgetful", "", ON_MEMORY, forgetful), seconds=7)
    assert found.lost > 0
    assert not found.kept
    assert "not settled within 60 s" in capsys.readouterr().out


@pytest.mark.real_time
def test_the_command_plays_without_any_server(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever REDIS_URL says: nobody's server is touched who did not ask for it. On the clock of the machine."""
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:1")
    assert main(["demo", "--plain", "--seconds", "2", "--rate", "50"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("on a simulated Redis ")
    assert re.search(r"VERDICT: published (\d+)  handled \1  duplicated \d+  lost 0  pending 0\n", said)
    assert said.endswith("Nothing was lost.\n")


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM], ids=lambda how: how.name)
def test_a_signal_ends_it_in_good_order(how: signal.Signals) -> None:
    """In the middle of an act, without an actor that seems to crash and without a traceback."""
    command = [sys.executable, "-m", "redis_streams", "demo", "--plain"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert any("orders come in" in line for line in process.stdout)
        process.send_signal(how)
        told, wrong = process.communicate(timeout=30)
    assert (process.returncode, wrong) == (130, "")
    assert "crashed" not in told
    assert "VERDICT" not in told


def test_a_server_that_is_no_program_is_said_to_be_none(capsys: pytest.CaptureFixture[str]) -> None:
    """In one line."""
    assert main(["demo", "--server", "/none/redis-server"]) == 1
    assert re.fullmatch(r"redis-streams: .*/none/redis-server.*\n", capsys.readouterr().err)


@pytest.mark.parametrize("module", ["lupa", "sortedcontainers"])
def test_what_is_not_installed_is_said_with_what_to_do(
    module: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before anything begins."""
    for name in [name for name in sys.modules if name.startswith("redis_streams.simulations.server")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, module, None)
    assert main(["demo"]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert "pip install 'redis-streams-trio[simulation]'; --real plays on a real one" in said.err


def test_the_verdict_counts_what_the_handlers_noted() -> None:
    """Lost and duplicated are told apart, and either one that is lost or pending breaks the promise."""
    found = verdict({"a", "b", "c"}, {"a": 1, "b": 2, "x": 1}, pending=1, indeterminate=1)
    assert (found.published, found.handled, found.duplicated, found.lost, found.pending) == (3, 2, 1, 1, 1)
    assert not found.kept
    assert not verdict({"a"}, {"a": 1}, pending=1, indeterminate=0).kept
    assert not verdict(set(), {}, pending=0, indeterminate=0).kept
    assert verdict({"a"}, {"a": 2}, pending=0, indeterminate=3).kept


async def test_a_pulled_plug_ends_reads_and_writes_and_is_not_told_to_the_server() -> None:
    """As a cable that somebody stumbled over: for the server the client is still there."""
    server, dial = InProcessServer(), FragileDial()
    put_in_process_server("unplugged", server)
    address = ServerAddress.parse("memory://unplugged")
    connection = await Connection.open(address, dial=dial)

    async def wait() -> None:
        with pytest.raises(ConnectionLost):
            await connection.call("XREAD", "BLOCK", 0, "STREAMS", "s", "$")

    async with trio.open_nursery() as nursery:
        nursery.start_soon(wait)
        await trio.testing.wait_all_tasks_blocked()
        assert "blocked_clients:1" in str(server.cli("INFO", "clients"))
        dial.pull_plug()
    with pytest.raises(ConnectFailed, match="cable was pulled"):
        await Connection.open(address, dial=dial)
