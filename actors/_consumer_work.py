"""The consumer's workers, and the way of their verdicts to the checkpoint writer.

A delivery that is not the first one is counted before its handler begins (see `_retrying`), which also shows whose the
entry is: one round trip for what comes again, and none for what does not.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Sequence

import trio
from typing_extensions import assert_never

from ..wire import Entry, NoGroup
from ._buggify import buggify
from ._cleanup import tell_cleanup
from ._consumer_desk import Desk, Verdicts
from ._consumer_history import go_on_in
from ._consumer_hold import Job
from ._consumer_lease import lose, note_destroyed, tell_destroyed, wait_for_lease
from ._consumer_outage import hold_off, is_away, note_success
from ._consumer_permits import doubt, hear_settled
from ._consumer_refused import Refusals
from ._dead_letter import dead_letter
from ._entry_events import DeadLettered, HandlerFailed, LeaseLost
from ._errors import NoReply
from ._lease import Lease, Seat
from ._mailbox import Reply
from ._messages import Settle, Settled
from ._retrying import Again, Bury, after_failure, before_beginning
from ._verdict import DONE, Done, Failed, Handle, HandleBatch, Undecodable, Verdict
from ._weather import Weather

YIELD_EVERY = 32
"""Entries after which a worker lets the other tasks run, should its handler never wait for anything: about 100 µs of
work for the smallest handlers, against about 5 µs that a yield costs."""


LATE_SECONDS_MAX = 1.0
"""How long verdicts wait at most where a simulation has them wait: a stop has time for that."""


async def work_one_by_one(desk: Desk, handle: Handle) -> None:
    """One worker: takes entry after entry until nothing more will come."""
    await _sit(desk, lambda seat: _take_one_by_one(desk, seat, handle))


async def work_in_batches(desk: Desk, handle_batch: HandleBatch) -> None:
    """One worker for a handler that gets a list: takes what waits, up to the batch size, until nothing more will come.

    The handler may answer the first entries only: the rest is offered again. No answer at all means that nobody
    handles any more.
    """
    await _sit(desk, lambda seat: _take_in_batches(desk, seat, handle_batch))


async def _sit(desk: Desk, work: Callable[[Seat], Awaitable[None]]) -> None:
    """Work in a seat of one's own; where a run was cancelled because its entries are lost, go on with the next one.

    The scope is the worker's and not one of each run: that costs nothing as long as nothing is lost.
    """
    seat = Seat(desk.settings.on_lease_lost == "cancel")
    desk.seats.append(seat)
    while True:
        seat.leases, seat.is_cancelled = (), False
        try:
            with trio.CancelScope() as seat.scope:
                await work(seat)
        finally:
            tell_cleanup(desk.stage, desk.settings.stream, desk.settings.group, seat.leases)
        if not seat.is_cancelled:
            return


async def _take_one_by_one(desk: Desk, seat: Seat, handle: Handle) -> None:
    """Until nothing more will come, or a run was cancelled."""
    hold, breaker = desk.hold, desk.wiring.breaker
    handled = 0
    while not seat.is_cancelled:
        job = hold.take()
        if job is None:
            if desk.acquired_all:
                return
            await desk.work_arrived.wait()
            continue
        if desk.lease_is_over():
            desk.put_back([job])
            await wait_for_lease(desk)
            continue
        entry, deliveries = job
        if breaker is not None and not breaker.may_begin(entry.raw_id):
            if desk.acquired_all:
                desk.put_back([job])
                return  # It is handed back.
            await hold_off(desk, breaker, [job])
            continue
        try:
            if deliveries > 1 and not await _begin_again(desk, [job]):
                continue
            lease = Lease(entry.raw_id)
            seat.leases = (lease,)
            judge(desk, entry, deliveries, await handle(entry, deliveries, lease))
            seat.leases = ()
        finally:
            if breaker is not None:
                breaker.ended(entry.raw_id)
        handled += 1
        if handled % YIELD_EVERY == 0 or desk.stage.draining:
            await _between_two(handled)


async def _between_two(handled: int) -> None:
    """Let the other tasks run at times; and each time notice that the time to drain is over.

    A handler that was cancelled then may have taken no notice, or raised something else.
    """
    if handled % YIELD_EVERY == 0:
        await trio.lowlevel.checkpoint()
    else:
        await trio.lowlevel.checkpoint_if_cancelled()


async def _take_in_batches(desk: Desk, seat: Seat, handle_batch: HandleBatch) -> None:
    """Until nothing more will come, or a run was cancelled."""
    breaker, batch = desk.wiring.breaker, desk.settings.batch
    while not seat.is_cancelled:
        jobs = desk.hold.take_many(batch if breaker is None else breaker.places(batch) or 1)
        if not jobs:
            if desk.acquired_all:
                return
            await desk.work_arrived.wait()
            continue
        if desk.lease_is_over():
            desk.put_back(jobs)
            await wait_for_lease(desk)
            continue
        if breaker is not None and not breaker.may_begin(jobs[0][0].raw_id):
            if desk.acquired_all:
                desk.put_back(jobs)
                return  # They are handed back.
            await hold_off(desk, breaker, jobs)
            continue
        if not await _run_batch(desk, seat, jobs, handle_batch) and desk.stage.draining:
            return
        await trio.lowlevel.checkpoint()


async def _run_batch(desk: Desk, seat: Seat, jobs: Sequence[Job], handle_batch: HandleBatch) -> bool:
    """Have a batch handled, if it is still to begin; False: nobody handles any more."""
    try:
        if jobs[0][1] > 1 and not await _begin_again(desk, jobs):
            return True
        seat.leases = [Lease(entry.raw_id) for entry, _ in jobs]
        verdicts = await handle_batch(jobs, seat.leases)
        seat.leases = ()
        for (entry, deliveries), verdict in zip(jobs, verdicts, strict=False):
            judge(desk, entry, deliveries, verdict)
    finally:
        if desk.wiring.breaker is not None:
            desk.wiring.breaker.ended(jobs[0][0].raw_id)
    desk.put_back(jobs[len(verdicts) :])
    return bool(verdicts)


async def _begin_again(desk: Desk, jobs: Sequence[Job]) -> bool:
    """Count these deliveries; False where nothing is to be begun: it had its deliveries, or is not ours any more."""
    settings = desk.settings
    for entry, deliveries in jobs:
        spent = before_beginning(deliveries, settings.rules.max_deliveries)
        if spent is not None:
            _bury(desk, entry, deliveries - 1, spent.reason)
            return False
    numbers = {entry.raw_id: number for entry, number in jobs if not desk.hold.is_destroyed(entry.raw_id)}
    weather = Weather(desk.stage, f"beginning again in {settings.stream}", retry=settings.retry, rng=desk.wiring.rng)
    try:
        missing = await weather.through(lambda: desk.wiring.pending.begin(settings.name, numbers))
        lose(desk, missing.lost)
        note_destroyed(desk, missing.destroyed)
    except NoGroup:
        lose(desk, list(numbers))  # The reader notices the same and has it healed; then they are delivered anew.
    if desk.lease_is_over() or desk.hold.closed:
        # The answer may have been long in coming, or lain there while this process stood still. Asked again it counts
        # nothing twice.
        desk.put_back(jobs)
        return False
    if desk.wiring.breaker is not None and not desk.wiring.breaker.may_begin(jobs[0][0].raw_id):
        desk.put_back(jobs)  # Something was found to be away meanwhile.
        return False
    return all(desk.hold.holds(entry) for entry, _ in jobs)


def judge(desk: Desk, entry: Entry, deliveries: int, verdict: Verdict) -> None:
    """Note what came of one entry."""
    if not desk.hold.holds(entry):
        return  # Lost while it ran: whoever owns it now decides, and the fence would refuse us anyway.
    if desk.hold.is_destroyed(entry.raw_id):
        _judge_destroyed(desk, entry, deliveries, verdict)
        return
    if not isinstance(verdict, Done):
        _judge_trouble(desk, entry, deliveries, verdict)
        return
    raw_id = entry.raw_id
    # What was passed over says nothing of what handlers need.
    if desk.wiring.breaker is not None and verdict is DONE:
        note_success(desk, desk.wiring.breaker, raw_id)
    desk.handled += 1
    desk.hold.finish(raw_id)
    done = desk.verdicts.done
    if not done:  # else the bell was rung for the first of them
        desk.verdict_made.ring()
    done.append(raw_id)


def _judge_destroyed(desk: Desk, entry: Entry, deliveries: int, verdict: Verdict) -> None:
    """It was deleted meanwhile: there is nothing to acknowledge, to bury or to try again."""
    desk.release([entry.raw_id])
    match verdict:
        case Done():
            desk.handled += 1
        case Failed(error):
            desk.failed += 1
            where = (desk.stage.path, desk.settings.stream, desk.settings.group, entry.raw_id)
            desk.stage.emit(HandlerFailed(*where, deliveries, error, comes_again=False))
        case Undecodable():
            pass
        case never:
            assert_never(never)


def _judge_trouble(desk: Desk, entry: Entry, deliveries: int, verdict: Undecodable | Failed) -> None:
    if isinstance(verdict, Undecodable):
        desk.hold.count_former([entry.raw_id])  # No handler began, should it be handed back.
        _bury(desk, entry, deliveries, verdict.reason)
    else:
        desk.failed += 1
        _judge_failure(desk, entry, deliveries, verdict.error)


def _judge_failure(desk: Desk, entry: Entry, deliveries: int, error: BaseException | None) -> None:
    breaker = desk.wiring.breaker
    if breaker is not None and is_away(desk, breaker, entry, deliveries, error):
        return
    match after_failure(deliveries, error, desk.settings.rules, desk.wiring.rng):
        case Again(after_seconds):
            _try_again(desk, entry, deliveries, after_seconds)
            where = (desk.stage.path, desk.settings.stream, desk.settings.group, entry.raw_id)
            desk.stage.emit(HandlerFailed(*where, deliveries, error, after_seconds))
        case Bury(reason):
            _bury(desk, entry, deliveries, reason, error)
        case never:
            assert_never(never)


def _try_again(desk: Desk, entry: Entry, deliveries: int, after_seconds: float | None) -> None:
    """At once, before others; or it is let go, and comes again when it is due, or idle, to whoever has room."""
    if after_seconds == 0:
        desk.hold.again(entry, deliveries + 1)
        desk.note_waiting()
    elif after_seconds is None:
        desk.release([entry.raw_id])
    else:
        desk.hold.let_go(entry.raw_id)
        desk.verdicts.later[entry.raw_id] = max(1, round(after_seconds * 1000))
        desk.verdict_made.ring()


def _bury(desk: Desk, entry: Entry, deliveries: int, reason: str, error: BaseException | None = None) -> None:
    """Have an entry moved to the dead letters, if it is still ours."""
    stage, settings = desk.stage, desk.settings
    letter = dead_letter(
        entry,
        stream=settings.stream,
        group=settings.group,
        consumer=settings.name,
        deliveries=deliveries,
        reason=reason,
        error=error,
        identity=desk.wiring.work.identify(entry),
    )
    desk.hold.finish(entry.raw_id)
    desk.verdicts.dead.append(letter)
    stage.emit(DeadLettered(stage.path, settings.stream, settings.group, entry.raw_id, reason))
    desk.verdict_made.ring()


async def settle_verdicts(desk: Desk) -> None:
    """Send verdicts to the checkpoint writer, batch after batch, until the last one is settled.

    One batch is under way at a time: while it is, the next one gathers, so batches grow with the load.
    """
    refusals = Refusals(desk)
    while True:
        refusals.say_due()
        if not desk.verdicts:
            if desk.judged_all and refusals.is_over():
                return
            await refusals.wait()
            continue
        if buggify("verdicts wait"):
            await trio.sleep(min(LATE_SECONDS_MAX, desk.settings.lease_ms / 2000))
        taken = desk.verdicts.take()
        settled = await _settle(desk, taken)
        desk.note_progress()
        if settled.history is not None:
            desk.verdicts.put_back(taken)
            await go_on_in(desk, settled.history)
            if desk.permits is not None:
                doubt(desk, desk.permits, settled.unsure)
            continue
        lost = settled.lost if desk.permits is None else hear_settled(desk, desk.permits, taken, settled)
        tell_destroyed(desk, sorted(settled.destroyed))
        lost = frozenset(raw_id for raw_id in lost if not desk.hold.is_destroyed(raw_id))
        if lost:
            ids = tuple(sorted(lost))
            desk.stage.emit(LeaseLost(desk.stage.path, desk.settings.stream, desk.settings.group, ids))
        settled_ids = taken.raw_ids()
        if settled.refused:
            settled_ids = [raw_id for raw_id in settled_ids if raw_id not in settled.refused]
        desk.release(settled_ids)
        refusals.hear(taken, settled.refused)
        if taken.later:
            desk.wiring.alarm.set(min(taken.later.values()) / 1000)


async def _settle(desk: Desk, verdicts: Verdicts) -> Settled:
    """Say it until it is answered: a verdict is safe to lose, because here it is said again, and safe to repeat.

    Not before it is answered or given up, however long an outage lasts. Said again while the writer has the first one
    still, it would be that one which acknowledges, to nobody, and the answer would be that nothing of it is ours.
    """

    def message(reply: Reply[Settled]) -> Settle:
        settings = desk.settings
        now = (verdicts.done, verdicts.dead, verdicts.later)
        return Settle(settings.name, *now, settings.lease_ms, desk.history, reply)

    given_up = False
    while True:
        try:
            settled = await desk.wiring.writer.ask(message, timeout_seconds=math.inf)
        except NoReply:
            given_up = True
            continue
        return settled.said_again(verdicts.done) if given_up else settled
