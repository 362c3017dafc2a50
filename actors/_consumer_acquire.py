"""How a consumer comes by entries: its own pending ones, new ones, and what the reclaimer offers.

A read that was cut short may have been applied all the same: its entries are then pending under our name and nobody
has seen them. So after any broken read, and at the start of each incarnation, the consumer *recovers*: it closes the
old connection on the server too (a command still on its way through it would deliver after we looked), waits for the
verdicts that are under way, lists what is pending under its name, subtracts what it holds, and takes the rest. The
list comes from XPENDING, which, unlike a history read, neither raises delivery counts nor resets idle times of what is
in hand.

What it holds and does not find in the list it gives up, before it reads on: the server may have lost its last writes,
and then the next entry may get the same id. No verdict on the former one may be under way any more by then.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress

import trio

from ..wire import ZERO_ID, Connection, Entry, Link, NoGroup, Pending, RedisError
from ._buggify import buggify
from ._consumer_desk import Desk
from ._consumer_lease import lose, tell_destroyed
from ._entry_events import EntriesReclaimed, EntriesRecovered
from ._errors import NoReply
from ._mailbox import Reply
from ._messages import Barrier, Heal, Offer
from ._weather import Weather

ASK_SECONDS = 30.0
"""How long a consumer waits for the group or the checkpoint writer before it asks the same again. Above any single
command's deadline, below what a person would call hanging."""

PAGE = 100
"""Pending rows in one look: small enough to be quick for the server, large enough to make 10,000 rows 100 looks."""

HEAL_SECONDS_MIN = 1.0
"""Time between two repairs of the group at least, should somebody destroy it again and again."""

UNBLOCK_SECONDS = 0.1
"""Time between two attempts to end a blocking read: the first may reach the server before the read does."""


async def read_new(desk: Desk) -> None:
    """Recover, then read new entries for as long as there are free places, until the stage drains."""
    settings = desk.settings
    weather = Weather(desk.stage, f"reading {settings.stream}", retry=settings.retry, rng=desk.wiring.rng)
    async with desk.wiring.client.link() as link:
        while not desk.stage.draining:
            await _wait_open(desk)
            try:
                connection = await link.connection()
                if desk.suspect:
                    await _recover(desk, link)
                desk.set_places()
                await _wait_room(desk, for_claim=False)
                if not desk.suspect:  # else what is pending already comes first
                    await _read_once(desk, connection)
            except NoGroup:
                await _have_group_healed(desk)
            except RedisError as error:
                desk.suspect = True
                with desk.stage.intake():
                    await weather.wait(error)
            else:
                weather.clear()


async def _read_once(desk: Desk, connection: Connection) -> None:
    settings, hold = desk.settings, desk.hold
    count = min(1 if buggify("read one") else settings.count, hold.free)
    if desk.takes_nothing or not count:
        return
    desk.reader_id = connection.client_id
    hold.reserve(count)
    asked_at, history = trio.current_time(), desk.history
    try:
        entries = await connection.read_group(
            settings.stream, settings.group, settings.name, count=count, block_ms=settings.block_ms
        )
    finally:
        desk.reader_id = None
        hold.reserve(-count)
        desk.read_ended.ring()
        desk.room_made.ring()  # a claim may be waiting for the places that this read had reserved
    desk.note_progress()
    desk.admit(entries, asked_at=asked_at, history=history)


async def interrupt_reads(desk: Desk) -> None:
    """End a blocking read when the stage drains, without cutting its connection: what it delivered is kept."""
    await desk.stage.wait_draining()
    desk.room_made.ring()
    while not desk.acquired_all:
        await end_read(desk)
        await trio.sleep(UNBLOCK_SECONDS)


async def end_read(desk: Desk) -> None:
    """Have the read that is under way end, if there is one; asked again, since asking may overtake the read itself."""
    while (reader_id := desk.reader_id) is not None:
        with trio.move_on_after(UNBLOCK_SECONDS):
            with suppress(RedisError):  # Then the read ends by its own time limit.
                await desk.wiring.client.call(b"CLIENT", b"UNBLOCK", reader_id)
            if desk.reader_id is None:
                return
            await desk.read_ended.wait()
            return


async def _wait_open(desk: Desk) -> None:
    """Wait for as long as the consumer is paused."""
    while desk.hold.closed and not desk.stage.draining:
        await desk.room_made.wait()


