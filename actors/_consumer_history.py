"""The histories of a group: why an id that is pending may stand for another entry than the one that was handled.

Somebody deletes the stream, and the ids of what is published next may be those of what is in hand: within a
millisecond, or with a clock that was put back. So each time that a group is made it begins a *history*, with a name of
its own beside the checkpoint, and a verdict is settled only in the history in which its entry was delivered.

A read does not tell its history. What was known when it was asked for is the latest that can be said of it: what it
brought may be of a later one, but of no earlier one. So when a verdict is refused, everything that is held is compared
with the stream: what is there unchanged is the same event, whichever history delivered it, and goes on in the new one;
the rest is given up, and told. What arrives meanwhile was asked for in the old one, and is left to the recovery.

::

    read in h1 ──> held, verdict ──> refused: it is h2 now ──> compared ──┬─ the same ──> settled in h2
                                                                          └─ another, or gone ──> given up

A *seek* begins a history too (`seek.lua`): it moves the group to another place of the same stream. What comes after
that place is to be handled anew, so nothing that is held of it goes on, though it is the same: it is given up, and
recovered. Otherwise a handler that began before the seek would have its event acknowledged, and the replay would lack
it.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from functools import partial

from ..wire import Entry, NoGroup
from ._consumer_acquire import end_read
from ._consumer_desk import Desk
from ._consumer_lease import hand_back
from ._entry_events import LeaseLost
from ._weather import Weather

COMPARED = 100
"""Entries compared with the stream in one write."""


async def learn(desk: Desk) -> None:
    """Have the present history before anything is read; a consumer that is stopped meanwhile goes without."""
    key, settings = desk.wiring.checkpoint_key, desk.settings
    if key is None:
        return
    weather = Weather(desk.stage, f"looking at {settings.stream}", retry=settings.retry, rng=desk.wiring.rng)
    with desk.stage.intake():
        desk.history = await weather.through(lambda: desk.wiring.pending.history(key))


async def go_on_in(desk: Desk, history: str) -> None:
    """Go over to the present history of the group with what is the same entry in it."""
    former, desk.history = desk.history, history
    settings, held = desk.settings, tuple(desk.hold.entries().values())
    weather = Weather(desk.stage, f"comparing with {settings.stream}", retry=settings.retry, rng=desk.wiring.rng)
    key = desk.wiring.checkpoint_key or ""
    to = await weather.through(lambda: desk.wiring.pending.sought_since(key, former, history))
    if to is not None:
        await _deliver_anew(desk, [entry for entry in held if entry.id > to], weather)
        held = tuple(entry for entry in held if entry.id <= to)
    for start in range(0, len(held), COMPARED):
        part = held[start : start + COMPARED]
        replaced = await weather.through(partial(desk.wiring.pending.replaced, part))
        _give_up(desk, [entry for entry in part if entry.raw_id in replaced])
    _forget_strangers(desk)


async def _deliver_anew(desk: Desk, entries: Sequence[Entry], weather: Weather) -> None:
    """Give these up: those that were delivered anew while they were held are recovered, by us or, at a stop, by others.

    Not by others otherwise: they may not know of this history yet, and would handle them in vain, too. A stop that
    comes before our recovery finds them among the strays. All their deliveries are to come yet: one whose verdict was
    refused has not been handled as far as the group knows, and that is not because its handler failed.
    """
    if desk.stage.draining:
        for start in range(0, len(entries), COMPARED):
            await weather.through(partial(_leave_to_others, desk, entries[start : start + COMPARED]))
    else:
        _give_up(desk, entries)
        desk.strays.update(_anew(entries))
    desk.suspect = True
    await end_read(desk)


async def _leave_to_others(desk: Desk, entries: Sequence[Entry]) -> None:
    # Not beside renewals: one that comes after would make what was handed back look busy again.
    async with desk.renewing:
        with suppress(NoGroup):  # Then the reader notices the same, and they are delivered anew.
            await hand_back(desk, _anew(entries), desk.settings.lease_ms)
        _give_up(desk, entries)


def _anew(entries: Sequence[Entry]) -> dict[bytes, int]:
    return dict.fromkeys((entry.raw_id for entry in entries), 0)


def _give_up(desk: Desk, entries: Sequence[Entry]) -> None:
    """These are not what is pending under their ids now, if anything is."""
    lost = tuple(entry.raw_id for entry in entries if desk.hold.holds(entry))
    if lost:
        desk.stage.emit(LeaseLost(desk.stage.path, desk.settings.stream, desk.settings.group, lost))
        desk.verdicts.forget(lost)
        desk.lose(lost)


def _forget_strangers(desk: Desk) -> None:
    """Verdicts on what is not held, or not any more under this id: recovery looks at what is pending again."""
    said = [*desk.verdicts.done, *(letter.raw_id for letter in desk.verdicts.dead)]
    strangers = [raw_id for raw_id in said if not desk.hold.is_finished(raw_id)]
    if strangers:
        desk.verdicts.forget(strangers)
        desk.suspect = True
