"""`redis-streams simulate --real`: plans of several scenarios in real time, and what it ends with."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from redis_streams.__main__ import main
from redis_streams.simulations.real import RedisServer
from support import broken_scenario

pytestmark = pytest.mark.real_time

SCENARIOS = ("many", "poison", "group-lost", "retrying-producer", "graceful-stop", "same-name")
"""Of each family of faults some; all of them take minutes, and are for times when somebody waits for them."""
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


def test_acknowledging_before_the_handler_is_found_out(
    redis_server: RedisServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """By the checker of that promise; the run that failed is drawn as it was."""
    broken = f"{broken_scenario.__file__}:acknowledging_first"
    arguments = ["--real", str(redis_server.binary), "--seeds", "1", "--faults", "calm", "--report", str(tmp_path)]
    assert main(["simulate", broken, *arguments]) == 3
    assert "BROKEN: ack-implies-done" in capsys.readouterr().out
    assert [page.name for page in tmp_path.glob("*ack-implies-done*.html")]


def test_what_is_no_server_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Before anything is run."""
    assert main(["simulate", "--real", str(tmp_path / "redis-server")]) == 1
    assert "there is no program" in capsys.readouterr().err
