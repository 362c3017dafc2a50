"""Batches: a canary first, failures made small and kept, two processes compared, and everything counted."""

import json
from pathlib import Path

import pytest
from attrs import evolve
from redis_streams.__main__ import main
from redis_streams.simulations.plan import Plan
from redis_streams.simulations.running import _batch
from redis_streams.simulations.running._batch import Batch, Options
from redis_streams.simulations.running._cases import find_case
from redis_streams.simulations.running._store import Finding, Store

SHOP = '''
import os
import trio
from redis_streams.simulations.plan import Domain
from redis_streams.simulations.scenarios import publish_planned

DOMAIN = Domain(workers=(1, 1), consumers=(1, 1), concurrency=(1, 1), events=(3, 5), slow=0, fails=0, profiles=("7.0",))


def shop(handle):
    async def scenario(world):
        async def worker(process):
            runtime = process.runtime()
            runtime.add_handler("orders", "billing", handle, block_ms=1000)
            await process.serve(runtime)

        world.start("worker-1", worker)
        await publish_planned(world, "orders")

    return scenario


async def _well(event):
    await trio.sleep(0.001)


async def _dies(event):
    os._exit(7)


sound, deadly = shop(_well), shop(_dies)


async def sold_out(world):
    """Breaks a promise of its own whenever there are at least two events."""
    sold = []

    async def sell(event):
        sold.append(event.event_id)

    @world.check
    def not_sold_out():
        if len(sold) > 1:
            yield f"{sold[1]} was sold, and there was only one"

    await shop(sell)(world)
'''


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    file = tmp_path / "shop.py"
    file.write_text(SHOP)
    return file


def run(case: str, store: Path, **options: object) -> Batch:
    batch = Batch(
        [find_case(case)], Options(**{"preset": "calm", "seeds": 3, "again_every": 0, **options}), Store(store)
    )
    for _ in batch.run():
        pass
    return batch


def test_a_sound_scenario_holds_and_is_counted(shop: Path, tmp_path: Path) -> None:
    """Every 2nd plan is run again in another process and is the same there."""
    tally = run(f"{shop}:sound", tmp_path / "kept", seeds=4, again_every=2).tally
    assert tally.by_scenario == {f"{shop}:sound": {"held": 4}}
    assert tally.again == 2
    assert (tally.findings, tally.notes, tally.blind) == ([], [], False)
    assert tally.virtual_seconds > 1
    assert not (tmp_path / "kept").exists()


def test_a_failure_is_made_small_and_kept_and_tried_first_the_next_time(shop: Path, tmp_path: Path) -> None:
    """Two events are needed to break it, and no more; a way to fail is told once, not for each seed."""
    kept = tmp_path / "kept"
    tally = run(f"{shop}:sold_out", kept).tally
    assert tally.by_scenario == {f"{shop}:sold_out": {"violated": 3}}
    [finding] = tally.findings
    assert (finding.status, finding.promise) == ("violated", "not-sold-out")
    assert (len(finding.plan.events), finding.plan.schedule.kind) == (2, "fifo")
    assert finding.drawn.seed == 0
    [file] = kept.iterdir()
    assert json.loads(file.read_text())["promise"] == "not-sold-out"

    again = run(f"{shop}:sold_out", kept, seeds=1).tally
    assert (again.runs, again.stored, again.mended, len(again.findings)) == (1, 1, 0, 1)

    shop.write_text(SHOP.replace("if len(sold) > 1", "if len(sold) > 9"))
    mended = run(f"{shop}:sold_out", kept, seeds=0).tally
    assert (mended.stored, mended.mended, mended.findings) == (1, 1, [])


def test_what_is_kept_of_other_scenarios_is_left_alone(shop: Path, tmp_path: Path) -> None:
    """Their files may be gone by now."""
    plan = Plan(1, "gone.py:scenario")
    Store(tmp_path / "kept").add(Finding("violated", "no-loss", "", plan, plan))
    tally = run(f"{shop}:sound", tmp_path / "kept", seeds=1).tally
    assert (tally.runs, tally.stored, tally.findings) == (1, 0, [])


def test_a_process_that_dies_is_a_crash_of_its_plan(shop: Path, tmp_path: Path) -> None:
    """The batch goes on with the next seed, in a new process."""
    tally = run(f"{shop}:deadly", tmp_path / "kept", seeds=2).tally
    assert tally.by_scenario == {f"{shop}:deadly": {"crashed": 2}}
    [finding] = tally.findings
    assert finding.words == "the process that ran it died, with exit code 7"


def test_a_stored_file_that_is_none_is_passed_over_and_told(shop: Path, tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "a.json").write_text("{}")
    tally = run(f"{shop}:sound", tmp_path / "kept", seeds=1).tally
    assert tally.runs == 1
    assert ["a.json is passed over" in note for note in tally.notes] == [True]


def test_a_canary_that_lives_stops_everything(
    shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever sees nothing wrong in it sees nothing at all: no seed is run. Here it publishes nothing."""
    monkeypatch.setattr(_batch, "CANARY_PLAN", evolve(_batch.CANARY_PLAN, events=()))
    monkeypatch.chdir(tmp_path)
    assert main(["simulate", f"{shop}:sound", "--seeds", "2", "--jobs", "1"]) == 8
    assert "THE CANARY LIVED" in capsys.readouterr().out


def test_time_is_a_limit(shop: Path, tmp_path: Path) -> None:
    """Of runs without a number those are done for which there is time: here none, as the canary takes longer."""
    assert run(f"{shop}:sound", tmp_path / "kept", seeds=None, seconds=0.001).tally.runs == 0


def test_a_file_for_each_failure_is_named_after_it() -> None:
    plan = find_case("single").plan(1, "calm")
    finding = Finding("violated", "no-loss", "", plan, plan)
    assert finding.name.startswith("single-no-loss-")
