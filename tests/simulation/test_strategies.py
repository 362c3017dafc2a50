"""Strategies for Hypothesis: whole plans are drawn before anything runs, and a failing one gets small."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from redis_streams.runtime import Event, NewEvent, Reclaim
from redis_streams.simulations import (
    KEY_ORDER,
    NO_LOSS,
    BrokenPromise,
    Fault,
    Plan,
    PlannedEvent,
    Process,
    World,
    check,
    faults,
    lite,
    plans,
    publish_planned,
    run,
    swarm,
    workloads,
)
from redis_streams.simulations.plan import KillProcess, LoseReply, plan_from_json, plan_to_json
from redis_streams.simulations.scenarios import behave
from trio._core import _run

SOME = settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None)
FINDING = settings(
    max_examples=300, deadline=None, database=None, derandomize=True, phases=[Phase.generate, Phase.shrink]
)


async def app(world: World) -> None:
    """Two workers of one group that do as each event wants."""

    async def worker(process: Process) -> None:
        runtime = process.runtime()
        runtime.add_handler("orders", "billing", behave)
        await process.serve(runtime)

    world.start("worker-1", worker)
    world.start("worker-2", worker)
    await publish_planned(world, "orders")


@SOME
@given(plan=plans(max_events=20))
def test_no_order_is_lost(plan: Plan) -> None:
    """As the documentation has it."""
    check(run(plan, app), NO_LOSS)


@given(plan=plans())
@settings(max_examples=50, database=None)
def test_a_plan_is_within_its_bounds_and_survives_json(plan: Plan) -> None:
    """Whatever is drawn can be kept and printed."""
    assert 1 <= len(plan.events) <= 20
    assert len(plan.faults) <= 4
    assert [event.at_ms for event in plan.events] == sorted(event.at_ms for event in plan.events)
    assert plan_from_json(plan_to_json(plan)) == plan


@given(faults(), faults(kinds=lite()), faults(kinds=["lose-reply"], hosts=["shop"]))
@settings(max_examples=50, database=None)
def test_faults_are_of_the_kinds_that_are_wanted(any_fault: Fault, of_lite: Fault, of_list: Fault) -> None:
    """Of a swarm, of a preset, or of a list."""
    assert any_fault.effect.kind in (swarm().kinds or ())
    assert of_lite.effect.kind in ("kill-process", "crash-server", "stop-process")
    assert of_list.effect == LoseReply()
    assert of_list.when.host == "shop"


@given(workloads(max_events=3, keys="xy"))
@settings(max_examples=50, database=None)
def test_a_workload_is_published_in_its_span(events: tuple[PlannedEvent, ...]) -> None:
    """With the keys that are wanted."""
    assert all(0 <= event.at_ms <= 1000 and event.key in "xy" for event in events)


async def forgetful(world: World) -> None:
    """A shop that keeps what it has billed in its process: a planted bug that shows when that is killed."""
    billed: list[str] = []

    async def worker(process: Process) -> None:
        runtime = process.runtime()
        seen: set[str] = set()

        @runtime.handler("orders", group="billing")
        async def bill(event: Event[object]) -> None:
            if event.event_id not in seen:
                billed.append(event.event_id)
                seen.add(event.event_id)

        await process.serve(runtime)

    world.start("worker-1", worker)

    @world.check
    def billed_once() -> None:
        for event_id in billed:
            assert billed.count(event_id) == 1, f"{event_id} was billed twice"

    await publish_planned(world, "orders", lambda number, _: NewEvent("order", {"number": number}))


def test_a_failing_plan_shrinks_to_one_fault_and_one_event() -> None:
    """Hypothesis finds the planted bug and makes its plan small."""
    drawn = plans(max_events=6, hosts=["worker-1"], kinds=["kill-process", "slow", "delay"], actions=["settle"])
    plan = find(drawn, lambda plan: run(plan, forgetful).status == "violated", settings=FINDING)
    assert len(plan.events) == 1
    assert [type(fault.effect) for fault in plan.faults] == [KillProcess]


def test_trio_is_left_as_it_was() -> None:
    """Also where Hypothesis, which changes it too, is there."""
    before = _run._ALLOW_DETERMINISTIC_SCHEDULING, _run._r
    run(Plan(1, "", events=(PlannedEvent(),)), app)
    assert (_run._ALLOW_DETERMINISTIC_SCHEDULING, _run._r) == before


def broken_plan() -> Plan:
    """In which the forgetful shop bills twice."""
    fault = find(
        faults(kinds=["kill-process"], hosts=["worker-1"], actions=["settle"]),
        lambda fault: run(with_fault(fault), forgetful).status == "violated",
        settings=FINDING,
    )
    return with_fault(fault)


def with_fault(fault: Fault) -> Plan:
    return Plan(1, "forgetful", events=(PlannedEvent(),), faults=(fault,))


def test_a_broken_promise_is_told_in_forty_lines_with_a_line_to_see_it_again() -> None:
    """And that line brings the same run back."""
    plan = broken_plan()
    with pytest.raises(BrokenPromise) as broken:
        check(run(plan, forgetful))
    told = str(broken.value).splitlines()
    assert len(told) <= 40
    assert told[0].startswith("BROKEN: billed-once")
    line = told[-1].partition("run('")[2].partition("'")[0]
    assert run(line, forgetful).trace_hash == run(plan, forgetful).trace_hash


def test_promises_are_judged_that_were_asked_for() -> None:
    """Order by key is none that the runtime keeps with two workers; nothing else is said of that run."""
    events = (PlannedEvent(0.0, "a", fails=1), PlannedEvent(1.0, "a"))
    outcome = run(Plan(1, "", events=events), app)
    check(outcome, NO_LOSS)
    with pytest.raises(BrokenPromise, match="key-order"):
        check(outcome, NO_LOSS, KEY_ORDER)


def test_a_run_that_crashed_is_broken_whatever_was_asked_for() -> None:
    """Else a property would hold because nothing happened."""

    async def crashing(world: World) -> None:
        raise LookupError("no such thing")

    with pytest.raises(BrokenPromise, match="no such thing"):
        check(run(Plan(1, ""), crashing))


def test_what_is_not_handled_is_told_of() -> None:
    """Also if no promise was asked for."""

    async def never(_event: Event[object]) -> None:
        raise ValueError("as always")

    async def stubborn(world: World) -> None:
        async def worker(process: Process) -> None:
            runtime = process.runtime()
            runtime.add_handler("orders", "billing", never, reclaim=Reclaim(interval_ms=500, min_idle_ms=2000))
            await process.serve(runtime)

        world.start("worker-1", worker)
        await publish_planned(world, "orders")

    with pytest.raises(BrokenPromise, match="NOT LIVE"):
        check(run(Plan(1, "", events=(PlannedEvent(),)), stubborn))
