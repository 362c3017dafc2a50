"""Waiting for an element: what BLPOP, BZPOPMIN and their like have in common.

Since 7.2 a key that changed has the whole command run again, with all of its keys, and who gets nothing by this goes
behind the others. Before, only the key that changed is looked at. A key that now holds something of another kind does
not concern who waits.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Final

from .._command import INTEGER_MAX, Call, integer
from .._errors import CommandError
from .._keyspace import Holder
from .._reply import Reply
from .._session import Block
from ._numbers import long_double

NEGATIVE: Final = "ERR timeout is negative"
TOO_LONG: Final = "ERR timeout is out of range"

Take = Callable[[Sequence[bytes]], Reply]
"""Takes what there is from the first of these keys that has something; None: none has."""


def timeout_ms(call: Call, word: bytes) -> int:
    """How long to wait: seconds, with a fraction since 6.0; 0: for ever.

    Raises:
        CommandError: that is no time.
    """
    if not call.profile.since(6, 0):
        ms = integer(word, "ERR timeout is not an integer or out of range") * 1000
    else:
        seconds = long_double(word, "ERR timeout is not a float or out of range")
        scaled = seconds * 1000
        if not -INTEGER_MAX <= scaled <= INTEGER_MAX:
            # Before 7.2 it was not asked, and what C makes of such a number is the smallest one.
            raise CommandError(TOO_LONG if call.profile.since(7, 2) and scaled > 0 else NEGATIVE)
        ms = math.ceil(scaled) if call.profile.since(7, 0) else int(scaled)
    if ms < 0:
        raise CommandError(NEGATIVE)
    if call.profile.since(7, 2) and ms > INTEGER_MAX - call.now_ms:
        raise CommandError(TOO_LONG)
    return ms


def wait(
    call: Call, kind: type[Holder], keys: Sequence[bytes], wait_ms: int, take: Take, *, on_timeout: Reply
) -> Block:
    """Wait until one of the keys holds something of a kind.

    Args:
        call: the command that found nothing.
        kind: the class of what it waits for.
        keys: where.
        wait_ms: for how long; 0: for ever.
        take: what to do then.
        on_timeout: the reply when nothing came.
    """
    newer = call.profile.since(7, 2)

    def take_again(key: bytes) -> list[Reply] | None:
        if not isinstance(call.database.get(key), kind):
            return None
        taken = take(keys if newer else [key])
        return [] if taken is None else [taken]

    return Block(
        database=call.database.index,
        keys=keys,
        deadline_ms=call.engine.timer_ms + wait_ms if wait_ms else None,
        retry=take_again,
        on_timeout=on_timeout,
        requeue=newer,
    )
