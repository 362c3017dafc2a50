"""One plan is one run, in every process: and where it is not, that is noticed, and told where."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from redis_streams.simulations.running import run_plan
from redis_streams.simulations.running._batch import Batch, Options, Tally
from redis_streams.simulations.running._cases import find_case
from redis_streams.simulations.running._store import Finding, Store
from redis_streams.simulations.scenarios import SCENARIOS

PLANTED = """
import datetime
import time
import trio
from redis_streams.simulations.plan import Domain
from redis_streams.simulations.scenarios import publish_planned

DOMAIN = Domain(workers=(1, 1), consumers=(1, 1), concurrency=(1, 1), events=(3, 3), slow=0, fails=0)
FLAVOURS = ("vanilla", "chocolate", "strawberry", "pistachio", "lemon", "mango")


def shop(handler):
    async def scenario(world):
        async def worker(process):
            runtime = process.runtime()

            async def handle(event):
                await handler(runtime)

            runtime.add_handler("orders", "billing", handle, block_ms=1000)
            await process.serve(runtime)

        world.start("worker-1", worker)
        await publish_planned(world, "orders")

    return scenario


async def _sells_in_any_order(runtime):
    for flavour in set(FLAVOURS):
        await runtime.publish("sold", {"flavour": flavour}, event_type="sale")


async def _sells_in_order(runtime):
    for flavour in sorted(set(FLAVOURS)):
        await runtime.publish("sold", {"flavour": flavour}, event_type="sale")


async def _looks_at_the_clock(runtime):
    time.time()


async def _looks_at_the_calendar(runtime):
    await trio.sleep(datetime.datetime.now().microsecond / 1e6)


in_any_order, in_order = shop(_sells_in_any_order), shop(_sells_in_order)
clock, calendar = shop(_looks_at_the_clock), shop(_looks_at_the_calendar)
"""


one_batch = pytest.mark.xdist_group("what is not determined")
"""Tests that look at the same runs are in one process, or each process would run them for itself."""


def twice(cases: list[str], store: Path, *, seeds: int = 1, preset: str = "calm") -> Tally:
    """Each plan in two processes, of which each hashes strings in another way."""
    options = Options(seeds, preset=preset, jobs=2, again_every=1, runs_max=0)
    batch = Batch([find_case(case) for case in cases], options, Store(store))
    for _ in batch.run():
        pass
    return batch.tally


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("planted") / "planted.py"
    file.write_text(PLANTED)
    return file


@pytest.fixture(scope="module")
def findings(planted: Path) -> Mapping[str, Finding]:
    """What was found, by the scenario's function; all of them in one batch, as processes take long to start."""
    names = ("in_any_order", "in_order", "clock", "calendar")
    tally = twice([f"{planted}:{name}" for name in names], planted.parent / "kept")
    return {finding.plan.scenario.rpartition(":")[2]: finding for finding in tally.findings}


@one_batch
def test_the_order_of_a_set_is_caught_and_located(findings: Mapping[str, Finding]) -> None:
    """What is written is not the same: the first line that differs is what the handler publishes, in its turn."""
    finding = findings["in_any_order"]
    assert finding.status == "nondeterministic"
    head, *_, one, other = finding.words.splitlines()
    assert "two runs of this plan differ from line " in head
    assert "PYTHONHASHSEED=" in one
    assert "PYTHONHASHSEED=" in other
    assert "Applied server (b'XADD', b'sold'" in one
    assert 'flavour":"' in one
    assert one.split(": ", 1)[1] != other.split(": ", 1)[1]


@one_batch
def test_the_same_in_order_is_fine(findings: Mapping[str, Finding]) -> None:
    """So it is the order that was found."""
    assert "in_order" not in findings


@one_batch
def test_a_look_at_the_clock_is_caught_at_its_line(planted: Path, findings: Mapping[str, Finding]) -> None:
    """It raises there, in the first run."""
    line = PLANTED.splitlines().index("    time.time()") + 1
    assert findings["clock"].status == "nondeterministic"
    assert findings["clock"].words.startswith(f"time.time() was called at {planted}:{line}; ")


@one_batch
def test_what_no_tripwire_can_catch_differs_the_second_time(findings: Mapping[str, Finding]) -> None:
    """`datetime.now` is C. What follows from it is another time of something."""
    assert findings["calendar"].status == "nondeterministic"
    assert "two runs of this plan differ from line " in findings["calendar"].words


def test_all_scenarios_are_the_same_in_two_processes(tmp_path: Path) -> None:
    """With every kind of fault; whether promises are kept is not asked here."""
    cases = ["many", "failover", "retrying-producer", "rolling-restart", "batches", "two-groups"]
    tally = twice(cases, tmp_path / "kept", seeds=2, preset="swarm")
    assert tally.again == 12
    assert [each.words for each in tally.findings if each.status == "nondeterministic"] == []


@pytest.mark.parametrize("name", ["many", "failover", "graceful-stop"])
def test_a_process_that_has_run_others_before_runs_a_plan_as_a_new_one_does(name: str) -> None:
    """What a process keeps from run to run (tables, caches, numbers of tasks) does not show in a run."""
    scenario = SCENARIOS[name]
    plans = [scenario.plan(seed) for seed in range(3)]
    first = [run_plan(plan, scenario.run).trace_hash for plan in plans]
    again = [run_plan(plan, scenario.run).trace_hash for plan in reversed(plans)]
    assert list(reversed(again)) == first
