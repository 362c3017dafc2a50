"""What the tasks of one reader without a group share: its settings, what it is wired to, and its state."""

from __future__ import annotations

import math
from collections.abc import Sequence
from random import Random
from typing import Final, Literal

import trio
from attrs import define, field, frozen, validators

from ..wire import Client, Connection, EntryId, Mark, ResponseError, Retry, mark_reading
from ._consumer_desk import Work
from ._keys import dead_letter_key, readers_key
from ._reader_place import Place
from ._retrying import Rules
from ._stage import Stage
from ._weather import Weather

NOTE_AGAIN_SECONDS: Final = 5.0
"""A checkpoint is written again after so long, also where nothing came: a server that was demoted answers reads for
ever, and shows by what it refuses to write that another one is to be asked."""

OnStreamLost = Literal["resume", "fail"]
"""What becomes of a reader whose stream is gone, or another one."""


@frozen
class ReaderSettings:
    """How one reader reads, and where it is known.

    Attributes:
        stream: where it reads.
        name: of its checkpoint and its dead letters; "": it has neither.
        consumer: what its process calls itself; it stands in dead letters.
        start: ``"$"`` for what is published from now on, or the id after which it begins.
        count: entries in one read at most.
        block_ms: how long one read waits for new entries.
        drain_seconds: how long a stop waits for the handler that runs.
        note_events, note_seconds: so many events, or so much time, may be handled beyond the checkpoint in Redis.
        rules: when what failed is tried again, and when it is given up.
        on_stream_lost: what to do where the stream is another one.
    """

    stream: str
    name: str
    consumer: str
    start: EntryId | Literal["$"] = "$"
    count: int = field(default=100, validator=validators.ge(1))
    block_ms: int = field(default=5000, validator=validators.ge(1))
    drain_seconds: float = field(default=8.0, validator=validators.ge(0))
    note_events: int = field(default=100, validator=validators.ge(1))
    note_seconds: float = field(default=1.0, validator=validators.gt(0))
    rules: Rules = Rules()
    on_stream_lost: OnStreamLost = "resume"
    retry: Retry = Retry()


@frozen
class ReaderWiring:
    """What a reader may talk to."""

    client: Client
    place: Place
    work: Work
    rng: Random


@define(eq=False)
class ReaderDesk:
    """The state of one incarnation."""

    stage: Stage
    settings: ReaderSettings
    wiring: ReaderWiring
    noting_weather: Weather
    known: Connection | None = None
    """The connection on which the stream was compared with what was handled."""
    noting: trio.Lock = field(factory=trio.Lock)
    """One checkpoint is under way at a time."""
    noted_at: float = -math.inf
    noted_on: int = -1
    """When it was written last, and on which connection of the shared link: on another it may have to be again."""
    read_on: int = -1
    """On which connection of the shared link the one that reads was opened last, or would have been."""
    moves: int = 0
    """How often it went on elsewhere since a look that found nothing wrong."""
    handled: int = 0
    failed: int = 0
    due_at: float = math.inf
    """By when something should come of all this."""

    @property
    def place(self) -> Place:
        """Where it is."""
        return self.wiring.place

    @property
    def keys(self) -> tuple[str, str]:
        """The hash with the checkpoints, and the reader's dead letters."""
        stream, name = self.settings.stream, self.settings.name
        return readers_key(stream), dead_letter_key(stream, name)

    def note_progress(self, wait_seconds: float = 0.0) -> None:
        """A read was answered, or an event handled; the next is due in one read's time, and this wait."""
        self.due_at = trio.current_time() + wait_seconds + self.settings.block_ms / 1000


async def note(desk: ReaderDesk) -> bool:
    """Write the checkpoint, if there is one and it says less than it could; False: it is of a later history."""
    async with desk.noting:
        place = desk.place
        if not desk.settings.name or place.doubted is not None:
            return True
        # A server that lost its last writes has lost the checkpoint too, and nothing may come for long.
        is_fresh = trio.current_time() < desk.noted_at + NOTE_AGAIN_SECONDS
        if is_fresh and place.noted == place.passed and desk.noted_on == desk.wiring.client.generation:
            return True
        return await _write(desk, place.mark, place.passed)


async def bury(desk: ReaderDesk, mark: Mark, letter: Sequence[bytes]) -> bool:
    """Write a dead letter together with the checkpoint that passes it; False: that is of a later history."""
    async with desk.noting:
        return await _write(desk, mark, desk.place.passed + 1, letter)


async def _write(desk: ReaderDesk, mark: Mark, passed: int, letter: Sequence[bytes] = ()) -> bool:
    place, settings, tries = desk.place, desk.settings, 0
    generation = desk.wiring.client.generation

    async def write() -> tuple[Mark, bool]:
        nonlocal tries
        tries += 1
        stands = await mark_reading(desk.wiring.client, desk.keys, settings.name, mark, letter, again=tries > 1)
        return stands, await _is_of_a_former(desk, stands, mark)

    stands, is_of_a_former = await desk.noting_weather.through(write)
    if stands.history > place.history:
        # Somebody of our name has found what we have not: what is on its way here may be of another stream.
        place.doubted = stands.history
        return False
    if is_of_a_former:
        place.doubted = stands.history + 1
    place.noted, desk.noted_on, desk.noted_at = max(place.noted, passed), generation, trio.current_time()
    return stands.history == mark.history


async def _is_of_a_former(desk: ReaderDesk, stands: Mark, mark: Mark) -> bool:
    """Whether another process of our name noted what stands there in a stream that was there before this one.

    We may have read nothing of that, and so have noticed nothing; ours would never be noted.
    """
    if stands.history != mark.history or stands.position <= mark.position:
        return False
    try:
        info = await desk.wiring.client.xinfo_stream(desk.settings.stream)
    except ResponseError as error:
        if "no such key" in str(error):
            return False  # The next look sees that, too.
        raise
    return info.last_generated_id < stands.position
