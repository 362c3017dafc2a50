"""The stream actor that may repeat: each entry has a token, so it is there once however often it is sent.

As `_stream` it appends in batches, one at a time. But when the connection breaks it sends the same again, with backoff,
for as long as somebody waits for it. Who gives up is told whether it may have been appended: `Reply.begun`.

Where entries are to be safer than a server's memory it has a connection of its own, because WAIT and WAITAOF hold up
all that comes behind them. They promise something of what *their connection* wrote before, and one that only repeats
what was appended over another connection writes nothing. Servers up to 8.6 wait all the same for everything that was
there at the connection's last command, but do not say so: a small write in between makes it sure.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from random import Random

from attrs import define

from ..wire import (
    APPEND_ONCE_MAX,
    Appended,
    AppendOnce,
    Arg,
    Client,
    ConnectionLost,
    Link,
    RedisError,
    Send,
    is_weather,
)
from ..wire import Reply as RedisReply
from ._answering import answer, away, begin, ids_of, reach, refusal_of_all, say_begun, still_wanted
from ._child import Actor
from ._durability import missing_after, wait_command
from ._errors import DurabilityUnavailable, NotDurable, PublishIndeterminate
from ._gather import gather
from ._keys import mark_key, token_keys
from ._mailbox import Mailbox
from ._messages import Append
from ._stage import Stage
from ._stream_settings import StreamSettings
from ._weather import Weather

MARK_SECONDS = 60
"""For how long the key stays that is written to be waited for; what it holds is of no interest."""


def stream_once_actor(settings: StreamSettings, client: Client, mailbox: Mailbox[Append], rng: Random) -> Actor:
    """The actor that appends to one stream what has tokens."""

    async def run(stage: Stage) -> None:
        weather = Weather(stage, f"appending to {settings.stream}", retry=settings.retry, rng=rng)
        append_once = AppendOnce(
            client,
            settings.stream,
            token_keys(settings.stream),
            window_seconds=settings.dedup_seconds,
            length_max=settings.length_max,
        )
        async with client.link() as link:
            writer = _Writer(settings, client, append_once, link, weather)
            stage.started()
            with mailbox.open() as inbox:
                while appends := await gather(inbox, stage, most=APPEND_ONCE_MAX):
                    try:
                        for part in parts_of(appends):
                            await _write(writer, part)
                    finally:
                        for append in appends:
                            append.reply.close()

    return run


def parts_of(appends: Sequence[Append]) -> Iterator[list[Append]]:
    """Appends in their order, in parts of so many entries as one script takes."""
    part: list[Append] = []
    entries = 0
    for append in appends:
        if part and entries + len(append.entries) > APPEND_ONCE_MAX:
            yield part
            part, entries = [], 0
        part.append(append)
        entries += len(append.entries)
    if part:
        yield part


@define(eq=False)
class _Writer:
    settings: StreamSettings
    client: Client
    append_once: AppendOnce
    link: Link
    weather: Weather
    checked: object = None
    """The connection that was asked whether it can wait as it shall."""


async def _write(writer: _Writer, appends: Sequence[Append]) -> None:
    """Append one part and answer it, again and again for as long as somebody waits."""
    doubtful = False
    while appends:
        try:
            send, then = await _ready(writer)
            appends = begin(appends)
            if not appends:
                return
            appended = await _send(writer, appends, send, then)
        except RedisError as error:
            doubtful = doubtful or (isinstance(error, ConnectionLost) and error.sent and appends[0].reply.begun)
            trouble: Exception = error
        except DurabilityUnavailable as error:
            trouble = error
        else:
            refusal = refusal_of_all(appended.replies)
            if refusal is None:
                writer.weather.clear()
                _answer(writer.settings, appends, appended, doubtful=doubtful)
                return
            trouble = refusal
        say_begun(appends, begun=doubtful)
        if writer.settings.when_away == "fail" or not is_weather(trouble):
            _fail(writer, appends, trouble, doubtful=doubtful)
            return
        await writer.weather.wait(trouble)
        appends = still_wanted(appends)


async def _ready(writer: _Writer) -> tuple[Send, Sequence[tuple[Arg, ...]]]:
    """All that has to be waited for before something is sent; returns where to send it, and what is to follow it."""
    settings, client = writer.settings, writer.client
    await reach(client, settings.when_away)
    wait = wait_command(settings.durability, settings.durable_seconds)
    if wait is None:
        await writer.append_once.ready()
        return client.pipeline, ()
    connection = await writer.link.connection()
    if writer.checked is not connection:
        # What is still under way in one that broke is said again here.
        await writer.link.kill_former()
        await _check_can_wait(writer, wait)
        writer.checked = connection
    await writer.append_once.ready()
    mark = (b"SET", mark_key(settings.stream), b"", b"EX", MARK_SECONDS)
    return partial(connection.pipeline, timeout_seconds=settings.durable_seconds + REPLY_SECONDS), [mark, wait]


async def _send(writer: _Writer, appends: Sequence[Append], send: Send, then: Sequence[tuple[Arg, ...]]) -> Appended:
    tokens = [token for append in appends for token in append.tokens]
    entries = [fields for append in appends for fields in append.entries]
    return await writer.append_once.append(tokens, entries, send, then)


REPLY_SECONDS = 5.0
"""How late an answer may be beyond the time that the server was told to wait."""


async def _check_can_wait(writer: _Writer, wait: tuple[Arg, ...]) -> None:
    """Ask a connection that wrote nothing yet, for a moment only: what counts is whether there is an error.

    Raises:
        DurabilityUnavailable: with an error.
    """
    connection, address = await writer.link.connection(), writer.client.address
    [reply] = await connection.pipeline([(*wait[:-1], 1)])
    if not isinstance(reply, Exception):
        return
    if is_weather(reply):
        raise reply
    hint = "WAITAOF came with Redis 7.2" if "unknown command" in str(reply) else str(reply)
    raise DurabilityUnavailable(f"{address} can't make events {writer.settings.durability}: {hint}") from reply


def _answer(settings: StreamSettings, appends: Sequence[Append], appended: Appended, *, doubtful: bool) -> None:
    replies = appended.replies
    missing = "" if settings.durability == "acknowledged" else _missing(settings, appended.then[-1])
    if not missing:
        answer(appends, replies, doubtful=doubtful)
        return
    start = 0
    for append in appends:
        end = start + len(append.entries)
        ids, _ = ids_of(replies[start:end])
        if ids:
            append.reply.fail(NotDurable(ids, settings.durability, missing))
        else:
            answer([append], replies[start:end], doubtful=doubtful)
        start = end


def _missing(settings: StreamSettings, waited: RedisReply) -> str:
    return str(waited) if isinstance(waited, Exception) else missing_after(settings.durability, waited)


def _fail(writer: _Writer, appends: Sequence[Append], trouble: Exception, *, doubtful: bool) -> None:
    for append in appends:
        told = PublishIndeterminate(len(append.entries), trouble) if doubtful else away(writer.client, append, trouble)
        append.reply.fail(told)
