"""Promises of a scenario's own: what it checks when the run is over, and what it asserts on its way."""

from __future__ import annotations

import pytest
from redis_streams.runtime import Event, NewEvent, Reclaim
from redis_streams.simulations.plan import At, Fault, KillProcess, Plan, PlannedEvent, RestartEmpty
from redis_streams.simulations.running import Outcome, run_plan
from redis_streams.simulations.scenarios import publish_planned
from redis_streams.simulations.world import Process, Scenario, World

PLAN = Plan(1, "own", events=(PlannedEvent(0.0), PlannedEvent(20.0)))


def start_workers(world: World, seen: list[str], *, fails: bool = False) -> None:
    """One process that notes the ids of what it handles."""

    async def worker(process: Process) -> None:
        runtime = process.runtime()

        reclaim = Reclaim(interval_ms=500, min_idle_ms=2000)

        @runtime.handler("orders", group="billing", reclaim=reclaim, max_deliveries=None)
        async def note(event: Event[object]) -> None:
            if fails:
                raise ValueError("as it was told")
            seen.append(event.event_id)

        await process.serve(runtime)

    world.start("worker-1", worker)


async def publish(world: World) -> None:
    await publish_planned(world, "orders", lambda number, _: NewEvent("order", {"number": number}))


def run(scenario: Scenario, plan: Plan = PLAN) -> Outcome:
    outcome = run_plan(plan, scenario)
    assert not outcome.error
    return outcome


def test_a_check_is_judged_when_everything_is_handled() -> None:
    """What it sees is how things are in the end."""

    async def scenario(world: World) -> None:
        seen: list[str] = []
        start_workers(world, seen)

        @world.check
        def all_seen() -> None:
            assert seen == ["event-0", "event-1"]

        await publish(world)

    assert run(scenario).status == "held"


def test_a_check_that_asserts_breaks_a_promise_of_its_name() -> None:
    """And the events that it names are concerned."""

    async def scenario(world: World) -> None:
        start_workers(world, [])

        @world.check
        def nobody_is_billed_twice() -> None:
            raise AssertionError("order 1 (event-1) was billed twice")

        await publish(world)

    outcome = run(scenario)
    assert outcome.status == "violated"
    [verdict] = outcome.verdicts
    assert (verdict.promise, verdict.event_ids) == ("nobody-is-billed-twice", ("event-1",))
    assert verdict.words == "order 1 (event-1) was billed twice"


def test_a_check_may_tell_several_breaches() -> None:
    """Each is a verdict."""

    async def scenario(world: World) -> None:
        start_workers(world, [])
        world.check(lambda: ["one thing", "another"])
        await publish(world)

    assert [verdict.words for verdict in run(scenario).verdicts] == ["one thing", "another"]


def test_what_a_scenario_asserts_is_a_promise_too() -> None:
    """The run goes on to its end all the same, so that the history is whole."""

    async def scenario(world: World) -> None:
        start_workers(world, [])
        await publish(world)
        assert world.hosts == {}, "somebody is there"

    outcome = run(scenario)
    assert [(verdict.promise, verdict.words) for verdict in outcome.verdicts] == [("asserted", "somebody is there")]
    assert not outcome.history.groups[0].pending


def test_an_assertion_without_words_says_where_it_stands() -> None:
    """A file and a line, as a traceback would."""

    async def scenario(world: World) -> None:
        seen: list[str] = []
        start_workers(world, seen)
        await publish(world)
        raise AssertionError

    [verdict] = run(scenario).verdicts
    assert "test_own_promises.py:" in verdict.words


def test_what_pytest_tells_of_objects_is_the_same_in_every_run() -> None:
    """Without their addresses."""

    async def scenario(world: World) -> None:
        await publish(world)
        assert not world.hosts

    [verdict] = run(scenario).verdicts
    assert verdict.words.startswith("assert not {'producer': <")
    assert "0x" not in verdict.words


@pytest.mark.parametrize("at_ms", [5.0, 30.0, 4000.0])
def test_when_the_world_is_settled_all_is_handled_and_no_fault_follows(at_ms: float) -> None:
    """A scenario may assert then, as any test does."""
    plan = Plan(1, "own", events=PLAN.events, faults=(Fault(At(at_ms, "worker-1"), KillProcess()),))

    async def scenario(world: World) -> None:
        seen: list[str] = []
        start_workers(world, seen)
        await publish(world)
        await world.settled()
        assert set(seen) == {"event-0", "event-1"}
        assert world.now_ms >= at_ms
        assert not world.strikes.armed

    assert run(scenario, plan).status == "held"


def test_what_is_not_settled_is_told_without_an_assertion() -> None:
    """What would have been asserted then is not looked at: it could only say the same worse."""

    async def scenario(world: World) -> None:
        start_workers(world, [], fails=True)
        await publish(world)
        await world.settled()
        raise AssertionError("this line is not reached")

    assert run(scenario).status == "not live"


def test_a_check_sees_what_a_server_lost() -> None:
    """It is judged by what is outside, whatever the server says: here an event that nobody can have."""
    plan = Plan(1, "own", events=(PlannedEvent(0.0),), faults=(Fault(At(2000.0), RestartEmpty()),))

    async def scenario(world: World) -> None:
        seen: list[str] = []

        @world.check
        def seen_at_all() -> None:
            assert seen, "event-0 was never seen"

        await publish(world)
        await world.settled()
        start_workers(world, seen)

    assert [verdict.event_ids for verdict in run(scenario, plan).verdicts] == [("event-0",)]
