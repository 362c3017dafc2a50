"""Random members, as SRANDMEMBER, HRANDFIELD and ZRANDMEMBER have them."""

from __future__ import annotations

from collections.abc import Collection
from itertools import islice
from random import Random

from .._command import Call, integer
from .._errors import CommandError

LONG_MAX = 2**63 - 1


def random_count(call: Call, word: bytes, most: int = LONG_MAX) -> int:
    """How many are wanted; below zero: the same one may come twice.

    Raises:
        CommandError: that is no number, or below the lowest.
    """
    number = integer(word)
    if not -most <= number <= most:
        if most == LONG_MAX and call.profile.since(6, 2):
            raise CommandError(f"ERR value is out of range, value must between {-LONG_MAX} and {LONG_MAX}")
        raise CommandError("ERR value is out of range")
    return number


def one_of(members: Collection[bytes], rng: Random) -> bytes:
    """One at random; there is one."""
    return next(islice(members, rng.randrange(len(members)), None))


def choose(members: Collection[bytes], count: int, rng: Random) -> list[bytes]:
    """So many different ones, in their own order; or, below zero, so many of which some may be the same."""
    if count < 0:
        every = list(members)
        return [every[rng.randrange(len(every))] for _ in range(-count)]
    if count >= len(members):
        return list(members)
    places = set(rng.sample(range(len(members)), count))
    return [member for at, member in enumerate(members) if at in places]
