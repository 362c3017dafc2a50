"""Replay lines: a plan as one word, and clear words for what is none."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis_streams.__main__ import main
from redis_streams.simulations.plan import Fault, KillProcess, Plan, PlannedEvent, Schedule, Site, plan_to_json
from redis_streams.simulations.running._replay import ReplayError, plan_of, replay_line
from redis_streams.simulations.running._store import Finding, Store
from redis_streams.simulations.scenarios import SCENARIOS

PLAN = Plan(
    7,
    "single",
    events=(PlannedEvent(20), PlannedEvent(30)),
    faults=(Fault(Site("worker-1", "handler"), KillProcess()),),
    schedule=Schedule("fifo", {3: (1, 0)}),
)


@given(st.integers(0, 10**9), st.sampled_from(sorted(SCENARIOS)), st.sampled_from(["calm", "swarm", "powerloss"]))
def test_every_plan_comes_back_from_its_line(seed: int, scenario: str, preset: str) -> None:
    """And the line is one word, so that a terminal does not break it."""
    plan = SCENARIOS[scenario].plan(seed, preset)
    line = replay_line(plan)
    assert plan_of(line) == plan
    assert not set(line) & set(" '\"$`\\\n")


def test_files_are_replayed_too(tmp_path: Path) -> None:
    """A plan, a stored failure, and either of them after a seed."""
    file = tmp_path / "plan.json"
    file.write_text(plan_to_json(PLAN))
    kept = Store(tmp_path / "kept").add(Finding("violated", "no-loss", "", PLAN, PLAN))
    assert plan_of(str(file)) == plan_of(f"7:{file}") == plan_of(str(kept)) == PLAN


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("nonsense", "a replay line is SEED:PLAN, or a file of a failure or a plan, not 'nonsense'"),
        ("7:nonsense", "neither a packed plan nor a file: 'nonsense'"),
        ("7:!!", "neither a packed plan nor a file"),
        ("7:", "cut short"),
        (replay_line(PLAN)[:-8], "cut short"),
        ("8" + replay_line(PLAN)[1:], "the line says seed 8, and its plan says 7"),
        ("7:" + "x" * 5000, "neither a packed plan nor a file: 'xxx"),
    ],
)
def test_what_is_no_replay_line_is_refused_with_the_reason(text: str, words: str) -> None:
    with pytest.raises(ReplayError, match=words):
        plan_of(text)


@pytest.mark.parametrize(("content", "words"), [("{", "is not JSON"), ("[]", '"format": 1'), ('{"plan": 1}', "format")])
def test_what_is_no_plan_in_a_file_is_refused_with_the_reason(tmp_path: Path, content: str, words: str) -> None:
    file = tmp_path / "plan.json"
    file.write_text(content)
    with pytest.raises(ReplayError, match=words):
        plan_of(str(file))


def test_a_replay_tells_what_happens_and_the_same_each_time(capsys: pytest.CaptureFixture[str]) -> None:
    """In words, with the fault, and with the trace's hash."""
    assert main(["simulate", "--replay", replay_line(PLAN)]) == 0
    first = capsys.readouterr().out
    assert main(["simulate", "--replay", replay_line(PLAN)]) == 0
    assert capsys.readouterr().out == first
    told = first.splitlines()
    assert told[0] == "scenario single, seed 7:"
    assert "  before worker-1's 1st handler: worker-1 is killed and comes back after 500 ms." in told
    assert any("worker-1" in line and "starts again" in line for line in told)
    assert told[-2] == "held"
    assert told[-1].startswith("trace ")


def test_a_bad_replay_line_is_one_line_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", "--replay", "x"]) == 1
    said = capsys.readouterr()
    assert (said.out, said.err.count("\n")) == ("", 1)
    assert said.err.startswith("redis-streams: --replay: a replay line is SEED:PLAN")
