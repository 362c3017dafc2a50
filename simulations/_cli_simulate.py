"""`redis-streams simulate`: its arguments. What it does is imported only when it is asked for, as it needs an extra."""

from __future__ import annotations

import argparse
import math
import os

from ..runtime._cli import Commands, UserError

PRESETS = ("calm", "lite", "swarm", "failover", "powerloss")
SEEDS = 50
SEEDS_REAL = 2
"""In real time a run takes seconds."""
AGAIN_EVERY = 20
_EPILOG = """\
  redis-streams simulate                                       all scenarios of the library
  redis-streams simulate failover power-loss --seeds 2000      of two of them more
  redis-streams simulate shop.py:scenario --report out/        yours
  redis-streams simulate --time 240 --base 7                   as many seeds as there is time for, from this one on
  redis-streams simulate --real redis-server --seeds 1         in real time, on a real server
  redis-streams simulate --planted --report out/               what proves that it finds anything
  redis-streams simulate --replay '17:eNqr...'                 one run again, told line by line

exit codes:
  0  every promise was kept
  1  it can't begin: a scenario, a file or a replay line is not what it should be
  2  wrong usage
  3  a promise was broken
  4  something still waited long after the faults had ended
  5  a run crashed
  6  one plan ran differently in two processes
  7  something that ought to happen sometimes never did, or a planted bug was not found
  8  the canary lived: a run that must fail held, so nothing that was found or not found means anything
  Where several apply, it is the first of 8, 3, 5, 6, 4, 7.
"""


def add_simulate(commands: Commands) -> None:
    """Add the command to `redis-streams`."""
    parser = commands.add(
        "simulate",
        _simulate,
        summary="run scenarios with faults in virtual time, and judge whether every promise was kept",
        examples=_EPILOG,
    )
    parser.add_argument(
        "scenarios", nargs="*", metavar="SCENARIO", help="a built-in one, or file.py:function (default: all built-in)"
    )
    parser.add_argument(
        "--seeds", type=_count, metavar="N", help=f"of each scenario (default {SEEDS}, with --time no limit)"
    )
    parser.add_argument("--base", type=_count0, metavar="N", help="the first seed (default: a new one each time)")
    parser.add_argument("--jobs", type=_count, metavar="N", help="processes (default: one for each core)")
    parser.add_argument("--faults", choices=PRESETS, default="swarm", help="which faults (default swarm)")
    parser.add_argument(
        "--twice", action="store_true", help="run every plan in two processes and compare (default: every 20th)"
    )
    parser.add_argument("--time", type=_seconds, metavar="SECONDS", help="begin no more runs after so long")
    parser.add_argument(
        "--report",
        metavar="DIR",
        help="keep failures and pages here (default: failures in .redis-streams/failures, no pages)",
    )
    parser.add_argument("--replay", metavar="R", help="run a plan again: a replay line, or a file of a failure")
    parser.add_argument(
        "--real", metavar="BINARY", help="in real time on this redis-server, one run after the other, as far as it can"
    )
    parser.add_argument(
        "--planted",
        action="store_true",
        help="put bugs into the runtime on purpose and search for each: all, or those with one of SCENARIO in the name",
    )
    parser.add_argument(
        "--plant", metavar="BUG", help="with --real: put this bug in, by its name in what --planted says"
    )
    parser.add_argument("--json", action="store_true", help="say the result as JSON")


def _count(text: str) -> int:
    return _whole(text, 1)


def _count0(text: str) -> int:
    return _whole(text, 0)


def _whole(text: str, least: int) -> int:
    if not (text.isascii() and text.isdigit()) or int(text) < least:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from {least} on")
    return int(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds")
    return seconds


def _simulate(options: argparse.Namespace) -> int:
    try:
        from .running._command import CannotBegin, replay, simulate  # noqa: PLC0415  # of the extra `simulation`
    except ModuleNotFoundError as error:
        raise UserError(f"{error}: simulate needs pip install 'redis-streams-trio[simulation]'") from error
    try:
        if options.planted:
            return _planted(options)
        if options.replay is not None:
            return replay(options.replay, as_json=options.json, real=options.real)
        return simulate(
            options.scenarios,
            seeds=options.seeds or (None if options.time else SEEDS_REAL if options.real else SEEDS),
            base=options.base,
            jobs=options.jobs,
            preset=options.faults,
            seconds=options.time,
            again_every=1 if options.twice else AGAIN_EVERY,
            report=options.report,
            as_json=options.json,
            real=options.real,
            plant=options.plant or "",
        )
    except CannotBegin as error:
        raise UserError(str(error)) from error


def _planted(options: argparse.Namespace) -> int:
    from .planted._command import NoSuchBug, planted  # noqa: PLC0415  # as above

    jobs = options.jobs or os.cpu_count() or 1
    try:
        return planted(options.scenarios, jobs=jobs, report=options.report, as_json=options.json)
    except NoSuchBug as error:
        raise UserError(str(error)) from error
