"""`publish-once`: a publish is never repeated behind the publisher's back.

An event is appended to a stream at most as often as it was published there without being refused. Of a publish that
was refused nothing may be there: who is told so publishes again. Entries that a fault destroyed count: they had been
appended. It is excused for dead letters, which repeat the fields of their entries, and for what nobody of the
application wrote.

Today a publisher that publishes again after an unknown outcome makes two entries, knowingly. With a window of
deduplication, `publish_once_within` is the promise: then an event is there once, however often it was published.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise

from ..history import History
from ._chronicle import chronicle
from ._facts import Added
from ._runs import publications
from ._verdict import Checker, Verdict

NAME = "publish-once"


def publish_once(history: History) -> Iterator[Verdict]:
    """No event is appended more often than it was published."""
    published = publications(history)
    for (stream, event_id), added in _added(history).items():
        begun = len(published.begun.get((stream, event_id), ()))
        refused = sum(end.outcome == "refused" for end in published.ended.get((stream, event_id), ()))
        if begun and len(added) > begun - refused:
            often = f"{begun} times" if begun > 1 else "once"
            told = f"published {often}, {refused} times refused," if refused else f"published {often}"
            words = f"{event_id} was {told} and appended to {stream} {len(added)} times"
            yield Verdict(NAME, words, (event_id,), "refused" if len(added) <= begun else "repeated")


def publish_once_within(window_ms: float) -> Checker:
    """The promise with deduplication: an event is appended once within a window, however often it is published."""

    def check(history: History) -> Iterator[Verdict]:
        yield from publish_once(history)
        for (stream, event_id), added in _added(history).items():
            if any(later.at_ms - former.at_ms <= window_ms for former, later in pairwise(added)):
                words = f"{event_id} was appended to {stream} {len(added)} times within {window_ms:g} ms"
                yield Verdict(NAME, words, (event_id,), "twice")

    return check


def _added(history: History) -> dict[tuple[str, str], Sequence[Added]]:
    found: defaultdict[tuple[str, str], list[Added]] = defaultdict(list)
    for fact in chronicle(history).facts:
        if isinstance(fact, Added) and fact.by and fact.entry.event_id:
            found[fact.entry.stream, fact.entry.event_id].append(fact)
    return dict(found)
