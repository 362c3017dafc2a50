"""What publishers are told, from what Redis answered to their batch."""

from __future__ import annotations

from collections.abc import Sequence

from ..wire import Client, ConnectFailed, ConnectionLost, EntryId, is_weather
from ..wire import Reply as RedisReply
from ._errors import PublishIncomplete, RedisAway
from ._messages import Append


def say_begun(appends: Sequence[Append], *, begun: bool) -> None:
    """Note whether these may have been appended, for who stops waiting."""
    for append in appends:
        append.reply.begun = begun


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


def answer(appends: Sequence[Append], replies: Sequence[RedisReply]) -> None:
    """Give each publisher the ids of its entries, or why there are none."""
    start = 0
    for append in appends:
        end = start + len(append.entries)
        _answer_one(append, replies[start:end])
        start = end


def _answer_one(append: Append, replies: Sequence[RedisReply]) -> None:
    if len(replies) == 1 and isinstance(replies[0], bytes):
        append.reply.set([EntryId.of_reply(replies[0])])
        return
    ids, error = ids_of(replies)
    if error is None:
        append.reply.set(ids)
    elif not ids:
        append.reply.fail(error)
    else:
        append.reply.fail(PublishIncomplete(ids, error))


def ids_of(replies: Sequence[RedisReply]) -> tuple[list[EntryId], Exception | None]:
    """The ids among these, and the first error."""
    errors = [reply for reply in replies if isinstance(reply, Exception)]
    return [EntryId.of_reply(reply) for reply in replies if isinstance(reply, bytes)], errors[0] if errors else None
