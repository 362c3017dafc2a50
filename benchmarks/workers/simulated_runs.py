"""The fault simulation: plans of 20 events for two workers are run, with faults or without, on one core."""

from __future__ import annotations

import time
from collections.abc import Sequence

from redis_streams.simulations.plan import Domain, Plan, draw_plan
from redis_streams.simulations.running import run_plan
from redis_streams.simulations.scenarios import SCENARIOS
from shared import Answer, Mode, WrongResultError, run

SCENARIO = "many"
EVENTS = 20
DOMAIN = Domain(workers=(2, 2), consumers=(1, 1), concurrency=(1, 1), events=(EVENTS, EVENTS))
"""The smallest application in which somebody can take over from somebody else."""
WARM_UP = 3
"""Plans run before the clock starts: the first of a process load modules and read files."""


def _plans(preset: str, count: int) -> Sequence[Plan]:
    return [draw_plan(seed, SCENARIO, DOMAIN, preset) for seed in range(count)]


def _run_all(plans: Sequence[Plan]) -> float:
    """Run them, and return their virtual seconds.

    Raises:
        WrongResultError: something was wrong in one of them.
    """
    virtual_seconds = 0.0
    for plan in plans:
        outcome = run_plan(plan, SCENARIOS[SCENARIO].run)
        if outcome.status != "held":
            raise WrongResultError(f"the run of seed {plan.seed} is {outcome.status}: {outcome.error}")
        virtual_seconds += outcome.virtual_seconds
    return virtual_seconds


def _simulated(preset: str) -> Mode:
    """By the clock of the processor: what else runs on the machine is no part of it."""

    def measure(_url: str, count: int) -> Answer:
        _run_all(_plans(preset, WARM_UP))
        plans = _plans(preset, count)
        began = time.thread_time()
        _run_all(plans)
        return {"events": count, "seconds": time.thread_time() - began}

    return measure


def _in_real_time(preset: str) -> Mode:
    """What the same runs would take if their clocks were real ones. So the ratio is that of the two times."""
    return lambda _url, count: {"events": count, "seconds": _run_all(_plans(preset, count))}


if __name__ == "__main__":
    run(
        {
            f"{preset}-{name}": mode(preset)
            for preset in ("calm", "swarm")
            for name, mode in (("simulated", _simulated), ("real-time", _in_real_time))
        }
    )
