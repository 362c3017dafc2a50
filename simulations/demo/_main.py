"""The command: find or start a Redis, play, and say what came of it."""

from __future__ import annotations

import argparse
import contextlib
import logging
import math
import os
import signal
import sys
from collections.abc import Iterator

import trio

from ...runtime import Ports
from ._fragile import FragileDial
from ._ground import ground_of
from ._play import clean_up, play
from ._shop import shop
from ._stage import Ground, Stage
from ._story import Story
from ._tally import Verdict

NUMBER_MAX = 1e6


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The demo's options."""
    parser.add_argument("--seconds", type=_seconds, default=14.0, help="how long orders come in (default: 14)")
    parser.add_argument("--rate", type=_rate, default=200.0, help="orders per second (default: 200)")
    parser.add_argument(
        "--real",
        action="store_true",
        help="on a real Redis: REDIS_URL's, else a redis-server that it starts and stops; a consumer process is killed",
    )
    parser.add_argument("--server", metavar="BINARY", help="as --real, with this redis-server")
    parser.add_argument("--plain", action="store_true", help="print lines instead of a live screen")


def run(options: argparse.Namespace) -> int:
    """Play the demo; returns 0 when nothing was lost, 1 when something was.

    Raises:
        ServerNotFound: a real one is asked for, REDIS_URL is not set, and there is no redis-server to start.
        SimulationMissing: the simulated server needs something that is not installed.
        KeyboardInterrupt: Ctrl-C, or SIGTERM.
    """
    # The story tells what matters; the log would write over the screen.
    logging.getLogger("redis_streams").propagate = False
    plain = options.plain or not sys.stdout.isatty()
    with ground_of(real=options.real, binary=options.server) as ground:
        print(ground.words)
        result = trio.run(_until_interrupted, ground, options.seconds, options.rate, plain)
    if result is None:
        raise KeyboardInterrupt
    print(f"\nVERDICT: {result.text()}")
    if result.indeterminate:
        print(f"         {result.indeterminate} more publishes were cut off before their reply: nobody promised those")
    print("Nothing was lost." if result.kept else "The promise was NOT kept.")
    return 0 if result.kept else 1


def _seconds(text: str) -> float:
    return _number(text, 2, "seconds from 2 on")


def _rate(text: str) -> float:
    return _number(text, 1, "orders per second, from 1 on")


def _number(text: str, least: float, what: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not least <= number <= NUMBER_MAX:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of {what}")
    return number


async def _until_interrupted(ground: Ground, seconds: float, rate: float, plain: bool) -> Verdict | None:  # noqa: FBT001
    """Ctrl-C ends it in good order: raised wherever the program just is, it would look like a bug of some actor."""
    with trio.CancelScope() as scope:
        trio.lowlevel.spawn_system_task(_cancel_on_signal, scope)
        return await perform(ground, seconds, rate, plain)
    return None


async def _cancel_on_signal(scope: trio.CancelScope) -> None:
    with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async for _ in signals:
            scope.cancel()


async def perform(ground: Ground, seconds: float, rate: float, plain: bool) -> Verdict:  # noqa: FBT001 - trio.run
    """The whole demo on some ground, on the screen or line by line."""
    begun = trio.current_time()
    stream = f"redis-streams-demo-{os.getpid()}"

    def tell(line: str) -> None:
        if plain:
            print(line, flush=True)

    story = Story(lambda: trio.current_time() - begun, tell)
    dial = FragileDial()
    runtime = shop(ground.url, stream, "front", consumers=2, observer=story.observe, ports=Ports(dial=dial))
    stage = Stage(ground, stream, seconds, rate, runtime, dial, story)
    try:
        with _shown(stage, plain=plain):
            return await play(stage)
    finally:
        if stage.begun:
            with trio.CancelScope(shield=True), trio.move_on_after(5):
                await clean_up(stage)


@contextlib.contextmanager
def _shown(stage: Stage, *, plain: bool) -> Iterator[None]:
    if plain:
        yield
        return
    try:
        from rich.live import Live  # noqa: PLC0415 - an extra: the plain demo does without

        from ._screen import Screen  # noqa: PLC0415
    except ImportError:
        print("the live screen needs rich: pip install 'redis-streams-trio[terminal]' (going on with plain lines)")
        yield
        return
    with Live(Screen(stage), refresh_per_second=8, screen=False):
        yield
