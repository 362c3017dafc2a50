"""Where it was raised: who looks for a bug in their handler is told the line, not only the error's text."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from redis_streams.runtime import Event, NewEvent, Reclaim
from redis_streams.simulations.history import HandlerEnded, ProcessEnded
from redis_streams.simulations.plan import Plan, PlannedEvent
from redis_streams.simulations.running import Outcome, run_plan
from redis_streams.simulations.scenarios import publish_planned
from redis_streams.simulations.world import Process, World
from redis_streams.simulations.world._failing import in_words, place_of

HERE = Path(__file__).name


def _line_of(text: str) -> int:
    return 1 + next(at for at, line in enumerate(Path(__file__).read_text().splitlines()) if text in line)


def charge(payload: object) -> object:
    """What a handler calls, and fails."""
    return payload["nope"]  # type: ignore[index]  # the line


THE_LINE = f"{HERE}:{_line_of('# the line')}, in charge"


def run(*, worker_fails: bool, scenario_fails: bool = False) -> Outcome:
    async def worker(process: Process) -> None:
        runtime = process.runtime()

        @runtime.handler("orders", group="g", max_deliveries=1, reclaim=Reclaim(500, 2000))
        async def handle(event: Event[object]) -> None:
            charge(event.payload)

        if worker_fails:
            charge({})
        await process.serve(runtime)

    async def scenario(world: World) -> None:
        if scenario_fails:
            charge({})
        world.start("w", worker)
        await publish_planned(world, "orders", lambda _number, _: NewEvent("o", {}))

    return run_plan(Plan(1, "x", events=(PlannedEvent(0.0),)), scenario)


def test_a_run_of_a_handler_that_failed_says_where() -> None:
    [ended, *_] = run(worker_fails=False).history.of(HandlerEnded)
    assert ended.error.startswith("KeyError: 'nope' at ")
    assert ended.error.endswith(THE_LINE)


def test_a_process_that_failed_says_where() -> None:
    [ended, *_] = run(worker_fails=True).history.of(ProcessEnded)
    assert ended.error.endswith(THE_LINE)


def test_a_scenario_that_failed_says_where() -> None:
    assert run(worker_fails=False, scenario_fails=True).error.endswith(THE_LINE)


def test_what_a_library_raises_has_the_line_that_called_it() -> None:
    with pytest.raises(json.JSONDecodeError) as told:
        json.loads("{")
    assert f"{HERE}:{_line_of('json.loads(')}, in test_what" in place_of(told.value)


def test_an_error_that_nobody_raised_has_no_place() -> None:
    assert in_words(ValueError("made")) == "ValueError: made"
