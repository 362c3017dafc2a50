"""The consumer: reads entries, has them handled, and tells the checkpoint writer what came of it.

Five activities share one `Desk`, each a task of the incarnation:

* **acquire** (`_consumer_acquire`) fills free places: first with what is pending under our own name, then with new
  entries, and beside that with what the reclaimer offers. It never asks for more than the free places: that is the
  demand which bounds the memory.
* **work** (`_consumer_work`) runs the handlers, at most `concurrency` at a time.
* **settle** (`_consumer_work`) sends verdicts to the checkpoint writer in batches, and sends them again until it hears
  that they are settled.
* **pauses** (`_consumer_pause`) hand back what waits while the group is paused.
* **leases** (`_consumer_lease`) keep what is held from looking idle, and keep the workers from beginning what others
  may have taken over.

Stopping runs through the same four in their order: nothing new is acquired, the workers finish what is held for as long
as `drain_seconds` allow, the verdicts are settled, and what is left is handed back, idle enough for another consumer to
take it at once.
"""

from __future__ import annotations

import trio

from ..wire import RedisError
from ._child import Actor
from ._consumer_acquire import interrupt_reads, read_new, take_tickets
from ._consumer_desk import ConsumerSettings, ConsumerWiring, Desk
from ._consumer_history import learn
from ._consumer_hold import Hold
from ._consumer_lease import LEASE_CHUNK, hand_back, keep_leases
from ._consumer_once import work_acknowledged
from ._consumer_outage import mind_breaker
from ._consumer_pause import mind_gate
from ._consumer_permits import drop_unanswered
from ._consumer_window import Window
from ._consumer_work import settle_verdicts, work_in_batches, work_one_by_one
from ._entry_events import HandedBack, LeftPending
from ._permits import Permits
from ._stage import Stage
from ._status import ConsumerStatus

LAST_READ_SECONDS = 1.0
"""What a read has to end, however short the drain: of two seconds in a hurry, in which it is handed back, too."""


def consumer_actor(settings: ConsumerSettings, wiring: ConsumerWiring) -> Actor:
    """The actor that reads and handles entries under one consumer name."""

    async def run(stage: Stage) -> None:
        window = Window(settings.prefetch_min, settings.prefetch)
        desk = Desk(stage, settings, wiring, Hold(window.places), window)
        desk.permits = Permits() if settings.delivery == "at_most_once" else None
        desk.note_progress()
        stage.publish_when_asked(lambda: _status_of(desk))
        stage.started()
        try:
            await learn(desk)
            async with trio.open_nursery() as beside:
                acquiring, working = trio.CancelScope(), trio.CancelScope()
                beside.start_soon(keep_leases, desk)
                beside.start_soon(_limit, desk, acquiring, working)
                await beside.start(mind_gate, desk)
                if wiring.breaker is not None:
                    beside.start_soon(mind_breaker, desk, wiring.breaker)
                await _acquire_work_settle(desk, acquiring, working)
                beside.cancel_scope.cancel()
            # Not beside renewals: one that comes after would make what was handed back look busy again.
            await _hand_back(desk)
        finally:
            drop_unanswered(desk)
            _tell_what_is_left(desk)
            stage.publish(_status_of(desk))

    return run


async def _acquire_work_settle(desk: Desk, acquiring: trio.CancelScope, working: trio.CancelScope) -> None:
    """All that is acquired is worked on, and all that is worked on is settled: each stage outlives the one before.

    Args:
        desk: the consumer's.
        acquiring: around its reads and claims.
        working: around its handlers.
    """
    async with trio.open_nursery() as settling:
        settling.start_soon(settle_verdicts, desk)
        async with trio.open_nursery() as before:
            before.start_soon(_acquire, desk, acquiring)
            with working:
                async with trio.open_nursery() as workers:
                    _start_workers(desk, workers)
        desk.close_judgement()


async def _acquire(desk: Desk, scope: trio.CancelScope) -> None:
    with scope:
        async with trio.open_nursery() as beside:
            beside.start_soon(interrupt_reads, desk)
            async with trio.open_nursery() as nursery:
                nursery.start_soon(read_new, desk)
                nursery.start_soon(take_tickets, desk)
            desk.close_acquisition()


def _start_workers(desk: Desk, workers: trio.Nursery) -> None:
    work = desk.wiring.work
    for _ in range(desk.settings.concurrency):
        if desk.permits is not None:
            workers.start_soon(work_acknowledged, desk, desk.permits)
        elif work.handle is not None:
            workers.start_soon(work_one_by_one, desk, work.handle)
        elif work.handle_batch is not None:
            workers.start_soon(work_in_batches, desk, work.handle_batch)


async def _limit(desk: Desk, acquiring: trio.CancelScope, working: trio.CancelScope) -> None:
    """Handlers that run longer than the drain allows are cancelled; what they worked on is handed back.

    In a hurry that is at once. A read that is under way ends at once, too, but is not cut: what it brings would be
    pending, and nobody would know.
    """
    await desk.stage.wait_draining()
    working.deadline = trio.current_time() + desk.settings.drain_seconds
    acquiring.deadline = trio.current_time() + max(desk.settings.drain_seconds, LAST_READ_SECONDS)
    await desk.stage.wait_hurried()
    acquiring.deadline = min(acquiring.deadline, trio.current_time() + LAST_READ_SECONDS)
    working.cancel()


async def _hand_back(desk: Desk) -> None:
    """Make what was not finished look idle, so that others take it now and not after the idle limit."""
    settings, strays = desk.settings, desk.strays
    desk.hold.set_aside(desk.hold.waiting)
    unfinished = (*desk.hold.unfinished(), *strays)
    for start in range(0, len(unfinished), LEASE_CHUNK):
        part = unfinished[start : start + LEASE_CHUNK]
        # What was cut short by the stop has not failed: it is not counted. Nor is what has not begun.
        deliveries = {raw_id: strays.get(raw_id, desk.hold.former_deliveries(raw_id)) for raw_id in part}
        try:
            await hand_back(desk, deliveries, settings.lease_ms)
        except RedisError:
            return  # Then others take it after the idle limit.
        desk.release(part)
    if unfinished:
        desk.stage.emit(HandedBack(desk.stage.path, settings.stream, settings.group, len(unfinished)))


def _tell_what_is_left(desk: Desk) -> None:
    """A crash leaves entries to the next incarnation, which recovers them; after a stop there is none."""
    if not desk.stage.draining or not len(desk.hold):
        return
    unfinished = len(desk.hold.unfinished())
    handled = len(desk.hold) - unfinished
    desk.stage.emit(LeftPending(desk.stage.path, desk.settings.stream, desk.settings.group, handled, unfinished))


def _status_of(desk: Desk) -> ConsumerStatus:
    breaker, reason = desk.wiring.breaker, desk.wiring.gate.reason
    if breaker is not None and breaker.by is not None:
        reason = " and ".join(filter(None, (reason, f"{breaker.by.name} is away")))
    return ConsumerStatus(
        held=len(desk.hold) + (0 if desk.permits is None else desk.permits.begun),
        waiting=desk.hold.waiting,
        handled=desk.handled,
        failed=desk.failed,
        paused=reason,
        due_at=desk.due_at,
    )
