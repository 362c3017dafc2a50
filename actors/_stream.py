"""The stream actor: appends what publishers hand in, in coalesced batches, and answers each with its ids.

While a batch is on its way to Redis the next appends gather in the mailbox, so the batches grow with the load by
themselves: one write for one publisher, one write of a hundred for a hundred. It goes over the shared link, which
always reads: a connection that broke while nothing was published is known before the next event is sent, not after it.

A plain XADD is never repeated once it may have been applied: whoever waits gets `PublishIndeterminate` instead of a
silent second copy. What Redis refused as a whole (LOADING, READONLY, OOM, …), or what was never sent, is tried again
for as long as the publisher waits.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from attrs import field, frozen, validators

from ..wire import Arg, Client, ConnectionLost, EntryId, RedisError, Retry, is_weather
from ..wire import Reply as RedisReply
from ._child import Actor
from ._errors import PublishIncomplete, PublishIndeterminate
from ._gather import gather
from ._mailbox import Mailbox
from ._messages import Append
from ._stage import Stage
from ._weather import Weather

BATCH_APPENDS_MAX = 1000
"""Appends in one write: about 200 kB of small events, a few milliseconds of the server's time."""


@frozen
class StreamSettings:
    """What the stream actor needs to know of its stream."""

    stream: str
    length_max: int | None = field(default=None, validator=validators.optional(validators.ge(1)))
    """About how many entries the stream keeps (XADD MAXLEN ~); None keeps all."""
    retry: Retry = Retry()


def stream_actor(settings: StreamSettings, client: Client, mailbox: Mailbox[Append], rng: Random) -> Actor:
    """The actor that appends to one stream."""

    async def run(stage: Stage) -> None:
        weather = Weather(stage, f"appending to {settings.stream}", retry=settings.retry, rng=rng)
        prefix = _command_prefix(settings)
        stage.started()
        with mailbox.open() as inbox:
            while appends := await gather(inbox, stage, most=BATCH_APPENDS_MAX):
                try:
                    await _append(prefix, client, appends, weather)
                finally:
                    for append in appends:
                        append.reply.close()

    return run


def _command_prefix(settings: StreamSettings) -> tuple[Arg, ...]:
    if settings.length_max is None:
        return (b"XADD", settings.stream, b"*")
    return (b"XADD", settings.stream, b"MAXLEN", b"~", settings.length_max, b"*")


async def _append(prefix: tuple[Arg, ...], client: Client, appends: Sequence[Append], weather: Weather) -> None:
    """Write one batch and answer it, again and again for as long as nothing of it can have been applied."""
    while appends:
        commands = [(*prefix, *fields) for append in appends for fields in append.entries]
        try:
            replies = await client.pipeline(commands)
        except ConnectionLost as error:
            if error.sent:
                _fail(appends, error)
                return
            await weather.wait(error)
        except RedisError as error:
            await weather.wait(error)
        else:
            refusal = _refusal_of_all(replies)
            if refusal is None:
                weather.clear()
                _answer(appends, replies)
                return
            await weather.wait(refusal)
        appends = [append for append in appends if not append.reply.closed]


def _refusal_of_all(replies: Sequence[RedisReply]) -> Exception | None:
    """The weather for which Redis refused every command of a batch, so that nothing of it was applied."""
    first = replies[0]
    if not isinstance(first, Exception):
        return None  # as always, so nothing else is looked at
    return first if all(isinstance(reply, Exception) and is_weather(reply) for reply in replies) else None


def _fail(appends: Sequence[Append], error: ConnectionLost) -> None:
    for append in appends:
        append.reply.fail(PublishIndeterminate(len(append.entries), error))


def _answer(appends: Sequence[Append], replies: Sequence[RedisReply]) -> None:
    start = 0
    for append in appends:
        end = start + len(append.entries)
        _answer_one(append, replies[start:end])
        start = end


def _answer_one(append: Append, replies: Sequence[RedisReply]) -> None:
    if len(replies) == 1 and isinstance(replies[0], bytes):
        append.reply.set([EntryId.of_reply(replies[0])])
        return
    ids = [EntryId.of_reply(reply) for reply in replies if isinstance(reply, bytes)]
    errors = [reply for reply in replies if isinstance(reply, Exception)]
    if not errors:
        append.reply.set(ids)
    elif not ids:
        append.reply.fail(errors[0])
    else:
        append.reply.fail(PublishIncomplete(ids, errors[0]))
