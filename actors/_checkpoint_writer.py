"""The checkpoint writer: first in, last out, and the only one that acknowledges.

It takes verdicts in batches and settles each batch in one script: fence (are these entries still pending under that
consumer's name?), XACK, and the new watermark, which is the greatest id up to which everything in the group is settled.
The watermark goes to Redis in the same step, or into memory where that was asked for.

A dead letter that Redis refuses holds up nothing else: it is said once, and given back to the consumer.

Settling is safe to repeat. After a lost reply the first try may have been applied, and then the second finds nothing
pending any more: what it calls lost is not, so it is no news for who has handled it. Who wants to begin must not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random

from attrs import define, evolve, frozen
from typing_extensions import assert_never

from ..wire import EntryId, HistoryChanged, NoGroup, NotHeld, PendingList, RedisError, Retry, SettleResult, is_weather
from ._checkpoint import MemoryCheckpoint
from ._child import Actor
from ._gather import gather
from ._keys import checkpoint_key, dead_letter_key
from ._mailbox import Mailbox
from ._messages import Barrier, DeadLetter, Settle, Settled, SettleMessage
from ._stage import Stage
from ._status import CheckpointStatus
from ._weather import Weather

BATCH_MESSAGES_MAX = 100
"""Verdict batches taken from the mailbox at once."""

SCRIPT_IDS_MAX = 5000
"""Ids settled by one script at most: about 15 ms during which the server serves nobody else."""


@frozen
class CheckpointSettings:
    """Whose entries are settled, and where the watermark goes: into `memory` where given, else to Redis."""

    stream: str
    group: str
    memory: MemoryCheckpoint | None = None
    retry: Retry = Retry()

    @property
    def checkpoint_key(self) -> str | None:
        """The hash with the watermark; None where it is kept in memory."""
        return None if self.memory is not None else checkpoint_key(self.stream, self.group)


@define(eq=False)
class _Writer:
    settings: CheckpointSettings
    pending: PendingList
    weather: Weather
    settled: int = 0
    watermark: EntryId = EntryId(0, 0)


def checkpoint_writer_actor(
    settings: CheckpointSettings, pending: PendingList, mailbox: Mailbox[SettleMessage], rng: Random
) -> Actor:
    """The actor that settles what the consumers of one group have done."""

    async def run(stage: Stage) -> None:
        weather = Weather(stage, f"settling {settings.stream}", retry=settings.retry, rng=rng)
        writer = _Writer(settings, pending, weather)
        stage.started()
        with mailbox.open() as inbox:
            while messages := await gather(inbox, stage, most=BATCH_MESSAGES_MAX):
                await _serve_all(writer, messages)
                stage.publish(CheckpointStatus(writer.watermark, writer.settled))

    return run


async def _serve_all(writer: _Writer, messages: Sequence[SettleMessage]) -> None:
    try:
        for message in messages:
            await _serve(writer, message)
    finally:
        for message in messages:
            message.reply.close()


async def _serve(writer: _Writer, message: SettleMessage) -> None:
    match message:
        case Settle():
            message.reply.set(await _settle(writer, message))
        case Barrier():
            message.reply.set(None)
        case never:
            assert_never(never)


async def _settle(writer: _Writer, message: Settle) -> Settled:
    lost: set[bytes] = set()
    unsure: set[bytes] = set()
    destroyed: frozenset[bytes] = frozenset()
    try:
        refused = await _bury_all(writer, message)
        if message.later:
            missing = await _delay(writer, message)
            lost.update(missing.lost)
            destroyed = frozenset(missing.destroyed)
        if message.done or len(refused) < len(message.dead):
            # Also with no ids left: the watermark moves past dead letters too.
            for start in range(0, max(1, len(message.done)), SCRIPT_IDS_MAX):
                part = await _acknowledge(writer, message, message.done[start : start + SCRIPT_IDS_MAX])
                if part.group_lost or part.history is not None:
                    # What is acknowledged already will not be pending where it is said again.
                    return evolve(part, unsure=part.unsure.union(unsure, message.done[:start]))
                lost |= part.lost
                unsure |= part.unsure
    except NoGroup:
        return Settled(frozenset(message.done), group_lost=True)
    except HistoryChanged as error:
        return Settled(history=error.history)
    return Settled(frozenset(lost), frozenset(unsure), destroyed, refused=refused)


async def _bury_all(writer: _Writer, message: Settle) -> Mapping[bytes, RedisError]:
    """Say each letter once: what else is to be settled does not wait for one that Redis refuses. Returns those."""
    refused: dict[bytes, RedisError] = {}
    letters = iter(message.dead)
    for letter in letters:
        try:
            await _bury(writer, message, letter)
        except (NoGroup, HistoryChanged):
            raise
        except RedisError as error:
            refused[letter.raw_id] = error
            if is_weather(error):  # which the others would meet, too
                refused.update((other.raw_id, error) for other in letters)
    return refused


async def _bury(writer: _Writer, message: Settle, letter: DeadLetter) -> None:
    dead, key = dead_letter_key(writer.settings.stream, writer.settings.group), writer.settings.checkpoint_key
    await writer.pending.move_to(
        dead, message.consumer, letter.raw_id, letter.fields, checkpoint_key=key, history=message.history
    )


async def _delay(writer: _Writer, message: Settle) -> NotHeld:
    key = writer.settings.checkpoint_key
    return await writer.weather.through(
        lambda: writer.pending.delay(
            message.consumer, message.later, idle_ms=message.idle_ms, checkpoint_key=key, history=message.history
        )
    )


async def _acknowledge(writer: _Writer, message: Settle, raw_ids: Sequence[bytes]) -> Settled:
    settings, tries = writer.settings, 0

    async def settle() -> SettleResult:
        nonlocal tries
        tries += 1
        return await writer.pending.settle(
            message.consumer, raw_ids, checkpoint_key=settings.checkpoint_key, history=message.history
        )

    try:
        result = await writer.weather.through(settle)
    except NoGroup:
        return Settled(frozenset(message.done), _unsure(raw_ids, tries), group_lost=True)
    except HistoryChanged as error:
        return Settled(unsure=_unsure(raw_ids, tries), history=error.history)
    writer.settled += result.acknowledged
    writer.watermark = result.watermark
    if settings.memory is not None:
        settings.memory.watermark = result.watermark
    return Settled(result.lost) if tries == 1 else Settled(unsure=result.lost)


def _unsure(raw_ids: Sequence[bytes], tries: int) -> frozenset[bytes]:
    """Those of which a try that was not heard of may have acknowledged any."""
    return frozenset(raw_ids if tries > 1 else ())
