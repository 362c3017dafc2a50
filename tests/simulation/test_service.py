"""Services outside: a request travels, something is done, the answer travels back, and each of it can go wrong."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import trio
from redis_streams.runtime import Event, NewEvent, Reclaim
from redis_streams.simulations.history import FaultStruck, ProcessEnded, ServiceCalled
from redis_streams.simulations.plan import (
    CutPower,
    Delay,
    Effect,
    Fault,
    KillProcess,
    LoseReply,
    LoseRequest,
    Partition,
    Plan,
    PlannedEvent,
    Site,
    StopProcess,
)
from redis_streams.simulations.running import Outcome, run_plan
from redis_streams.simulations.scenarios import publish_planned
from redis_streams.simulations.world import Process, ServiceFailed, World


def run(charged: list[str], effect: Effect | None = None, *, before: bool = True) -> Outcome:
    """A handler charges a bank for one event; a fault strikes at its first request."""
    faults = () if effect is None else (Fault(Site("shop", "bank.charge", 1, before), effect),)

    async def scenario(world: World) -> None:
        bank = world.service("bank", latency_ms=20)

        async def shop(process: Process) -> None:
            runtime = process.runtime()

            @runtime.handler("orders", group="billing", reclaim=Reclaim(interval_ms=500, min_idle_ms=2000))
            async def charge(event: Event[object]) -> None:
                async with bank.request("charge"):
                    charged.append(event.event_id)

            await process.serve(runtime)

        world.start("shop", shop)
        await publish_planned(world, "orders", lambda number, _: NewEvent("order", {"number": number}))

    outcome = run_plan(Plan(1, "bank", events=(PlannedEvent(0.0),), faults=faults), scenario)
    assert (outcome.status, outcome.error) == ("held", "")
    return outcome


def calls(outcome: Outcome) -> Sequence[tuple[str, str]]:
    return [(record.event_id, record.outcome) for record in outcome.history.of(ServiceCalled)]


def test_what_is_asked_is_done_and_noted() -> None:
    """With the event on which the handler ran that asked."""
    charged: list[str] = []
    assert calls(run(charged)) == [("event-0", "done")]
    assert charged == ["event-0"]


def test_a_request_takes_its_time_there_and_back() -> None:
    """A latency each way."""
    [called] = run([]).history.of(ServiceCalled)
    [started] = (record for record in run([]).history.records if type(record).__name__ == "HandlerStarted")
    [ended] = (record for record in run([]).history.records if type(record).__name__ == "HandlerEnded")
    assert called.at_ms - started.at_ms == pytest.approx(20)
    assert ended.at_ms - called.at_ms == pytest.approx(20)


def test_a_lost_request_is_not_carried_out() -> None:
    """The handler fails, and asks again when the event comes again."""
    charged: list[str] = []
    assert calls(run(charged, LoseRequest())) == [("event-0", "lost"), ("event-0", "done")]
    assert charged == ["event-0"]


def test_a_request_whose_answer_is_lost_was_carried_out() -> None:
    """Which the handler can't know."""
    charged: list[str] = []
    assert calls(run(charged, LoseReply())) == [("event-0", "done"), ("event-0", "unheard"), ("event-0", "done")]
    assert charged == ["event-0", "event-0"]


@pytest.mark.parametrize("effect", [KillProcess(), CutPower()], ids=lambda effect: effect.kind)
@pytest.mark.parametrize("before", [True, False])
def test_who_is_killed_at_a_request_has_asked_or_not(effect: Effect, *, before: bool) -> None:
    """Just before the service does it, or just after."""
    charged: list[str] = []
    outcome = run(charged, effect, before=before)
    assert len(charged) == (1 if before else 2)
    assert [record.host for record in outcome.history.of(ProcessEnded)][:1] != []
    assert len(list(outcome.history.of(FaultStruck))) == 1


def test_a_request_can_be_late() -> None:
    """By as much as the plan says."""
    outcome = run([], Delay(500.0))
    [called] = outcome.history.of(ServiceCalled)
    assert called.at_ms > 500


@pytest.mark.parametrize("effect", [StopProcess(), Partition()], ids=lambda effect: effect.kind)
def test_other_faults_leave_the_request_alone(effect: Effect) -> None:
    """A graceful stop waits for the handler; the way to Redis is another one."""
    charged: list[str] = []
    assert calls(run(charged, effect)) == [("event-0", "done")]


def test_only_processes_call_services() -> None:
    """The scenario itself is no program that a fault could strike."""

    async def scenario(world: World) -> None:
        async with world.service("bank").request("charge"):
            await trio.lowlevel.checkpoint()

    outcome = run_plan(Plan(1, "bank"), scenario)
    assert "called by the processes" in outcome.error


def test_the_failure_of_a_service_is_a_connection_error() -> None:
    """So that what an application does about those is tried."""
    assert issubclass(ServiceFailed, ConnectionError)
