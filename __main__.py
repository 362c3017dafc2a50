"""The command `redis-streams`, also as `python -m redis_streams`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from .runtime._cli import Commands, UserError, run
from .runtime._cli_config import add_config
from .runtime._cli_dead import add_dead
from .runtime._cli_doctor import add_doctor
from .runtime._cli_group import add_group
from .runtime._cli_schedule import add_schedule
from .simulations import demo
from .simulations._cli_serve import add_serve
from .simulations._cli_simulate import add_simulate
from .simulations.real import ServerFailed, ServerNotFound
from .wire import AddressError, RedisError

_DEMO_EXAMPLES = """\
  redis-streams demo                                            on a simulated Redis in this process
  redis-streams demo --real                                     on a redis-server of its own, stopped at the end
  redis-streams demo --server ./redis-server                    the same, with this one
  REDIS_URL=redis://localhost:6379 redis-streams demo --real    on yours
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    commands = [_add_demo, add_config, add_dead, add_doctor, add_group, add_schedule, add_serve, add_simulate]
    return run(commands, argv)


def _add_demo(commands: Commands) -> None:
    # It stands here because the runtime, where the other commands are, knows nothing of simulations.
    summary = "see events flow through actors, with faults, and count what is lost"
    demo.add_arguments(commands.add("demo", _demo, summary=summary, examples=_DEMO_EXAMPLES))


def _demo(options: argparse.Namespace) -> int:
    try:
        return demo.run(options)
    except demo.SimulationMissing as error:
        extra = "pip install 'redis-streams-trio[simulation]'"
        raise UserError(f"{error}: the demo's simulated Redis needs {extra}; --real plays on a real one") from error
    except (ServerNotFound, ServerFailed) as error:
        raise UserError(f"--real needs a Redis: {error} Or set REDIS_URL to one that runs.") from error
    except RedisError as error:
        raise UserError(str(error)) from error
    except AddressError as error:
        raise UserError(f"REDIS_URL: {error}") from error


if __name__ == "__main__":
    sys.exit(main())
