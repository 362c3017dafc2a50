"""The reader without a group: sees every event of a stream, one after the other, whoever else reads it.

Its place in the stream is its own. It lives in an object beside the actor, so a restart goes on where it was, and for a
reader with a name also in Redis, as a checkpoint: the last event that was handled to its end, written when a hundred
are beyond it, once in a second, with each dead letter, and at a stop. Three tasks share one `ReaderDesk`:

* **read** brings the next events, and has each handled before the next one begins. What fails is tried again in its
  place, and given up in the end: then it goes to the dead letters, in one step with the checkpoint that passes it.
* **note** writes the checkpoint.
* **limit** ends the handler that outlasts a stop. Its event is not passed.

With each read the reader looks whether the stream is still the one that it read; see `_reader_place`.
"""

from __future__ import annotations

from collections.abc import Sequence

import trio
from typing_extensions import assert_never

from ..wire import (
    ZERO_ID,
    Connection,
    Entry,
    EntryId,
    Link,
    RedisError,
    StreamInfo,
    begin_reading,
    read_back,
    read_range,
    read_stream,
)
from ._child import Actor
from ._cleanup import tell_cleanup
from ._dead_letter import dead_letter
from ._entry_events import DeadLettered, HandlerFailed
from ._errors import StreamLost
from ._events import StreamWentBack
from ._keys import readers_key
from ._lease import Lease
from ._reader_desk import ReaderDesk, ReaderSettings, ReaderWiring, bury, note
from ._reader_events import EventGivenUp, EventsMissed, ReaderBegan, ReaderLeftBehind, ReaderMoved
from ._reader_place import RECENT, STRANGE, agreed, lost_entries, missed
from ._retrying import Again, Bury, after_failure
from ._stage import Stage
from ._status import ReaderStatus
from ._verdict import Done, Failed, Undecodable
from ._weather import Weather

YIELD_EVERY = 32
"""Events after which other tasks have a turn, should the handler never wait for anything; see `_consumer_work`."""


def reader_actor(settings: ReaderSettings, wiring: ReaderWiring) -> Actor:
    """The actor that reads a stream for itself alone."""

    async def run(stage: Stage) -> None:
        doing = f"noting how far {settings.name} is in {settings.stream}"
        noting = Weather(stage, doing, retry=settings.retry, rng=wiring.rng)
        desk = ReaderDesk(stage, settings, wiring, noting)
        desk.note_progress()
        stage.publish_when_asked(lambda: _status_of(desk))
        weather = Weather(stage, f"reading {settings.stream}", retry=settings.retry, rng=wiring.rng)
        with stage.intake():
            await weather.through(lambda: _begin(desk))
        if desk.place.position is None:
            return
        stage.started()
        try:
            async with trio.open_nursery() as beside:
                working = trio.CancelScope()
                beside.start_soon(_limit_work, desk, working)
                beside.start_soon(_keep_noting, desk)
                with working:
                    await _read_on(desk, weather)
                beside.cancel_scope.cancel()
            await note(desk)
        finally:
            _tell_what_is_left(desk)
            stage.publish(_status_of(desk))

    return run


def _status_of(desk: ReaderDesk) -> ReaderStatus:
    return ReaderStatus(desk.place.position, desk.handled, desk.failed, desk.due_at)


async def _begin(desk: ReaderDesk) -> None:
    """Know where to begin; a later incarnation knows."""
    if desk.place.position is not None:
        return
    settings = desk.settings
    where = (settings.stream, readers_key(settings.stream), settings.name)
    desk.noted_on, desk.noted_at = desk.wiring.client.generation, trio.current_time()
    mark, is_new = await begin_reading(desk.wiring.client, *where, settings.start)
    desk.place.begin(mark)
    desk.stage.emit(ReaderBegan(desk.stage.path, settings.stream, settings.name, mark.position, is_new))


