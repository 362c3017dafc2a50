"""`fenced`: who lost an entry can't acknowledge it.

At each XACK that took effect the entry was pending under the name in which it was acknowledged; where the command names
none, under one that its host used. It is excused

* where the owner is not known: a fault took the server back in time, and nobody has claimed the entry since;
* if it was not pending at all: then the XACK did nothing;
* after a dead letter of the same host: a letter too large for a script goes as a transaction (documented);
* if it came from nobody of the application;
* between two processes of one name: Redis can't tell them apart.

That the handler is told, and that its effects outside of Redis are undone, is not promised yet, and not judged.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..history import History
from ._chronicle import chronicle
from ._facts import Acknowledged, Buried, Held
from ._verdict import Verdict
from ._words import text

NAME = "fenced"


def fenced(history: History) -> Iterator[Verdict]:
    """Only its owner acknowledges an entry."""
    told = chronicle(history)
    buried: set[tuple[str, str, str, bytes]] = set()
    had: set[tuple[str, str, str, bytes]] = set()
    for fact in told.facts:
        if isinstance(fact, Buried):
            buried.add((fact.by, fact.stream, fact.group, fact.raw_id))
        elif isinstance(fact, Held):
            had.add((fact.consumer, fact.stream, fact.group, fact.raw_id))
        elif isinstance(fact, Acknowledged) and fact.by and fact.was_pending and fact.owner is not None:
            names = told.names.get(fact.by, frozenset({fact.by})) if fact.consumer is None else {fact.consumer}
            of = (fact.stream, fact.group, fact.raw_id)
            if fact.owner not in names and (fact.by, *of) not in buried:
                yield _verdict(fact, lost=any((name, *of) in had for name in names))


def _verdict(fact: Acknowledged, *, lost: bool) -> Verdict:
    event_id = "" if fact.entry is None else fact.entry.event_id
    who = f"{event_id or 'an entry'} ({text(fact.raw_id)} of {fact.stream})"
    words = f"{fact.by} acknowledged {who}, which {'it had lost to' if lost else 'belongs to'} {fact.owner}"
    return Verdict(NAME, words, (event_id,) if event_id else (), "lost" if lost else "never had")
