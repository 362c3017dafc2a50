"""MULTI, EXEC, DISCARD, WATCH, UNWATCH. Queueing itself is the engine's: it knows who said MULTI."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ._command import Call, Command
from ._errors import CommandError
from ._reply import NULL_ARRAY, OK, Reply
from ._session import Block, Transaction


def multi(call: Call) -> Reply:
    """MULTI."""
    if call.session.transaction is not None:
        raise CommandError("ERR MULTI calls can not be nested")
    call.session.transaction = Transaction()
    return OK


def execute(call: Call) -> Reply:
    """EXEC: all that was queued, or nothing of it."""
    engine, session = call.engine, call.session
    transaction, session.transaction = session.transaction, None
    if transaction is None:
        raise CommandError("ERR EXEC without MULTI")
    is_spoilt = engine.watching.spoils_transaction(session)
    engine.watching.forget(session)
    if transaction.broken:
        raise CommandError("EXECABORT Transaction discarded because of previous errors.")
    if is_spoilt:
        return NULL_ARRAY
    pubsub = engine.pubsub
    pubsub.is_in_transaction = True
    replies: list[Reply] = []
    for words in transaction.queued:
        answer = engine.run(session, words, nested=True)
        if isinstance(answer, Block):
            raise AssertionError(f"{words[0]!r} waits inside a transaction")  # noqa: TRY004 - a bug of ours
        replies.append(pubsub.among_replies(session, answer))
    pubsub.is_in_transaction = False
    session.last_command = "exec"  # as CLIENT LIST tells it, and not the last of those that ran inside
    return replies


def discard(call: Call) -> Reply:
    """DISCARD."""
    session = call.session
    if session.transaction is None:
        raise CommandError("ERR DISCARD without MULTI")
    session.transaction = None
    call.engine.watching.forget(session)
    return OK


def watch(call: Call) -> Reply:
    """WATCH key ..."""
    if call.session.transaction is not None:
        raise CommandError("ERR WATCH inside MULTI is not allowed")
    for key in call.words[1:]:
        call.engine.watching.watch(call.session, key)
    return OK


def unwatch(call: Call) -> Reply:
    """UNWATCH."""
    call.engine.watching.forget(call.session)
    return OK


TRANSACTION_COMMANDS: Final[Sequence[Command]] = (
    Command("multi", multi, 1, "noscript loading stale fast allow_busy", since=(1, 2), group="transactions"),
    Command("exec", execute, 1, "noscript loading stale", since=(1, 2), group="transactions"),
    Command("discard", discard, 1, "noscript loading stale fast allow_busy", since=(2, 0), group="transactions"),
    Command(
        "watch", watch, -2, "noscript loading stale fast allow_busy", (1, -1, 1), since=(2, 2), group="transactions"
    ),
    Command("unwatch", unwatch, 1, "noscript loading stale fast allow_busy", since=(2, 2), group="transactions"),
)
