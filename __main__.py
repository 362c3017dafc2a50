"""The command `redis-streams`, also as `python -m redis_streams`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from .runtime._cli import Commands, UserError, run
from .runtime._cli_config import add_config
from .simulations.real import ServerNotFound

_DEMO_EXAMPLES = """\
  redis-streams demo                                     on a redis-server of its own, stopped at the end
  REDIS_URL=redis://localhost:6379 redis-streams demo    on yours
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    return run([_add_demo, add_config], argv)


def _add_demo(commands: Commands) -> None:
    # It stands here because the runtime, where the other commands are, knows nothing of simulations.
    commands.add(
        "demo",
        _demo,
        summary="see events flow through actors on a real Redis, with faults, and count what is lost",
        examples=_DEMO_EXAMPLES,
    )


def _demo(_: argparse.Namespace) -> int:
    try:
        # Not before: the demo draws with rich, which is an extra.
        from .simulations.demo import main as demo  # noqa: PLC0415
    except ModuleNotFoundError as error:
        if error.name != "rich":
            raise
        raise UserError("the demo needs rich: pip install 'redis-streams-trio[terminal]'") from error
    try:
        return demo()
    except ServerNotFound as error:
        raise UserError(f"the demo needs a Redis: {error} Or set REDIS_URL to one that runs.") from error


if __name__ == "__main__":
    sys.exit(main())
