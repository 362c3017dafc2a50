"""The group actor: creates the consumer group, heals it, watches how far behind it is, and removes dead consumers.

A group that was there and is gone is created again at the checkpoint, below which everything is settled: nothing is
skipped, and at most what was settled above the watermark comes a second time. It is never done in silence: an event
says what happened and where the group resumes.
"""

from __future__ import annotations

import math
from itertools import count
from random import Random
from typing import Literal

import trio
from attrs import define, field, frozen, validators

from ..wire import (
    Client,
    EntryId,
    NoGroup,
    OnGroupLost,
    PendingList,
    RedisError,
    ResponseError,
    Retry,
    ensure_group,
    is_weather,
)
from ._checkpoint import MemoryCheckpoint
from ._child import Actor
from ._errors import GroupLost
from ._events import (
    ConsumersNotReaped,
    ConsumersReaped,
    GroupCreated,
    GroupRecreated,
    GroupWentBack,
    StreamWentBack,
)
from ._gate import EVERYWHERE, Gate
from ._gather import gather
from ._keys import checkpoint_key, groups_key, retries_key
from ._mailbox import Mailbox
from ._messages import Heal
from ._stage import Stage
from ._status import GroupStatus
from ._weather import Weather

REAPS = 4
"""Looks for dead consumers within the time after which one is."""

REAP_SECONDS_MAX = 3600.0
"""Time between two such looks at most: each lists all consumers of the group, which takes 1 µs for each."""


@frozen
class GroupSettings:
    """Which group, and where it begins if there has never been one.

    Attributes:
        start: ``"$"`` for what is published from now on, or the id after which it begins (0-0 for everything).
        memory: where the checkpoint is when it is not in Redis.
        on_group_lost: what to do where the group is gone.
        watch_seconds: time between two looks at how far behind the group is, and whether somebody paused it.
        reap_idle_ms: consumers that were not heard of for so long and have nothing pending are removed; None: never.
    """

    stream: str
    group: str
    start: EntryId | Literal["$"] = EntryId(0, 0)
    memory: MemoryCheckpoint | None = None
    on_group_lost: OnGroupLost = "resume_at_checkpoint"
    watch_seconds: float = field(default=5.0, validator=validators.gt(0))
    reap_idle_ms: int | None = None
    retry: Retry = Retry()


@frozen
class Place:
    """Where a stream and a group of it are: as far as nothing is lost, neither goes back."""

    last_id: EntryId
    entries_added: int | None
    last_delivered_id: EntryId


@define(eq=False)
class Seen:
    """What was seen of a group. It outlives the actor's crashes: what is lost in that moment would look like new."""

    existed: bool = False
    """Whether the group was there: from then on a missing one is a loss, not a beginning."""
    place: Place | None = None
    """Where the stream and the group were at the last look, as long as it is the same group."""


@define(eq=False)
class _Keeper:
    stage: Stage
    settings: GroupSettings
    client: Client
    pending: PendingList
    weather: Weather
    rng: Random
    gate: Gate
    seen: Seen
    reap_at: float = 0.0
    """When consumers are looked at next, by the timers' clock."""


def group_actor(
    settings: GroupSettings,
    client: Client,
    mailbox: Mailbox[Heal],
    rng: Random,
    gate: Gate,
    seen: Seen,
) -> Actor:
    """The actor that keeps one consumer group in existence, and its gate closed while the whole group is paused."""

    async def run(stage: Stage) -> None:
        weather = Weather(stage, f"keeping group {settings.group} of {settings.stream}", retry=settings.retry, rng=rng)
        pending = PendingList(client, settings.stream, settings.group)
        keeper = _Keeper(stage, settings, client, pending, weather, rng, gate, seen)
        await _have_group(keeper)
        # Before the consumers start: a process that is started in a pause begins nothing.
        await weather.through(lambda: _look_whether_paused(keeper))
        stage.started()
        with mailbox.open() as inbox:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(_watch, keeper)
                while requests := await gather(inbox, stage, most=1000):
                    await _heal(keeper, requests)
                nursery.cancel_scope.cancel()

    return run


async def _heal(keeper: _Keeper, requests: list[Heal]) -> None:
    try:
        await _have_group(keeper)
        for request in requests:
            request.reply.set(None)
    finally:
        for request in requests:
            request.reply.close()


async def _have_group(keeper: _Keeper) -> None:
    """Have the group exist, whatever the weather.

    A try whose reply is lost may have made the group, and the next one finds it. So all tries have one name, by which
    that one is answered as the first, and what was done is told. Each has a history of its own: one that is late by
    far must not make a group again under a history that was there before.
    """
    call, tries = f"{keeper.rng.getrandbits(64):016x}", count(1)
    await keeper.weather.through(lambda: _ensure(keeper, call, f"{call}-{next(tries)}"))


