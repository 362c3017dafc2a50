"""Plans in real time: real processes, a real server, the proxy between them, and the checkers of virtual time."""

from __future__ import annotations

import pytest
from redis_streams.simulations.checkers import AT_LEAST_ONCE
from redis_streams.simulations.history import HandlerStarted, ProcessEnded, ProcessStarted, Published
from redis_streams.simulations.plan import (
    At,
    CrashServer,
    FailOver,
    Fault,
    KillProcess,
    LoseReply,
    PauseProcess,
    Plan,
    PlannedEvent,
    Raise,
    Shape,
    Site,
    StartTwin,
    StopProcess,
)
from redis_streams.simulations.real import RedisServer
from redis_streams.simulations.real.ground import NotExpressible, run_real
from redis_streams.simulations.real.ground._starting import Plain
from redis_streams.simulations.scenarios import SCENARIOS
from redis_streams.simulations.world import Scenario
from support.broken_scenario import (
    acknowledging_first,
    that_asserts,
    that_fails,
    that_waits_until_settled,
    with_a_check,
    with_a_service,
)

pytestmark = pytest.mark.real_time

EVENTS = tuple(PlannedEvent(40 * number, "ab"[number % 2], slow_ms=10) for number in range(12))
WORKERS = SCENARIOS["many"].run


def test_promises_hold_on_a_real_server(redis_server: RedisServer) -> None:
    """Its processes and its server are killed, replies are lost, a handler raises; all of it really happens."""
    faults = (
        Fault(Site("worker-1", "settle"), LoseReply()),
        Fault(Site("worker-2", "handler", 2), KillProcess(100)),
        Fault(Site("worker-1", "handler", 3), Raise()),
        Fault(Site("producer", "XADD", 8, before=False), CrashServer(100)),
    )
    plan = Plan(1, "many", Shape(workers=2), EVENTS, faults)
    outcome = run_real(plan, WORKERS, binary=redis_server.binary, checkers=AT_LEAST_ONCE)
    assert (outcome.status, outcome.verdicts) == ("held", [])
    history = outcome.history
    assert history.live
    assert 3 in outcome.struck
    assert len(outcome.struck) > 1, "on a busy machine one worker may have done it all"
    assert any(published.outcome == "acknowledged" for published in history.of(Published))
    handled = {started.event_id for started in history.of(HandlerStarted)}
    assert handled >= {each.event_id for each in history.of(Published) if each.outcome == "acknowledged"}
    assert [record.at_ms for record in history.records] == sorted(record.at_ms for record in history.records)
    if 1 in outcome.struck:
        assert "killed" in [ended.how for ended in history.of(ProcessEnded) if ended.host == "worker-2"]


def test_processes_are_stopped_paused_and_doubled(redis_server: RedisServer) -> None:
    """They come back, the twin does not."""
    faults = (
        Fault(At(100, "worker-1"), StopProcess(50)),
        Fault(At(100, "worker-2"), PauseProcess(300)),
        Fault(At(150, "worker-2"), StartTwin(2000)),
    )
    plan = Plan(1, "many", Shape(workers=2), EVENTS, faults)
    outcome = run_real(plan, WORKERS, binary=redis_server.binary, checkers=AT_LEAST_ONCE)
    assert (outcome.status, outcome.verdicts) == ("held", [])
    assert outcome.struck == {0, 1, 2}
    starts = [(started.host, started.incarnation) for started in outcome.history.of(ProcessStarted)]
    assert ("worker-2's twin", 1) in starts
    assert ("worker-2", 2) not in starts
    assert "stopped" in [ended.how for ended in outcome.history.of(ProcessEnded) if ended.host == "worker-1"]


def test_a_broken_runtime_is_found_out(redis_server: RedisServer) -> None:
    """It acknowledges before it handles."""
    plan = Plan(1, "broken", Shape(workers=1), EVENTS)
    outcome = run_real(plan, acknowledging_first, binary=redis_server.binary, checkers=AT_LEAST_ONCE)
    assert outcome.status == "violated"
    assert "ack-implies-done" in {verdict.promise for verdict in outcome.verdicts}


def test_a_plan_that_needs_two_servers_is_refused(redis_server: RedisServer) -> None:
    """With the reason."""
    plan = Plan(1, "many", faults=(Fault(At(0), FailOver()),))
    with pytest.raises(NotExpressible, match="fail-over: there is one server"):
        run_real(plan, WORKERS, binary=redis_server.binary)


@pytest.mark.parametrize(
    ("scenario", "why"),
    [
        (with_a_service, "service bank: "),
        (with_a_check, "check everything_is_fine: "),
        (that_waits_until_settled, "settled: "),
        (SCENARIOS["same-ids"].run, "primary: "),
        # In a task beside the others.
        (SCENARIOS["letters-refused"].run, "primary: "),
        (SCENARIOS["fan-out"].run, "primary: "),
        (SCENARIOS["scheduled"].run, "start_ms: "),
    ],
)
def test_a_scenario_that_needs_what_real_processes_have_not_is_refused(
    redis_server: RedisServer, scenario: Scenario, why: str
) -> None:
    """Objects that they share, or a server that is one."""
    with pytest.raises(NotExpressible, match=why):
        run_real(Plan(1, "x", events=EVENTS[:1]), scenario, binary=redis_server.binary)


def test_a_scenario_that_fails_is_an_outcome(redis_server: RedisServer) -> None:
    """With all that had happened until then."""
    outcome = run_real(Plan(1, "x", events=EVENTS[:2]), that_fails, binary=redis_server.binary)
    assert outcome.status == "crashed"
    assert outcome.error.startswith("LookupError: sold out at ")
    assert [each.event_id for each in outcome.history.of(Published)] == ["event-0", "event-1"]


def test_what_a_scenario_asserts_is_a_verdict(redis_server: RedisServer) -> None:
    """It names the events concerned."""
    outcome = run_real(Plan(1, "x", events=EVENTS[:2]), that_asserts, binary=redis_server.binary)
    assert outcome.status == "violated"
    assert [(each.promise, each.event_ids) for each in outcome.verdicts] == [("asserted", ("event-1",))]


def test_processes_are_started_plainly_where_they_can_not_be_forked(redis_server: RedisServer) -> None:
    """It takes longer; all else is the same."""
    plan = Plan(1, "many", Shape(workers=1), EVENTS[:2], (Fault(Site("worker-1", "handler", 2), KillProcess(100)),))
    outcome = run_real(plan, WORKERS, binary=redis_server.binary, checkers=AT_LEAST_ONCE, starting=Plain())
    assert (outcome.status, outcome.verdicts, outcome.struck) == ("held", [], {0})
    assert next(outcome.history.of(ProcessEnded)).how == "killed"
