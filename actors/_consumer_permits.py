"""At most once: having entries acknowledged before their handlers begin, and telling of those that are lost by that.

An entry goes the way of every verdict: to the checkpoint writer, whose script looks whether it is still pending under
our name and acknowledges it in the same step. So of all who may have it in hand, over all processes, one is told that
it was theirs, and begins. Whoever is told otherwise does not. Where an answer was lost and the same was said again,
nobody can know whether the first try had acknowledged it: it is not begun either, and told as dropped.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..wire import Entry
from ._consumer_desk import Desk, Verdicts
from ._entry_events import EventsDropped
from ._messages import Settled
from ._permits import Permit, Permits

UNSURE = "an answer was lost, so that nobody knows whether they were acknowledged: they are not begun"
STOPPED = "they were not begun, since this consumer stopped meanwhile"


async def have_acknowledged(desk: Desk, permits: Permits, entries: Sequence[Entry]) -> list[Entry]:
    """Those of these, which are held, that may begin now; their places are kept until `end` gives them back."""
    permit = permits.ask(entries)
    for raw_id in permit.asked:
        desk.hold.finish(raw_id)
    desk.verdicts.done.extend(permit.asked)
    desk.verdict_made.ring()
    try:
        await permit.answered.wait()
    except BaseException:
        _leave(desk, permits, permit)
        raise
    return permit.granted


def _leave(desk: Desk, permits: Permits, permit: Permit) -> None:
    """The worker is cancelled: what was not said yet is taken back, and handed back like all that had not begun."""
    permit.is_wanted = False
    unsaid = [raw_id for raw_id in permit.asked if raw_id in desk.verdicts.done]
    desk.verdicts.forget(unsaid)
    permits.refuse(unsaid)
    desk.hold.count_former(unsaid)
    for raw_id in unsaid:
        desk.hold.unfinish(raw_id)
    tell_dropped(desk, [entry.raw_id for entry in permit.granted], STOPPED)
    end(desk, permits, len(permit.granted))


def hear_settled(desk: Desk, permits: Permits, taken: Verdicts, settled: Settled) -> frozenset[bytes]:
    """Answer who asked for what was settled now; returns what somebody else has for certain."""
    begun, asked = permits.begun, permits.unanswered()
    unsure = settled.unsure | (settled.lost & permits.doubted)
    permits.doubted.difference_update(taken.done)
    unwanted = permits.grant(taken.done, settled.lost | settled.unsure)
    # Before their places are free: else a read would take them.
    desk.hold.reserve(permits.begun - begun)
    tell_dropped(desk, unwanted, STOPPED)
    tell_dropped(desk, [raw_id for raw_id in asked if raw_id in unsure], UNSURE)
    return settled.lost - unsure


def doubt(desk: Desk, permits: Permits, unsure: frozenset[bytes]) -> None:
    """These may have been acknowledged before the group began another history: it is known when they are asked for."""
    asked = unsure.intersection(permits.unanswered())
    permits.doubted |= asked
    tell_dropped(desk, sorted(unsure - asked), UNSURE)  # They are other entries by now, or delivered anew.


def end(desk: Desk, permits: Permits, places: int) -> None:
    """So many that were granted have come to their end, whatever it was."""
    permits.begun -= places
    desk.hold.reserve(-places)
    desk.room_made.ring()


def tell_dropped(desk: Desk, raw_ids: Sequence[bytes], reason: str) -> None:
    """Say that these are lost, or may be."""
    if raw_ids:
        settings = desk.settings
        desk.stage.emit(EventsDropped(desk.stage.path, settings.stream, settings.group, tuple(raw_ids), reason))


def drop_unanswered(desk: Desk) -> None:
    """The consumer ends, and nobody hears any more whether these were acknowledged."""
    if desk.permits is not None:
        unanswered = desk.permits.unanswered()
        tell_dropped(desk, unanswered, UNSURE)
        desk.release(unanswered)
