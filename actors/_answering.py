"""What publishers are told, from what Redis answered to their batch."""

from __future__ import annotations

from collections.abc import Sequence

from ..wire import Client, ConnectFailed, ConnectionLost, EntryId, NotConnected, is_weather
from ..wire import Reply as RedisReply
from ._errors import PublishIncomplete, PublishIndeterminate, RedisAway
from ._messages import Append
from ._stream_settings import WhenAway


def say_begun(appends: Sequence[Append], *, begun: bool) -> None:
    """Note whether these may have been appended, for who stops waiting."""
    for append in appends:
        append.reply.begun = begun


async def reach(client: Client, when_away: WhenAway) -> None:
    """Have the shared link up before anything is sent: wait for it, or don't, as the stream says.

    Raises:
        NotConnected: it is not.
    """
    if client.away_seconds is None:
        return
    if when_away == "fail":
        raise NotConnected(f"{client.address}: no connection")
    await client.wait_up()


def begin(appends: Sequence[Append]) -> Sequence[Append]:
    """Those that somebody still waits for, noted as perhaps appended: whoever gives up from now on is told so.

    What is sent afterwards is these and no others. Who had given up before was told that nothing is there.
    """
    wanted = still_wanted(appends)
    say_begun(wanted, begun=True)
    return wanted


def still_wanted(appends: Sequence[Append]) -> Sequence[Append]:
    """Those that somebody still waits for."""
    return [append for append in appends if not append.reply.closed]


def refusal_of_all(replies: Sequence[RedisReply]) -> Exception | None:
    """The weather for which Redis refused every command of a batch, so that nothing of it was applied."""
    first = replies[0]
    if not isinstance(first, Exception):
        return None  # as always, so nothing else is looked at
    return first if all(isinstance(reply, Exception) and is_weather(reply) for reply in replies) else None


def away(client: Client, append: Append, trouble: Exception) -> Exception:
    """What a publisher is told that does not want to wait."""
    if not isinstance(trouble, ConnectionLost | ConnectFailed):
        return trouble
    return RedisAway(len(append.entries), str(client.address), client.away_seconds or 0.0)


def answer(appends: Sequence[Append], replies: Sequence[RedisReply], *, doubtful: bool = False) -> None:
    """Give each publisher the ids of its entries, or why there are none.

    Args:
        appends: of the publishers.
        replies: to each of their entries.
        doubtful: whether the same was sent before and nobody knows what became of it. Then a refusal says nothing.
    """
    start = 0
    for append in appends:
        end = start + len(append.entries)
        _answer_one(append, replies[start:end], doubtful=doubtful)
        start = end


def _answer_one(append: Append, replies: Sequence[RedisReply], *, doubtful: bool) -> None:
    if len(replies) == 1 and isinstance(replies[0], bytes):
        append.reply.set([EntryId.of_reply(replies[0])])
        return
    ids, error = ids_of(replies)
    if error is None:
        append.reply.set(ids)
    elif not ids:
        append.reply.fail(PublishIndeterminate(len(replies), error) if doubtful else error)
    else:
        append.reply.fail(PublishIncomplete(ids, error))


def ids_of(replies: Sequence[RedisReply]) -> tuple[list[EntryId], Exception | None]:
    """The ids among these, and the first error."""
    errors = [reply for reply in replies if isinstance(reply, Exception)]
    return [EntryId.of_reply(reply) for reply in replies if isinstance(reply, bytes)], errors[0] if errors else None