async def _limit_work(desk: ReaderDesk, working: trio.CancelScope) -> None:
    await desk.stage.wait_draining()
    working.deadline = trio.current_time() + desk.settings.drain_seconds
    await desk.stage.wait_hurried()
    working.cancel()


async def _keep_noting(desk: ReaderDesk) -> None:
    while True:
        await trio.sleep(desk.settings.note_seconds)
        await note(desk)


def _tell_what_is_left(desk: ReaderDesk) -> None:
    """A crash leaves it to the next incarnation; after a stop there is none."""
    left = desk.place.passed - desk.place.noted
    if desk.stage.draining and desk.settings.name and left:
        desk.stage.emit(ReaderLeftBehind(desk.stage.path, desk.settings.stream, desk.settings.name, left))


async def _read_on(desk: ReaderDesk, weather: Weather) -> None:
    """Read and handle, until the stage drains."""
    async with desk.wiring.client.link() as link:
        while not desk.stage.draining:
            entries: Sequence[Entry] = ()
            with desk.stage.intake():
                try:
                    entries = await _look(desk, link)
                except RedisError as error:
                    await weather.wait(error)
                else:
                    weather.clear()
            await _handle_all(desk, entries)


async def _look(desk: ReaderDesk, link: Link) -> Sequence[Entry]:
    """The next entries, if it is still the same stream; none: look again."""
    settings, place = desk.settings, desk.place
    if desk.moves > 1:
        # Whatever has us move again and again, let it not be done a thousand times a second.
        await trio.sleep(settings.retry.delay(desk.moves - 2, desk.wiring.rng))
    if desk.read_on != desk.wiring.client.generation:
        # A server that was demoted refuses what writes, and the shared link left it. A read it would answer for ever.
        desk.read_on = desk.wiring.client.generation
        await link.leave()
    connection = await link.connection()
    link.forget_former()
    is_new = connection is not desk.known
    if (is_new or place.doubted is not None) and await _was_replaced(desk, connection):
        return ()
    position, read, seen = place.mark.position, place.read, place.seen
    before: Sequence[Entry] = ()
    if is_new and position > ZERO_ID and len(place.recent) <= 1:
        # It has just begun. A server that loses its last write would have it begin with the whole stream otherwise.
        # First this: only the look that follows shows that it is still the stream that we began in.
        before = await read_back(connection, settings.stream, position, count=RECENT)
    # On a new connection at once: it may be another server, on which nothing will ever come after our place.
    block_ms = None if is_new else settings.block_ms
    entries, info = await read_stream(connection, settings.stream, position, count=settings.count, block_ms=block_ms)
    desk.note_progress()
    desk.known = connection
    why = place.look(entries, info)
    if why:
        await _go_on_elsewhere(desk, connection, why, info)
        return ()
    desk.moves = 0
    gone = None if info is None else missed(position, read, seen, entries, info)
    if gone is not None:
        place.read = gone.read
        told = (gone.after, gone.before, gone.count)
        desk.stage.emit(EventsMissed(desk.stage.path, settings.stream, settings.name, *told))
    if before:
        place.remember(before)
    return entries


async def _was_replaced(desk: ReaderDesk, connection: Connection) -> bool:
    """Look whether what was handled last is still what stands there, and go on elsewhere if it is not."""
    after, is_strange = await _agreed(desk, connection)
    if desk.place.doubted is None and not is_strange:
        return False
    why = STRANGE if is_strange else "another process of its name says so"
    await _move(desk, after, why, None)
    return True


async def _agreed(desk: ReaderDesk, connection: Connection) -> tuple[EntryId, bool]:
    """Up to where the stream is the one that was handled, and whether something else stands behind that."""
    recent = desk.place.recent
    if not recent:
        return ZERO_ID, False
    bounds = (recent[0][0], recent[-1][0])
    # Of the same stream these come first.
    return agreed(recent, await read_range(connection, desk.settings.stream, *bounds, count=RECENT + 1))


