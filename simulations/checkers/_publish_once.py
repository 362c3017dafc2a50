"""`publish-once`: a publish is never repeated behind the publisher's back.

An event is appended to a stream at most as often as it was published there without being refused. Of a publish that
was refused nothing may be there: who is told so publishes again. Entries that a fault destroyed count: they had been
appended, and nobody may repeat that. It is excused for dead letters, which repeat the fields of their entries, and for
what nobody of the application wrote. A dead letter may be given back to its stream: each of them once.

A publisher that publishes again after an unknown outcome makes two entries, knowingly, unless it is remembered what was
published: then an event is there once within that window, however often it was published, and by whom ever. What a
fault destroyed, or somebody deleted with its stream, may be appended again.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Final

from ..history import History
from ._chronicle import chronicle
from ._facts import Added, Buried, Removed
from ._runs import publications
from ._verdict import Checker, Verdict

NAME = "publish-once"


def publish_once(history: History) -> Iterator[Verdict]:
    """No event is appended more often than it was published."""
    published, given_back = publications(history), _given_back(history)
    for (stream, event_id), added in _added(history).items():
        records = published.begun.get((stream, event_id), ())
        begun, once_ms = len(records), min((record.once_ms for record in records), default=0.0)
        refused = sum(end.outcome == "refused" for end in published.ended.get((stream, event_id), ()))
        if begun and not once_ms and len(added) > begun - refused + given_back[stream, event_id]:
            often = f"{begun} times" if begun > 1 else "once"
            told = f"published {often}, {refused} times refused," if refused else f"published {often}"
            words = f"{event_id} was {told} and appended to {stream} {len(added)} times"
            yield Verdict(NAME, words, (event_id,), "refused" if len(added) <= begun else "repeated")
        if once_ms and refused == begun and len(added) > given_back[stream, event_id]:
            words = f"{event_id} was published {begun} times, refused each time, and is in {stream} all the same"
            yield Verdict(NAME, words, (event_id,), "refused")
        if once_ms and len(added) > 1:
            yield from _twice(_kept(history), stream, event_id, added, once_ms)


def _given_back(history: History) -> Counter[tuple[str, str]]:
    """How many entries of each event are dead letters that were given back, and had died before."""
    known: dict[tuple[str, bytes], str] = {}
    died, given = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    for fact in chronicle(history).facts:
        if isinstance(fact, Added):
            of = (fact.entry.stream, fact.entry.event_id)
            known[fact.entry.stream, fact.entry.raw_id] = fact.entry.event_id
            given[of] += fact.entry.redriven and given[of] < died[of]
        elif isinstance(fact, Buried):
            died[fact.stream, known.get((fact.stream, fact.raw_id), "")] += 1
    return given


def publish_once_within(window_ms: float) -> Checker:
    """The promise for any event: it is appended once within a window, however often it is published."""

    def check(history: History) -> Iterator[Verdict]:
        yield from publish_once(history)
        for (stream, event_id), added in _added(history).items():
            yield from _twice(_kept(history), stream, event_id, added, window_ms)

    return check


def _twice(
    kept: Callable[[Added], bool], stream: str, event_id: str, added: Sequence[Added], window_ms: float
) -> Iterator[Verdict]:
    there = [fact for fact in added if kept(fact)]
    if any(later.at_ms - former.at_ms <= window_ms for former, later in pairwise(there)):
        words = f"{event_id} was appended to {stream} {len(there)} times within {window_ms:g} ms"
        yield Verdict(NAME, words, (event_id,), "twice")


def _kept(history: History) -> Callable[[Added], bool]:
    """Whether an entry was never destroyed, nor deleted with its stream: then its token was not either."""
    gone = {
        (fact.stream, fact.raw_id, fact.event_id)
        for fact in chronicle(history).facts
        if isinstance(fact, Removed) and fact.why in _WITH_TOKENS
    }
    return lambda fact: (fact.entry.stream, fact.entry.raw_id, fact.entry.event_id) not in gone


_WITH_TOKENS: Final = frozenset({"destroyed", "DEL", "UNLINK", "FLUSHALL", "FLUSHDB"})


def _added(history: History) -> dict[tuple[str, str], Sequence[Added]]:
    found: defaultdict[tuple[str, str], list[Added]] = defaultdict(list)
    for fact in chronicle(history).facts:
        if isinstance(fact, Added) and fact.by and fact.entry.event_id:
            found[fact.entry.stream, fact.entry.event_id].append(fact)
    return dict(found)
