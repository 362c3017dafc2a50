"""An actor of your own beside the runtime, under a supervisor that restarts it when it crashes."""

import os
import random
from functools import partial

import trio
from redis_streams import Runtime
from redis_streams.actors import Backoff, Child, ChildRestarting, Limits, Stage, Supervisor, run_root

runtime = Runtime(os.environ.get("REDIS_URL", "redis://localhost:6379"))


async def thermometer(stage: Stage) -> None:
    """Publishes a temperature now and then, and breaks the first time."""
    stage.started()
    while not stage.draining:
        await runtime.publish("temperatures", 20 + stage.incarnation, event_type="measured")
        if stage.incarnation == 1:
            raise OSError("the sensor came loose")
        print(f"incarnation {stage.incarnation} measured")
        with stage.intake():
            await trio.sleep(60)


def observe(event: object) -> None:
    if isinstance(event, ChildRestarting):
        print("restarting")


async def main() -> None:
    supervisor = Supervisor(
        [Child("thermometer", thermometer)],
        rng=random.Random(),
        limits=Limits(restarts=3),
        backoff=Backoff(initial_seconds=0.05),
        observer=observe,
    )
    async with runtime, trio.open_nursery() as nursery:
        await nursery.start(partial(run_root, supervisor, name="house"))
        await trio.sleep(0.5)
        nursery.cancel_scope.cancel()


trio.run(main)
