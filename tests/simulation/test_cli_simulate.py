"""`redis-streams simulate` as it is typed: what it says, where, and with which exit code."""

import json
import sys
from pathlib import Path

import pytest
from attrs import evolve
from redis_streams.__main__ import main
from redis_streams.simulations import _cli_simulate
from redis_streams.simulations.plan import PRESETS, Plan
from redis_streams.simulations.running import _command
from redis_streams.simulations.running._batch import AGAIN_EVERY, Tally
from redis_streams.simulations.running._command import exit_code
from redis_streams.simulations.running._store import FailedStatus, Finding

FILE = '''
async def scenario(world):
    """Nobody publishes anything."""
    raise {raised}
'''


def failed(*statuses: FailedStatus) -> Tally:
    plan = Plan(1, "x")
    return Tally(findings=[Finding(status, "", "", plan, plan) for status in statuses])


@pytest.mark.parametrize(
    ("tally", "code"),
    [
        (Tally(), 0),
        (failed("violated"), 3),
        (failed("not live"), 4),
        (failed("crashed"), 5),
        (failed("nondeterministic"), 6),
        (failed("not live", "nondeterministic", "crashed", "violated"), 3),
        (failed("not live", "nondeterministic"), 6),
        (evolve(Tally(), unhit=["hang never struck"]), 7),
        (evolve(failed("violated"), blind=True), 8),
    ],
)
def test_exit_codes_tell_failures_apart(tally: Tally, code: int) -> None:
    assert exit_code(tally) == code


def test_every_exit_code_is_in_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["simulate", "--help"])
    lines = capsys.readouterr().out.splitlines()
    told = [int(line.split()[0]) for line in lines if line.startswith("  ") and line.split()[0].isdigit()]
    assert told == list(range(9))
    assert {*_command.EXIT_CODES.values(), _command.EXIT_UNHIT, _command.EXIT_BLIND} == set(range(3, 9))


def test_the_light_part_knows_what_the_heavy_part_offers() -> None:
    """The arguments are read without importing the simulation."""
    assert tuple(PRESETS) == _cli_simulate.PRESETS
    assert _cli_simulate.AGAIN_EVERY == AGAIN_EVERY


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nonsense",), "there is no scenario 'nonsense'; there are single, many, "),
        (("none.py:x",), "there is no file none.py"),
        ((f"{__file__}:nonsense",), "has no function 'nonsense'"),
        (("single", "--real", sys.executable), "is no redis-server: --version printed 'Python"),
        (("single", "--real", "no-such-program"), "there is no program 'no-such-program'"),
    ],
)
def test_what_can_not_begin_says_why_in_a_line(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], said: str
) -> None:
    assert main(["simulate", *arguments]) == 1
    heard = capsys.readouterr()
    assert heard.out == ""
    assert said in heard.err
    assert heard.err.count("\n") == 1


@pytest.mark.parametrize("arguments", [("--seeds", "0"), ("--jobs", "x"), ("--time", "-1"), ("--faults", "many")])
def test_wrong_usage_exits_with_two(capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["simulate", *arguments])
    assert caught.value.code == 2


def test_a_batch_that_fails_says_so_as_json_and_leaves_pages(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One run that crashes: told, kept, drawn, and with a replay line that crashes again."""
    file = tmp_path / "shop.py"
    file.write_text(FILE.format(raised='KeyError("sold out")'))
    report = tmp_path / "report"
    arguments = ["simulate", f"{file}:scenario", "--seeds", "1", "--base", "5", "--jobs", "1", "--report", str(report)]
    assert main([*arguments, "--json"]) == 5
    said = json.loads(capsys.readouterr().out)
    assert said["scenarios"] == {f"{file}:scenario": {"crashed": 1}}
    [failure] = said["failures"]
    assert (failure["seed"], failure["words"]) == (5, "KeyError: 'sold out' at shop.py:4, in scenario")
    assert sorted(path.name for path in report.iterdir()) == sorted(
        [f"{failure['name']}.html", f"{failure['name']}.json", "index.html"]
    )
    assert main(["simulate", "--replay", failure["replay"], "--json"]) == 5
    assert json.loads(capsys.readouterr().out)["trace_hash"] == failure["trace_hash"]


def test_a_scenario_that_asserts_is_judged_by_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Replayed from a file with its plan."""
    file = tmp_path / "shop.py"
    file.write_text(FILE.format(raised='AssertionError("sold out")'))
    plan = tmp_path / "plan.json"
    plan.write_text(json.dumps({"format": 1, "seed": 3, "scenario": f"{file}:scenario"}))
    assert main(["simulate", "--replay", str(plan)]) == 3
    assert "  asserted: sold out" in capsys.readouterr().out
