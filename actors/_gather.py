"""Taking from a mailbox what has gathered there: the way all actors that work in batches receive."""

from __future__ import annotations

from typing import TypeVar

from ._mailbox import Inbox
from ._stage import Stage

M = TypeVar("M")


async def gather(inbox: Inbox[M], stage: Stage, *, most: int) -> list[M]:
    """Wait for a message, then take it with the others that are there already, up to `most` in all.

    Returns nothing when the stage drains and the mailbox is empty: the actor has served everything and may return.
    """
    while True:
        messages = inbox.take(most)
        if messages or stage.draining:
            return messages
        with stage.woken_by_drain(inbox.wake):
            await inbox.wait()
