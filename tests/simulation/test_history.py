"""What is left of a run."""

from __future__ import annotations

import gc
import weakref

from redis_streams.actors import HandlerFailed
from redis_streams.simulations.history import Told
from redis_streams.simulations.plan import Plan, PlannedEvent
from redis_streams.simulations.running import run_plan
from redis_streams.simulations.scenarios import SCENARIOS
from redis_streams.simulations.world import World


def test_a_history_does_not_keep_the_world_in_which_it_happened() -> None:
    worlds: list[weakref.ref[World]] = []

    async def failing(world: World) -> None:
        worlds.append(weakref.ref(world))
        await SCENARIOS["many"].run(world)

    plan = Plan(1, "many", events=(PlannedEvent(0.0, "a", fails=1),))
    outcome = run_plan(plan, failing)
    gc.collect()
    assert any(isinstance(told.event, HandlerFailed) for told in outcome.history.of(Told))
    assert worlds[0]() is None
