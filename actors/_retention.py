"""How long a stream keeps its entries, and who holds that up: pure decisions, without Redis or Trio."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, Literal

from attrs import Attribute, field, frozen, validators

from ..wire import GroupNeeds, Retained, number, number_or_none, whole

NODE_ENTRIES: Final = 100
"""Entries that Redis removes together, unless it was told otherwise: so many more than asked for may be left."""

Trouble = Literal["near", "holds", "lost", "gone"]
"""A group is near a limit, or beyond it and holds up that entries go, or lost some by that; or it is gone."""


def _check_seconds(_retention: Retention, attribute: Attribute[float], seconds: float | None) -> None:
    if seconds is not None and not (math.isfinite(seconds) and seconds > 0):
        raise ValueError(f"{attribute.name} must be more than 0 seconds, not {seconds!r}")


def _names(names: Sequence[str]) -> tuple[str, ...]:
    if isinstance(names, str):
        raise TypeError(f"ignore_groups is a list of names, as ['{names}'], not {names!r}")
    return tuple(names)


@frozen
class Retention:
    """What a stream keeps. Entries that a group still needs are kept in any case, unless it is `lossy`.

    Attributes:
        max_length: about how many entries it keeps.
        max_age_seconds: for about how long.
        settled: whether what all groups have settled goes at once.
        lossy: whether the limits hold whatever groups need: what they have not handled yet is lost then.
        ignore_groups: groups whose needs do not count, such as those that nobody reads any more.
        interval_seconds: time between two looks.
        warn_at: from which share of a limit on a group is told to be near it.
    """

    max_length: int | None = field(default=None, validator=validators.optional([whole, validators.ge(1)]))
    max_age_seconds: float | None = field(default=None, validator=[number_or_none, _check_seconds])
    settled: bool = False
    lossy: bool = False
    ignore_groups: tuple[str, ...] = field(default=(), converter=_names)
    interval_seconds: float = field(default=10.0, validator=[number, _check_seconds])
    warn_at: float = field(default=0.8, validator=[number, validators.gt(0), validators.le(1)])

    def __attrs_post_init__(self) -> None:
        if self.max_length is None and self.max_age_seconds is None and not self.settled:
            raise ValueError("a retention says what is to go: give max_length, max_age_seconds or settled=True")


def troubles(retained: Retained, retention: Retention) -> Mapping[str, tuple[Trouble, str]]:
    """Which groups are near a limit, hold it up, or lost something by it, and in words why; by their names."""
    found: dict[str, tuple[Trouble, str]] = {}
    for needs in retained.groups:
        for trouble, words in _troubles_of(needs, retained, retention):
            # What is worse is said of each.
            if needs.group not in found or _ORDER.index(trouble) > _ORDER.index(found[needs.group][0]):
                found[needs.group] = trouble, words
    if not retention.lossy:
        words = "it was there and is gone; while it is missing nothing is removed"
        found.update((group, ("gone", words)) for group in retained.missing)
    return found


_ORDER: Final[tuple[Trouble, ...]] = ("near", "holds", "lost", "gone")


def _troubles_of(needs: GroupNeeds, retained: Retained, retention: Retention) -> Iterator[tuple[Trouble, str]]:
    first = needs.first
    if first is None:
        return
    beyond: Trouble = "lost" if retention.lossy else "holds"
    if retention.max_age_seconds is not None:
        age_seconds = (retained.now_ms - first.ms) / 1000
        words = f"it needs an entry that is {age_seconds:.0f} s old, of {retention.max_age_seconds:g} s"
        if age_seconds > retention.max_age_seconds:
            yield beyond, words
        elif age_seconds >= retention.warn_at * retention.max_age_seconds:
            yield "near", words
    if retention.max_length is not None:
        # Where the server can't tell how many they are, all that is left after trimming is taken to be needed.
        many = needs.entries
        words = f"it needs {many if many is not None else retained.length} entries, of {retention.max_length}"
        if many is None:
            if retained.length > retention.max_length + NODE_ENTRIES:
                yield beyond, words
        elif many > retention.max_length:
            yield beyond, words
        elif many >= retention.warn_at * retention.max_length:
            yield "near", words
