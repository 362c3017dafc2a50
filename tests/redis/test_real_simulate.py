"""`redis-streams simulate --real`: plans of several scenarios in real time, and what it ends with."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from redis_streams.__main__ import main
from redis_streams.simulations.real import RedisServer
from support import broken_scenario

pytestmark = pytest.mark.real_time

SCENARIOS = ("many", "poison", "group-lost", "retrying-producer", "graceful-stop")
"""Of each family of faults some; all of them take minutes, and are for times when somebody waits for them."""
PROMISE = "ack-implies-done"
BASE = 20
"""The same plans each time: a new one that fails would say nothing about the change that is tried."""


def test_plans_of_a_swarm_hold(redis_server: RedisServer, capsys: pytest.CaptureFixture[str]) -> None:
    """One of each of some scenarios, with all that a real server can suffer."""
    arguments = ["--real", str(redis_server.binary), "--seeds", "1", "--base", str(BASE), "--json"]
    code = main(["simulate", *SCENARIOS, *arguments])
    said = json.loads(capsys.readouterr().out)
    assert (code, said["failures"]) == (0, [])
    assert said["scenarios"] == {name: {"held": 1} for name in SCENARIOS}
    assert said["faults"]


def page_of_failure(folder: Path) -> str:
    """It names every promise that was broken; the first of them, by which the failure is called, may be another one."""
    [page] = [file for file in folder.glob("*.html") if file.name != "index.html"]
    return page.read_text()


def test_acknowledging_before_the_handler_is_found_out(redis_server: RedisServer, tmp_path: Path) -> None:
    """By the checker of that promise; the run that failed is drawn as it was."""
    broken = f"{broken_scenario.__file__}:acknowledging_first"
    arguments = ["--real", str(redis_server.binary), "--seeds", "1", "--faults", "calm", "--report", str(tmp_path)]
    assert main(["simulate", broken, *arguments]) == 3
    assert PROMISE in page_of_failure(tmp_path)


def test_a_planted_bug_is_found_out(redis_server: RedisServer, tmp_path: Path) -> None:
    """The same that the simulation is proven with, in real processes: the runtime acknowledges before the handler."""
    arguments = ["--real", str(redis_server.binary), "--seeds", "1", "--base", "3", "--faults", "calm"]
    planted = ["--plant", "acknowledged before the handler", "--report", str(tmp_path)]
    assert main(["simulate", "long-handlers", *arguments, *planted]) == 3
    assert PROMISE in page_of_failure(tmp_path)


def test_a_bug_that_nobody_knows_is_told(redis_server: RedisServer, capsys: pytest.CaptureFixture[str]) -> None:
    """With those that there are."""
    assert main(["simulate", "--real", str(redis_server.binary), "--plant", "none"]) == 1
    assert "acknowledged before the handler" in capsys.readouterr().err


def test_what_is_no_server_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Before anything is run."""
    assert main(["simulate", "--real", str(tmp_path / "redis-server")]) == 1
    assert "there is no program" in capsys.readouterr().err