async def _wait_room(desk: Desk, *, for_claim: bool) -> None:
    """Wait until asking for entries is worth while: room for a good part of a read, or no work left at all."""
    hold = desk.hold
    enough = 1 if for_claim else max(1, min(desk.settings.count, hold.places // 2))
    while not desk.takes_nothing:
        ours = for_claim or not desk.claims_waiting
        if ours and (hold.free >= enough or (hold.free > 0 and not hold.waiting)):
            return
        await desk.room_made.wait()


async def _have_group_healed(desk: Desk) -> None:
    # A stop does not wait for it: the group actor may be what has failed.
    with desk.stage.intake():
        try:
            await desk.wiring.group.ask(Heal, timeout_seconds=ASK_SECONDS)
        except NoReply:
            return  # The next read shows whether the group exists by now.
        await trio.sleep(HEAL_SECONDS_MIN)


async def _recover(desk: Desk, link: Link) -> None:
    """Take what is pending under our name and not held."""
    await link.kill_former()
    desk.suspect = False
    recovered = False
    try:
        recovered = await _look_at_all(desk)
    finally:
        desk.suspect = desk.suspect or not recovered


async def _look_at_all(desk: Desk) -> bool:
    """Whether all that is pending under our name was looked at."""
    settings = desk.settings
    await _wait_settled(desk)
    taken, start, strays = 0, ZERO_ID, tuple(desk.strays)
    missing = {raw_id: entry for raw_id, entry in desk.hold.entries().items() if not desk.hold.is_destroyed(raw_id)}
    async with desk.claiming:
        while not desk.takes_nothing:
            count = 1 if buggify("short page") else PAGE
            page = await desk.wiring.pending.of(settings.name, start=start, count=count)
            for row in page.rows:
                missing.pop(row.raw_id, None)
            taken += await _take_unseen(desk, page.rows)
            if page.next is None:
                break
            start = page.next
        else:
            return False
    desk.forget_strays(strays)
    if taken:
        desk.stage.emit(EntriesRecovered(desk.stage.path, settings.stream, settings.group, taken))
    return await _give_up(desk, missing)


async def _give_up(desk: Desk, missing: Mapping[bytes, Entry]) -> bool:
    """What is held and not pending under our name is lost, or its verdict is on the way: True when that was heard."""
    lose(desk, tuple(missing))
    while not desk.stage.draining:
        if not any(desk.hold.holds(entry) for entry in missing.values()):
            return True
        await desk.room_made.wait()
    return False


async def _wait_settled(desk: Desk) -> None:
    """Wait until verdicts that are under way, also those of a former incarnation, have been settled."""

    def message(reply: Reply[None]) -> Barrier:
        return Barrier(reply)

    while not desk.stage.draining:
        try:
            await desk.wiring.writer.ask(message, timeout_seconds=ASK_SECONDS)
        except NoReply:
            continue
        return


async def _take_unseen(desk: Desk, rows: Sequence[Pending]) -> int:
    unseen = desk.eligible([row.raw_id for row in rows if row.raw_id not in desk.hold])
    taken = 0
    while unseen:
        await _wait_room(desk, for_claim=True)
        if desk.takes_nothing:
            return taken
        part, unseen = unseen[: desk.hold.free], unseen[desk.hold.free :]
        asked_at, history = trio.current_time(), desk.history
        own = await desk.wiring.pending.take_own(desk.settings.name, part)
        for entry, deliveries in own.entries:
            former = desk.former_deliveries(entry.raw_id, deliveries)
            taken += desk.admit([entry], former + 1, asked_at=asked_at, history=history)
        tell_destroyed(desk, own.destroyed)
        _acknowledge(desk, own.destroyed)
    return taken


def _acknowledge(desk: Desk, raw_ids: Sequence[bytes]) -> None:
    if raw_ids:
        desk.verdicts.done.extend(raw_ids)
        desk.verdict_made.ring()


async def take_tickets(desk: Desk) -> None:
    """Claim what the reclaimer offers, as room allows, until the stage drains."""
    settings = desk.settings
    weather = Weather(desk.stage, f"claiming from {settings.stream}", retry=settings.retry, rng=desk.wiring.rng)
    with desk.wiring.tickets.open() as inbox:
        while not desk.stage.draining:
            offers: Sequence[Offer] = ()
            with desk.stage.intake():
                await _wait_open(desk)
                offers = (await inbox.receive()).offers
            if not offers:
                continue
            try:
                await _claim_when_room(desk, offers)
            except NoGroup:
                continue  # The reader notices the same and has it healed.
            except RedisError as error:
                desk.suspect = True  # The claim may have been applied: the reader looks.
                await end_read(desk)
                with desk.stage.intake():
                    await weather.wait(error)
            else:
                weather.clear()


async def _claim_when_room(desk: Desk, offers: Sequence[Offer]) -> None:
    desk.claims_waiting += 1
    try:
        if not desk.hold.free:
            await end_read(desk)
        await _wait_room(desk, for_claim=True)
        if not desk.takes_nothing:
            async with desk.claiming:
                await _claim(desk, offers)
    finally:
        desk.claims_waiting -= 1
        desk.room_made.ring()


async def _claim(desk: Desk, offers: Sequence[Offer]) -> None:
    settings = desk.settings
    raw_ids = desk.eligible([offer.raw_id for offer in offers if offer.raw_id not in desk.hold])[: desk.hold.free]
    if not raw_ids:
        return
    asked_at, history = trio.current_time(), desk.history
    taken = await desk.wiring.pending.claim(settings.name, raw_ids, min_idle_ms=settings.lease_ms)
    for entry, deliveries in taken.entries:
        desk.admit([entry], deliveries + 1, asked_at=asked_at, history=history)
    tell_destroyed(desk, [*taken.destroyed, *taken.dropped])
    _acknowledge(desk, taken.destroyed)
    if taken.entries:
        reclaimed = tuple(entry.raw_id for entry, _ in taken.entries)
        desk.stage.emit(EntriesReclaimed(desk.stage.path, settings.stream, settings.group, reclaimed))
