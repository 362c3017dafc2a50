"""Leases: what is held is kept from looking idle, and nothing is begun that others may have taken over meanwhile.

The idle clock of an entry starts at the read, not at the handler, so entries that wait for a worker are renewed like
those that run. After a pause that outlasted the lease (a stopped process, a long collection of garbage, a server that
was away) nobody knows whose the entries are: workers wait until a renewal has said so. Handlers that run are told as
soon as that is known (`_lease`).

The clock is Trio's, which stands still while Linux or macOS is suspended. A machine that wakes takes its lease for
good until the next renewal, which says what it has lost.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import trio

from ..wire import NoGroup, RedisError, is_weather
from ._buggify import buggify
from ._consumer_desk import Desk
from ._entry_events import EntriesDestroyed, LeaseLost

LEASE_RENEWALS = 4
"""Renewals within one lease: three may fail before anybody else may take an entry."""

LEASE_CHUNK = 1000
"""Ids in one renewal: about 2 ms of the server's time."""


async def keep_leases(desk: Desk) -> None:
    """Renew what is held, again and again, until cancelled."""
    lease_seconds = desk.settings.lease_ms / 1000
    desk.lease_until = trio.current_time() + lease_seconds
    missed = False
    while True:
        with trio.move_on_after(lease_seconds / LEASE_RENEWALS):
            await desk.lease_wanted.wait()
        begun = trio.current_time()
        missed = not missed and buggify("renewal missed")  # Several in a row would be a fault, and none of the plan's.
        if missed:
            continue
        desk.idle_from = begun
        async with desk.renewing:
            renewed = await _renew_all(desk)
        if renewed:
            # What came in meanwhile was not renewed, and may have been idle for longer.
            desk.lease_until = desk.idle_from + lease_seconds
            desk.lease_renewed.ring()


async def wait_for_lease(desk: Desk) -> None:
    """Have the lease renewed now, and wait until it is."""
    while desk.lease_is_over():
        desk.lease_wanted.ring()
        await desk.lease_renewed.wait()


async def _renew_all(desk: Desk) -> bool:
    held = desk.hold.renewable()
    for start in range(0, len(held), LEASE_CHUNK):
        if not await _renew(desk, held[start : start + LEASE_CHUNK]):
            return False
    return True


async def _renew(desk: Desk, raw_ids: Sequence[bytes]) -> bool:
    settings = desk.settings
    try:
        missing = await desk.wiring.pending.renew(settings.name, raw_ids)
    except RedisError as error:
        if not isinstance(error, NoGroup) and not is_weather(error):
            raise
        return False  # There are more renewals than one within a lease; the other activities tell of the trouble.
    lose(desk, missing.lost)
    note_destroyed(desk, missing.destroyed)
    return True


def note_destroyed(desk: Desk, raw_ids: Sequence[bytes]) -> None:
    """These were deleted while we hold them, so nobody else will get them: their handlers go on."""
    hold = desk.hold
    tell_destroyed(desk, [raw_id for raw_id in raw_ids if raw_id in hold and not hold.is_finished(raw_id)])
    hold.destroy(raw_ids)
    if desk.permits is not None:
        # They can't be acknowledged any more, so they must not begin.
        desk.lose([raw_id for raw_id in raw_ids if raw_id in hold and not hold.is_finished(raw_id)])


def tell_destroyed(desk: Desk, raw_ids: Sequence[bytes]) -> None:
    """Entries that were deleted while pending are not delivered any more."""
    if raw_ids:
        settings, path = desk.settings, desk.stage.path
        desk.stage.emit(EntriesDestroyed(path, settings.stream, settings.group, tuple(raw_ids)))


async def hand_back(desk: Desk, deliveries: Mapping[bytes, int], idle_ms: int) -> None:
    """Make these look idle for so long, and tell which of them are not there any more."""
    returned = await desk.wiring.pending.hand_back(desk.settings.name, deliveries, idle_ms=idle_ms)
    tell_destroyed(desk, returned.destroyed)


def lose(desk: Desk, raw_ids: Sequence[bytes]) -> None:
    """These are not pending under our name: give up what is not finished."""
    # What was settled while we looked is not pending any more, but was not lost either.
    lost = tuple(raw_id for raw_id in raw_ids if raw_id in desk.hold and not desk.hold.is_finished(raw_id))
    if lost:
        desk.stage.emit(LeaseLost(desk.stage.path, desk.settings.stream, desk.settings.group, lost))
        desk.lose(lost)
