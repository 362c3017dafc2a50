"""One plan in, one outcome out."""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Literal

import trio
from attrs import frozen

from ..checkers import Checker, Verdict, liveness
from ..history import History
from ..plan import Plan, Schedule
from ..world import Scenario, Trace, World
from ..world._failing import in_words
from ..world._trio import turns_taken_by

Status = Literal["held", "violated", "not live", "crashed", "nondeterministic"]


@frozen(eq=False)
class Outcome:
    """What a run came to.

    Attributes:
        status: ``held``; ``violated`` if a promise was broken; ``not live`` if something still waits long after the
            faults have ended; ``crashed`` if the scenario or the world raised; ``nondeterministic`` if the code asked
            for what differs from run to run.
        trace_hash: two runs of one plan have the same.
        schedule: the turns that were taken, as deviations from running everybody by age.
        struck: the faults that really happened, by their places in the plan.
        virtual_seconds, real_seconds: how long it was.
        error: what was raised, in words.
    """

    plan: Plan
    status: Status
    verdicts: Sequence[Verdict]
    history: History
    trace_hash: str
    trace_lines: Sequence[str]
    schedule: Schedule
    struck: frozenset[int]
    virtual_seconds: float
    real_seconds: float
    error: str = ""


def run_plan(plan: Plan, scenario: Scenario, *, checkers: Sequence[Checker] = (), keep_trace: bool = False) -> Outcome:
    """Run a plan in virtual time, and judge what happened.

    Args:
        plan: what is to happen.
        scenario: the application.
        checkers: the promises that are judged.
        keep_trace: whether to keep every line of the trace, to compare it with another's.
    """
    with _garbage_kept():
        return _run(plan, scenario, checkers, keep_trace=keep_trace)


GARBAGE_MAX = 50_000
"""So many objects may a run leave about before Python looks whether they are garbage: more than most runs make.

At the usual 700 it looks ten times in a run, at all there is every few runs, and takes a tenth of the time for it. When
the run is over everything that was its own is found at once."""


@contextmanager
def _garbage_kept() -> Iterator[None]:
    before = gc.get_threshold()
    gc.set_threshold(before[0] and max(before[0], GARBAGE_MAX), *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


def _run(plan: Plan, scenario: Scenario, checkers: Sequence[Checker], *, keep_trace: bool) -> Outcome:
    began = time.perf_counter()
    trace = Trace(keep=keep_trace)
    world = World(plan, trace)
    error = ""
    with turns_taken_by(world.turns):
        try:
            trio.run(world.run, scenario, clock=world.clock)
        except Exception as raised:  # noqa: BLE001 - whatever it is, the plan that brought it about is worth keeping
            error = in_words(raised)
        except BaseException:
            if not world.spins:
                raise
    error = (world.stuck if world.spins else error) or world.stuck or ""
    if world.trips:
        error = world.trips[0]
    world.history.forget_frames()
    # Who spins leaves tens of thousands of equal records, and to judge them would take minutes.
    judges = () if world.spins else checkers
    verdicts = [*world.verdicts, *(verdict for check in judges for verdict in check(world.history))]
    return Outcome(
        plan,
        "nondeterministic"
        if world.trips
        else status_of(error, verdicts, live=world.history.live or liveness in checkers),
        verdicts,
        world.history,
        trace.hexdigest(),
        trace.lines or (),
        Schedule("fifo", world.turns.deviations),
        frozenset(world.strikes.struck),
        world.clock.now,
        time.perf_counter() - began,
        error,
    )


def status_of(error: str, verdicts: Sequence[Verdict], *, live: bool) -> Status:
    """What a run came to, in a word; `live`: nothing waits, or the checker of `liveness` has judged what does."""
    if error:
        return "crashed"
    if any(verdict.promise != "liveness" for verdict in verdicts):
        return "violated"
    return "held" if live and not verdicts else "not live"
