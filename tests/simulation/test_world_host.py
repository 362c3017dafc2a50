"""Processes that are killed, and those that are stopped."""

import pytest
import trio
from redis_streams.simulations.history import FaultStruck
from redis_streams.simulations.plan import (
    At,
    CutPower,
    Effect,
    Fault,
    KillProcess,
    PauseProcess,
    PauseServer,
    Plan,
    StopProcess,
)
from redis_streams.simulations.running import run_plan
from redis_streams.simulations.world import Process, World


def ends_of(effect: Effect) -> list[tuple[str, float]]:
    """What a process that sleeps for a second notes, and when, if this happens to it in the middle."""
    ends: list[tuple[str, float]] = []

    async def scenario(world: World) -> None:
        async def app(process: Process) -> None:
            try:
                await trio.sleep(1)
                ends.append(("slept", trio.current_time()))
            finally:
                if not world.network.is_over:
                    ends.append(("finally", trio.current_time()))

        world.start("worker-1", app)
        await trio.sleep(5)

    outcome = run_plan(Plan(1, "x", faults=(Fault(At(500, "worker-1"), effect),)), scenario)
    assert outcome.status == "held", outcome.error
    assert outcome.struck == {0}
    return ends


@pytest.mark.parametrize(("effect", "where"), [(PauseServer(100), "server"), (PauseProcess(100), "worker-1")])
def test_a_fault_is_told_of_whom_it_strikes(effect: Effect, where: str) -> None:
    """A server that hangs was told, and drawn, as if it had been the process by whose command it was timed."""

    async def scenario(world: World) -> None:
        async def app(_process: Process) -> None:
            await trio.sleep(1)

        world.start("worker-1", app)
        await trio.sleep(2)

    outcome = run_plan(Plan(1, "x", faults=(Fault(At(500, "worker-1"), effect),)), scenario)
    assert [struck.host for struck in outcome.history.of(FaultStruck)] == [where]


@pytest.mark.parametrize("effect", [KillProcess(60_000), CutPower(60_000)])
def test_who_is_killed_runs_no_finally(effect: Effect) -> None:
    """As no process does that got SIGKILL: whatever a finally mends is a bug that would not be seen."""
    assert ends_of(effect) == []


def test_who_is_stopped_runs_it() -> None:
    assert ends_of(StopProcess(60_000)) == [("finally", pytest.approx(0.5))]


def test_who_is_killed_comes_back_and_begins_anew() -> None:
    assert ends_of(KillProcess(100)) == [("slept", pytest.approx(1.6)), ("finally", pytest.approx(1.6))]


def test_who_stands_still_goes_on_later() -> None:
    """Its timers went on meanwhile."""
    assert ends_of(PauseProcess(2000)) == [("slept", pytest.approx(2.5)), ("finally", pytest.approx(2.5))]