async def _ensure(keeper: _Keeper, call: str, history: str) -> None:
    """Create the group where it is missing, in one step, and tell what was found."""
    settings, path = keeper.settings, keeper.stage.path
    memory = settings.memory
    found = await ensure_group(
        keeper.client,
        settings.stream,
        settings.group,
        # A group that vanished together with its checkpoint went with the whole stream: all that is there now is new.
        start=EntryId(0, 0) if keeper.seen.existed else settings.start,
        checkpoint_key=checkpoint_key(settings.stream, settings.group) if memory is None else None,
        checkpoint=memory.watermark if memory is not None else None,
        history=history,
        on_group_lost=settings.on_group_lost,
        seen=keeper.seen.existed,
        retries_key=retries_key(settings.stream, settings.group),
        groups_key=groups_key(settings.stream),
        call=call,
    )
    if found.what == "lost":
        raise GroupLost(settings.stream, settings.group, found.position)
    if found.what != "existed":
        keeper.seen.place = None
    if memory is not None and (memory.watermark is None or found.what != "existed"):
        memory.watermark = found.position
    if found.what == "created" and not keeper.seen.existed:
        keeper.stage.emit(GroupCreated(path, settings.stream, settings.group, found.position))
    elif found.what != "existed":
        reason = _REASONS[found.what]
        keeper.stage.emit(GroupRecreated(path, settings.stream, settings.group, found.position, reason))
    keeper.seen.existed = True


_REASONS = {
    "created": "the group, its checkpoint and its stream were gone: everything in the stream is new",
    "recreated": "the group was gone: it resumes at its checkpoint",
    "replayed": "the group was gone: all that is in the stream is delivered again, as on_group_lost says",
    "restarted": "the group was gone and the stream's ids went backwards: everything in the stream is new",
}


async def _watch(keeper: _Keeper) -> None:
    while True:
        try:
            await _look_whether_paused(keeper)
            await _look(keeper)
            await _reap(keeper)
        except RedisError as error:
            # XINFO answers "no such key" without a code of its own when the whole stream is gone.
            if isinstance(error, NoGroup) or "no such key" in str(error):
                await _have_group(keeper)
            # The activities that need Redis now tell of weather; this look can be left out.
            elif not is_weather(error):
                raise
        await trio.sleep(keeper.settings.watch_seconds)


async def _reap(keeper: _Keeper) -> None:
    """Remove dead consumers: else those whose names are made of host and process gather in the group for ever."""
    settings, now = keeper.settings, trio.current_time()
    if settings.reap_idle_ms is None or now < keeper.reap_at:
        return
    keeper.reap_at = now + min(settings.reap_idle_ms / 1000 / REAPS, REAP_SECONDS_MAX)
    try:
        names = await keeper.pending.reap(idle_ms=settings.reap_idle_ms)
    except NoGroup:
        raise
    except ResponseError as error:
        # Likely a user who may not XGROUP DELCONSUMER: the group can do without.
        if is_weather(error):
            raise
        keeper.reap_at = math.inf
        keeper.stage.emit(ConsumersNotReaped(keeper.stage.path, settings.stream, settings.group, error))
    else:
        if names:
            keeper.stage.emit(ConsumersReaped(keeper.stage.path, settings.stream, settings.group, tuple(names)))


async def _look_whether_paused(keeper: _Keeper) -> None:
    """Whether somebody paused the whole group, or resumed it, since the last look.

    While it is paused this may be all that is asked, and a server that was demoted answers it: with what was so when it
    last heard of its primary. So it is asked to write something, too, which changes nothing and only a primary takes;
    a refusal has the link go to the primary.
    """
    if not await _is_paused(keeper):
        keeper.gate.open(EVERYWHERE)
    else:
        settings = keeper.settings
        keeper.gate.close(EVERYWHERE)
        await keeper.client.call(b"XACK", settings.stream, settings.group, b"0-0")


async def _is_paused(keeper: _Keeper) -> bool:
    """As Redis has it. Where somebody pauses or resumes here while we ask, the answer may be of before."""
    key = checkpoint_key(keeper.settings.stream, keeper.settings.group)
    while True:
        said = keeper.gate.said
        paused = await keeper.client.call(b"HGET", key, b"paused")
        if keeper.gate.said == said:
            return paused is not None


async def _look(keeper: _Keeper) -> None:
    settings = keeper.settings
    stream = await keeper.client.xinfo_stream(settings.stream)
    for group in await keeper.client.xinfo_groups(settings.stream):
        if group.name == settings.group:
            due_at = trio.current_time() + settings.watch_seconds
            keeper.stage.publish(GroupStatus(group.pending, group.lag, group.last_delivered_id, due_at))
            _tell_what_went_back(keeper, Place(stream.last_generated_id, stream.entries_added, group.last_delivered_id))
            return
    raise NoGroup(f"NOGROUP {settings.group} is not a group of {settings.stream}")


def _tell_what_went_back(keeper: _Keeper, now: Place) -> None:
    settings, path, before = keeper.settings, keeper.stage.path, keeper.seen.place
    keeper.seen.place = now
    if before is None:
        return
    if now.last_id < before.last_id:
        keeper.stage.emit(StreamWentBack(path, settings.stream, before.last_id, now.last_id, lost_between(before, now)))
    if now.last_delivered_id < before.last_delivered_id:
        was, is_now = before.last_delivered_id, now.last_delivered_id
        keeper.stage.emit(GroupWentBack(path, settings.stream, settings.group, was, is_now))


def lost_between(before: Place, now: Place) -> int | None:
    """How many entries a stream has lost at least that went back; None where nobody counts them."""
    if before.entries_added is None or now.entries_added is None:
        return None
    return max(1, before.entries_added - now.entries_added)
