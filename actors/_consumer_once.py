"""Workers of a group that handles at most once: what they take is acknowledged, then its handler begins.

::

    waiting ──take──> asked ──acknowledged──> runs ──┬─ returned: that was all
                        │                            ├─ failed: told, and does not come again
                        └─ not ours, or unsure       └─ cancelled: dropped, and told

After a stop nothing is asked for any more: what has begun has all of `drain_seconds` to come to its end, since what is
cut short is lost, and what was read is there for others at once. What is being acknowledged then begins when it is: not
to begin it would lose it for certain. A pause that comes while an entry is being acknowledged has it wait.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

import trio
from typing_extensions import assert_never

from ..wire import Entry
from ._cleanup import tell_cleanup
from ._consumer_desk import Desk
from ._consumer_hold import Job
from ._consumer_permits import end, have_acknowledged, tell_dropped
from ._consumer_work import judge
from ._dead_letter import error_words
from ._entry_events import HandlerFailed
from ._lease import Lease
from ._permits import Permits
from ._verdict import Done, Failed, Undecodable, Verdict

CUT_SHORT = "the handler was cancelled, or had not begun when its consumer stopped"

Run = Callable[[Sequence[Entry]], Awaitable[Sequence[Verdict]]]
"""Runs the handler on entries; one verdict each, for the first of them at least."""


async def work_acknowledged(desk: Desk, permits: Permits) -> None:
    """One worker: takes what waits, one entry or a batch, until the consumer stops."""
    run, most = _run_of(desk), 1 if desk.wiring.work.handle is not None else desk.settings.batch
    while not desk.stage.draining:
        taken = desk.hold.take_many(most)
        if not taken:
            if desk.acquired_all:
                return
            await desk.work_arrived.wait()
            continue
        entries = [entry for entry, deliveries in taken if _is_to_begin(desk, entry, deliveries)]
        if entries:
            await _run_to_the_end(desk, permits, await have_acknowledged(desk, permits, entries), run)
        await trio.lowlevel.checkpoint()


def _run_of(desk: Desk) -> Run:
    settings, work = desk.settings, desk.wiring.work
    handle, handle_batch = work.handle, work.handle_batch

    async def run(entries: Sequence[Entry]) -> Sequence[Verdict]:
        leases = [Lease(entry.raw_id) for entry in entries]
        # What was never begun was never delivered to a handler, whoever had it in hand. And nobody can take it away.
        jobs: Sequence[Job] = [(entry, 1) for entry in entries]
        try:
            if handle is not None:
                return [await handle(*job, lease) for job, lease in zip(jobs, leases, strict=True)]
            return [] if handle_batch is None else await handle_batch(jobs, leases)
        except BaseException:
            tell_cleanup(desk.stage, settings.stream, settings.group, leases)
            raise

    return run


def _is_to_begin(desk: Desk, entry: Entry, deliveries: int) -> bool:
    """Whether a handler shall run on it. What nobody can read is not lost by a failure: it goes to the dead letters."""
    verdict = desk.wiring.work.sift(entry)
    if isinstance(verdict, Failed):
        why = "" if verdict.error is None else error_words(verdict.error)
        verdict = Undecodable(f"reading it raised {why}")
    if verdict is not None:
        judge(desk, entry, deliveries, verdict)
    return verdict is None


async def _run_to_the_end(desk: Desk, permits: Permits, entries: list[Entry], run: Run) -> None:
    """Run the handler on what is acknowledged, however often it takes until all of it is answered."""
    places, left = len(entries), entries
    try:
        while left and await _may_begin(desk):
            verdicts = await run(left)
            for entry, verdict in zip(left, verdicts, strict=False):
                _judge(desk, entry, verdict)
            left = left[len(verdicts) :]
            if not verdicts and desk.stage.draining:
                break  # Nobody handles any more.
            await trio.lowlevel.checkpoint()
    finally:
        tell_dropped(desk, [entry.raw_id for entry in left], CUT_SHORT)
        end(desk, permits, places)


async def _may_begin(desk: Desk) -> bool:
    """Wait while the consumer is paused; False where it stops meanwhile."""
    while desk.hold.closed:
        if desk.acquired_all:
            return False
        await desk.work_arrived.wait()
    return True


def _judge(desk: Desk, entry: Entry, verdict: Verdict) -> None:
    """Note what came of an entry that is acknowledged."""
    match verdict:
        case Done():
            desk.handled += 1
        case Failed(error):
            desk.failed += 1
            where = (desk.stage.path, desk.settings.stream, desk.settings.group, entry.raw_id)
            desk.stage.emit(HandlerFailed(*where, 1, error, comes_again=False))
        case Undecodable(reason):
            desk.failed += 1
            tell_dropped(desk, [entry.raw_id], reason)
        case never:
            assert_never(never)
