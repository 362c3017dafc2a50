"""Taking from a mailbox what has gathered there: the way all actors that work in batches receive."""

from __future__ import annotations

from typing import TypeVar

import trio

from ._mailbox import Inbox
from ._stage import Stage

M = TypeVar("M")


async def gather(inbox: Inbox[M], stage: Stage, *, most: int) -> list[M]:
    """Wait for a message, then take the others that are there already, up to `most` in all.

    Returns nothing when the stage drains and the mailbox is empty: the actor has served everything and may return.
    """
    messages = _take(inbox, most)
    if not messages and not stage.draining:
        with stage.intake():
            messages.append(await inbox.receive())
        messages += _take(inbox, most - 1)
    return messages


def _take(inbox: Inbox[M], most: int) -> list[M]:
    messages: list[M] = []
    while len(messages) < most:
        try:
            messages.append(inbox.receive_nowait())
        except (trio.WouldBlock, trio.EndOfChannel):
            break
    return messages
