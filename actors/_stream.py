"""The stream actor: appends what publishers hand in, in coalesced batches, and answers each with its ids.

While a batch is on its way to Redis the next appends gather in the mailbox, so the batches grow with the load by
themselves: one write for one publisher, one write of a hundred for a hundred. It goes over the shared link, which
always reads: a connection that broke while nothing was published is known before the next event is sent, not after it.

A plain XADD is never repeated once it may have been applied: whoever waits gets `PublishIndeterminate` instead of a
silent second copy. What Redis refused as a whole (LOADING, READONLY, OOM, …), or what was never sent, is tried again
for as long as the publisher waits. Who has given up before that is told that nothing is there, and so it is not sent
any more: whatever is waited for, the last look at who still waits comes after it. `_stream_once` is the actor that may
repeat.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from ..wire import Arg, Client, ConnectionLost, RedisError
from ._answering import answer, away, begin, reach, refusal_of_all, say_begun, still_wanted
from ._child import Actor
from ._errors import PublishIndeterminate
from ._gather import gather
from ._mailbox import Mailbox
from ._messages import Append
from ._stage import Stage
from ._stream_settings import StreamSettings, WhenAway
from ._weather import Weather

BATCH_APPENDS_MAX = 1000
"""Appends in one write: about 200 kB of small events, a few milliseconds of the server's time."""


def stream_actor(settings: StreamSettings, client: Client, mailbox: Mailbox[Append], rng: Random) -> Actor:
    """The actor that appends to one stream."""

    async def run(stage: Stage) -> None:
        weather = Weather(stage, f"appending to {settings.stream}", retry=settings.retry, rng=rng)
        prefix = _command_prefix(settings)
        stage.started()
        with mailbox.open() as inbox:
            while appends := await gather(inbox, stage, most=BATCH_APPENDS_MAX):
                try:
                    await _append(prefix, client, appends, weather, settings.when_away)
                finally:
                    for append in appends:
                        append.reply.close()

    return run


def _command_prefix(settings: StreamSettings) -> tuple[Arg, ...]:
    if settings.length_max is None:
        return (b"XADD", settings.stream, b"*")
    return (b"XADD", settings.stream, b"MAXLEN", b"~", settings.length_max, b"*")


async def _append(
    prefix: tuple[Arg, ...], client: Client, appends: Sequence[Append], weather: Weather, when_away: WhenAway
) -> None:
    """Write one batch and answer it, again and again for as long as nothing of it can have been applied."""
    while appends:
        trouble: Exception | None
        try:
            await reach(client, when_away)
            appends = begin(appends)
            if not appends:
                return
            replies = await client.pipeline([(*prefix, *fields) for append in appends for fields in append.entries])
        except ConnectionLost as error:
            if error.sent:
                _fail(appends, error)
                return
            trouble = error
        except RedisError as error:
            trouble = error
        else:
            trouble = refusal_of_all(replies)
            if trouble is None:
                weather.clear()
                answer(appends, replies)
                return
        say_begun(appends, begun=False)
        if when_away == "fail":
            for append in appends:
                append.reply.fail(away(client, append, trouble))
            return
        await weather.wait(trouble)
        appends = still_wanted(appends)


def _fail(appends: Sequence[Append], error: ConnectionLost) -> None:
    for append in appends:
        append.reply.fail(PublishIndeterminate(len(append.entries), error))