async def _go_on_elsewhere(desk: ReaderDesk, connection: Connection, why: str, info: StreamInfo | None) -> None:
    """The stream is another one, or went back: tell what is lost, and read what is new."""
    place, settings = desk.place, desk.settings
    was = max(place.mark.position, place.seen.last_id)
    last_id = ZERO_ID if info is None else info.last_generated_id
    if last_id < was:
        lost = lost_entries(place.seen, info)
        desk.stage.emit(StreamWentBack(desk.stage.path, settings.stream, was, last_id, lost))
    after, _ = await _agreed(desk, connection)
    await _move(desk, after, why, info)


async def _move(desk: ReaderDesk, after: EntryId, why: str, info: StreamInfo | None) -> None:
    place, settings, former = desk.place, desk.settings, desk.place.mark.position
    if settings.on_stream_lost == "fail":
        raise StreamLost(settings.stream, settings.name, former, why)
    place.begin_history(after, info)
    desk.moves += 1
    desk.stage.emit(ReaderMoved(desk.stage.path, settings.stream, settings.name, former, after, why))
    await note(desk)


async def _handle_all(desk: ReaderDesk, entries: Sequence[Entry]) -> None:
    """One after the other, until one is not passed."""
    for number, entry in enumerate(entries):
        if desk.stage.draining or desk.place.doubted is not None or not await _handle(desk, entry):
            return
        desk.note_progress()
        if desk.place.passed - desk.place.noted >= desk.settings.note_events:
            await note(desk)
        if number % YIELD_EVERY == 0:
            await trio.lowlevel.checkpoint()


async def _handle(desk: ReaderDesk, entry: Entry) -> bool:
    """Have one event handled, as often as it takes; False: it is not passed."""
    handle = desk.wiring.work.handle
    while handle is not None:
        tries = desk.place.count_try(entry)
        lease = Lease(entry.raw_id)
        try:
            verdict = await handle(entry, tries, lease)
        except BaseException:
            tell_cleanup(desk.stage, desk.settings.stream, desk.settings.name, [lease])
            raise
        match verdict:
            case Done():
                desk.handled += 1
                desk.place.pass_by(entry)
                return True
            case Undecodable(reason):
                return await _give_up(desk, entry, tries, reason, None)
            case Failed(error):
                desk.failed += 1
                if isinstance(what := after_failure(tries, error, desk.settings.rules, desk.wiring.rng), Bury):
                    return await _give_up(desk, entry, tries, what.reason, error)
                if not await _wait_to_try_again(desk, entry, tries, error, what):
                    return False
            case never:
                assert_never(never)
    return False


async def _wait_to_try_again(
    desk: ReaderDesk, entry: Entry, tries: int, error: BaseException | None, again: Again
) -> bool:
    """Whether it is to be tried again; nothing behind it begins meanwhile."""
    after = again.after_seconds or 0.0
    where = (desk.stage.path, desk.settings.stream, desk.settings.name, entry.raw_id)
    desk.stage.emit(HandlerFailed(*where, tries, error, after))
    desk.note_progress(after)
    with desk.stage.intake():
        await trio.sleep(after)
    return not desk.stage.draining


async def _give_up(desk: ReaderDesk, entry: Entry, tries: int, reason: str, error: BaseException | None) -> bool:
    """No handler will ever do it: to the dead letters, if the reader has a name."""
    settings, stage = desk.settings, desk.stage
    if not settings.name:
        stage.emit(EventGivenUp(stage.path, settings.stream, entry.raw_id, reason))
        desk.place.pass_by(entry)
        return True
    letter = dead_letter(
        entry,
        stream=settings.stream,
        group=settings.name,
        consumer=settings.consumer,
        deliveries=tries,
        reason=reason,
        error=error,
        identity=desk.wiring.work.identify(entry),
    )
    if not await bury(desk, desk.place.after(entry), letter.fields):
        return False
    stage.emit(DeadLettered(stage.path, settings.stream, settings.name, entry.raw_id, reason))
    desk.place.pass_by(entry)
    return True
