"""What a consumer does while something that its handlers need is away; when that is so, `_dependency` decides.

While the breaker is open the consumer holds nothing: it has no places, so it neither reads nor claims, a read that is
under way is ended, and what it held is handed back without counting a delivery, so that a process for which the
dependency is there gets it at once. To try whether it is there again it has one place, and one worker of the process
may begin.

What is to be handed back is noted on the desk and stays held, and its lease renewed, until Redis has it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial

import trio

from ..wire import Entry, NoGroup
from ._consumer_acquire import end_read
from ._consumer_desk import Desk
from ._consumer_hold import Job
from ._consumer_lease import LEASE_CHUNK, hand_back
from ._dependency import Breaker, Dependency
from ._entry_events import HandlerFailed
from ._events import DependencyAway, DependencyBack
from ._retrying import delay_at_the_limit
from ._weather import Weather


async def mind_breaker(desk: Desk, breaker: Breaker) -> None:
    """Keep what the consumer holds to what the breaker allows, until cancelled."""
    doing = f"handing back in {desk.settings.stream}"
    weather = Weather(desk.stage, doing, retry=desk.settings.retry, rng=desk.wiring.rng)
    seen = (breaker.state, breaker.round)
    while True:
        breaker.look(trio.current_time())
        if seen != (breaker.state, breaker.round):
            seen = (breaker.state, breaker.round)
            # What was handed back is pending under our name; nobody may have wanted it.
            desk.suspect = desk.suspect or breaker.state != "open"
            desk.note_progress()
            desk.set_places()
            await end_read(desk)
            continue
        if breaker.state == "open":
            withdrawn = desk.hold.set_aside(desk.hold.waiting)
            desk.given_back.update(dict.fromkeys(entry.raw_id for entry, _ in withdrawn))
        forgiven = _forgiven(desk, breaker)
        if forgiven or desk.given_back:
            await _give_back(desk, weather, forgiven)
            continue
        with trio.move_on_at(breaker.until):
            await desk.wiring.breaker_changed.wait()


def _forgiven(desk: Desk, breaker: Breaker) -> Mapping[bytes, int]:
    """The failures that opened the breaker; of what is held still, or again, the count is said when it is let go."""
    forgiven: dict[bytes, int] = {}
    for raw_id, failures in breaker.take_forgiven(desk.settings.name).items():
        if raw_id in desk.hold:
            desk.hold.count_only(raw_id, failures.counted)
        else:
            forgiven[raw_id] = failures.counted
    return forgiven


async def _give_back(desk: Desk, weather: Weather, forgiven: Mapping[bytes, int]) -> None:
    """At once for others; or, where a time is noted, for then."""
    now = {raw_id: desk.hold.former_deliveries(raw_id) for raw_id, after in desk.given_back.items() if after is None}
    counts = {raw_id: desk.hold.former_deliveries(raw_id) for raw_id in desk.given_back if raw_id not in now}
    await _say(desk, weather, {**forgiven, **now}, desk.settings.lease_ms)
    await _say(desk, weather, counts, 0)


async def _say(desk: Desk, weather: Weather, counts: Mapping[bytes, int], idle_ms: int) -> None:
    pairs = list(counts.items())
    for start in range(0, len(pairs), LEASE_CHUNK):
        await weather.through(partial(_hand_back, desk, dict(pairs[start : start + LEASE_CHUNK]), idle_ms))


async def _hand_back(desk: Desk, counts: Mapping[bytes, int], idle_ms: int) -> None:
    # Not beside renewals: one that comes after would make what was handed back look busy again.
    async with desk.renewing:
        with suppress(NoGroup):  # The reader notices the same and has it healed; then they are delivered anew.
            await hand_back(desk, counts, idle_ms)
        for raw_id in counts:
            if raw_id in desk.given_back:  # else it was not held, or was lost meanwhile
                _let_go(desk, raw_id, desk.given_back.pop(raw_id))


def _let_go(desk: Desk, raw_id: bytes, after: float | None) -> None:
    if after is None or not desk.settings.rules.delays:
        desk.release([raw_id])
        return
    desk.hold.let_go(raw_id)
    desk.verdicts.later[raw_id] = max(1, round(after * 1000))
    desk.verdict_made.ring()


async def hold_off(desk: Desk, breaker: Breaker, jobs: Sequence[Job]) -> None:
    """These must not begin now: they are handed back, or wait until it is known whether the dependency is there."""
    if breaker.state == "open":
        held = [entry.raw_id for entry, _ in jobs if desk.hold.holds(entry)]
        desk.hold.count_former(held)
        desk.given_back.update(dict.fromkeys(held))
        desk.wiring.breaker_changed.ring()
        return
    desk.put_back(jobs)
    await desk.wiring.breaker_changed.wait()


def note_success(desk: Desk, breaker: Breaker, raw_id: bytes) -> None:
    """A handler has done its work."""
    by, tries = breaker.by, breaker.tries
    since = breaker.succeeded(raw_id)
    if since is not None and by is not None:
        settings, seconds = desk.settings, trio.current_time() - since
        desk.stage.emit(DependencyBack(desk.stage.path, settings.stream, settings.group, by.name, seconds, tries + 1))


def is_away(desk: Desk, breaker: Breaker, entry: Entry, deliveries: int, error: BaseException | None) -> bool:
    """Whether this failure says only that a dependency is away, and is dealt with: it uses up no delivery."""
    dependency = breaker.dependency(error)
    if dependency is None or error is None:
        breaker.failed_otherwise(entry.raw_id, deliveries, desk.settings.name)
        return False
    raw_id, settings, was_closed = entry.raw_id, desk.settings, breaker.state == "closed"
    after: float | None = None
    proven = False
    if was_closed:
        after = delay_at_the_limit(deliveries, error, settings.rules, desk.wiring.rng, breaker.doubts(raw_id))
        proven = after is not None and breaker.is_proven(raw_id)
    if breaker.failed(raw_id, deliveries, settings.name, dependency, trio.current_time()) and was_closed:
        _tell_paused(desk, breaker, dependency, error)
    if breaker.state != "closed":
        after = None
    elif after is None or proven:
        return False  # Judged as any failure.
    desk.given_back[raw_id] = after
    desk.wiring.breaker_changed.ring()
    where = (desk.stage.path, settings.stream, settings.group, raw_id)
    desk.stage.emit(HandlerFailed(*where, deliveries, error, after, counts=False))
    return True


def _tell_paused(desk: Desk, breaker: Breaker, dependency: Dependency, error: BaseException) -> None:
    settings, seconds = desk.settings, breaker.until - trio.current_time()
    where = (desk.stage.path, settings.stream, settings.group)
    desk.stage.emit(DependencyAway(*where, dependency.name, error, seconds))
