"""The reclaimer: finds entries that have been idle for too long and offers them to whoever has room.

It moves tickets, not entries: the consumer that takes a ticket claims the entries itself, with a minimum idle time,
which is a compare-and-swap on the server. So the reclaimer holds nothing, may die anywhere, and any number of
reclaimers may run beside each other.

What failed and has a time of its own is offered when it is due, and not before, however idle it is: the times are in a
sorted set beside the stream, and whoever notes one sets the alarm that ends our rest. Times that others noted are seen
at the next look; if the set is lost, the entries come with all that is idle.

The scan keeps its cursor from page to page and goes round: a scan that began at the start every time would never reach
the tail of a long pending list. Where a page has nothing to offer, because all of it waits for its time, it rests: else
a hundred thousand retries that wait would have the server do nothing but answer it, in each process of the group.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import trio
from attrs import define, field, frozen, validators

from ..wire import EntryId, NoGroup, PendingList, RedisError, Retry
from ._alarm import Alarm
from ._buggify import buggify
from ._child import Actor
from ._mailbox import Address
from ._messages import Offer, Ticket
from ._stage import Stage
from ._status import ReclaimerStatus
from ._weather import Weather

PENDING_START = EntryId(0, 0)

PAGE = 100
"""Rows in one look at the pending list: quick enough to disturb nobody."""

LOAD_MAX = 0.05
"""Part of its time that the reclaimer looks at what it can't offer: of a core of the server it takes less than that."""

REST_SECONDS_MAX = 0.1
"""The most that it rests after one page: over a slow network a look takes long, and not because of the server. So a
hundred thousand entries take a hundred seconds at most."""


@frozen
class ReclaimSettings:
    """When an entry counts as left behind, and how often to look.

    Attributes:
        interval_ms: time from the end of one round through the pending list to the next.
        min_idle_ms: idle time after which an entry is offered to others.
        ticket_size: entries in one offer at most; no more than a consumer has places for.
    """

    stream: str
    group: str
    interval_ms: int = field(default=30_000, validator=validators.ge(1))
    min_idle_ms: int = field(default=30_000, validator=validators.ge(1))
    ticket_size: int = field(default=16, validator=validators.ge(1))
    retry: Retry = Retry()


@define(eq=False)
class _Scan:
    stage: Stage
    settings: ReclaimSettings
    pending: PendingList
    tickets: Address[Ticket]
    alarm: Alarm
    rounds: int = 0
    offered: int = 0


def reclaimer_actor(
    settings: ReclaimSettings, pending: PendingList, tickets: Address[Ticket], alarm: Alarm, rng: Random
) -> Actor:
    """The actor that offers what was left behind in one group."""

    async def run(stage: Stage) -> None:
        weather = Weather(stage, f"looking for idle entries of {settings.stream}", retry=settings.retry, rng=rng)
        scan = _Scan(stage, settings, pending, tickets, alarm)
        cursor = PENDING_START
        stage.started()
        while not stage.draining:
            with stage.intake():
                try:
                    cursor = await _look(scan, cursor)
                except NoGroup:
                    cursor = PENDING_START
                    await trio.sleep(settings.interval_ms / 1000)  # The readers have it healed.
                except RedisError as error:
                    await weather.wait(error)
                else:
                    weather.clear()

    return run


async def _look(scan: _Scan, cursor: EntryId) -> EntryId:
    """Offer what is idle in the next page; returns where to go on. A round ends with a rest."""
    count, begun = 1 if buggify("short scan") else PAGE, trio.current_time()
    page = await scan.pending.idle(start=cursor, count=count, idle_ms=scan.settings.min_idle_ms)
    waiting = await scan.pending.waiting([row.raw_id for row in page.rows])
    seconds = trio.current_time() - begun
    await _offer(scan, [Offer(row.raw_id, row.deliveries) for row in page.rows if row.raw_id not in waiting])
    scan.rounds += page.next is None
    scan.stage.publish(ReclaimerStatus(scan.rounds, scan.offered))
    if page.next is None:
        await _rest(scan, scan.settings.interval_ms / 1000)
        return PENDING_START
    if waiting:
        await _rest(scan, rest_seconds(seconds, len(waiting) / len(page.rows)))
    return page.next


def rest_seconds(look_seconds: float, part_in_vain: float) -> float:
    """How long to rest after a look.

    Args:
        look_seconds: how long the answers took.
        part_in_vain: of what was found, the part that could not be offered. What can be is paced by who takes it.
    """
    return min(look_seconds * part_in_vain * (1 / LOAD_MAX - 1), REST_SECONDS_MAX)


async def _rest(scan: _Scan, seconds: float) -> None:
    """Sleep for so long, apart from offering what is due meanwhile."""
    end = trio.current_time() + seconds
    while trio.current_time() < end:
        due = await scan.pending.due(PAGE)
        await _offer(scan, [Offer(raw_id, deliveries) for raw_id, deliveries in due.entries])
        if due.next_ms is not None:
            scan.alarm.set(due.next_ms / 1000)
        await scan.alarm.sleep(end - trio.current_time())


async def _offer(scan: _Scan, offers: Sequence[Offer]) -> None:
    for start in range(0, len(offers), scan.settings.ticket_size):
        part = offers[start : start + scan.settings.ticket_size]
        await scan.tickets.send(Ticket(part))
        scan.offered += len(part)
