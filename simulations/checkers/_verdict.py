"""What a checker says of a history in which its promise was broken."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from attrs import frozen

from ..history import History


@frozen
class Verdict:
    """One breach of a promise.

    Attributes:
        promise: its name in ``docs/guarantees.md``, which is the checker's name.
        words: what happened, in a sentence that names the event or entry.
        event_ids: the events concerned; their lives tell the story.
        kind: two failures are the same failure if promise and kind are: so a shrinker does not slip into another.
    """

    promise: str
    words: str
    event_ids: tuple[str, ...] = ()
    kind: str = ""


Checker = Callable[[History], Iterable[Verdict]]
"""Judges one promise. It looks at nothing but the history, and never raises."""
