"""`fenced`: who lost an entry can't acknowledge it, has it not back by renewing it, and does not begin it.

At each XACK that took effect the entry was pending under the name in which it was acknowledged; where the command names
none, under one that its host used. A renewal leaves alone what is pending under another name. And no handler begins on
an entry that was last delivered to somebody else. It is excused

* where the owner is not known: a fault took the server back in time, and nobody has claimed the entry since;
* if it was not pending at all: then the XACK did nothing;
* after a dead letter of the same host: a letter too large for a script goes as a transaction (documented);
* if it came from nobody of the application;
* between two processes of one name: Redis can't tell them apart;
* to begin an entry after a fault that made the server forget whose it is, or how long it was idle: what took it back in
  time, a lost stream or group, a clock that jumped.

That the handler is told, and that its effects outside of Redis are undone, is not promised yet, and not judged.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..history import FaultStruck, HandlerStarted, History
from ..plan import CrashServer, DeleteStream, DestroyGroup, FailOver, LosePower, RestartEmpty, ShiftClock
from ._chronicle import chronicle
from ._facts import Acknowledged, Buried, Held
from ._runs import Of
from ._verdict import Verdict
from ._words import text

NAME = "fenced"


def fenced(history: History) -> Iterator[Verdict]:
    """Only its owner begins, renews and acknowledges an entry."""
    yield from _acknowledged(history)
    yield from _renewed(history)
    yield from _begun(history)


def _renewed(history: History) -> Iterator[Verdict]:
    for fact in chronicle(history).facts:
        if isinstance(fact, Held) and fact.how == "renewed" and fact.former not in {None, "", fact.consumer}:
            words = f"{fact.consumer} renewed {_who(fact)}, which belonged to {fact.former}, and has it now"
            yield Verdict(NAME, words, _events(fact), "renewed")


_FORGETS = (CrashServer, DeleteStream, DestroyGroup, FailOver, LosePower, RestartEmpty, ShiftClock)


def _begun(history: History) -> Iterator[Verdict]:
    told, owners = chronicle(history), dict[Of, Held]()
    for place, record in enumerate(history.records):
        if isinstance(record, FaultStruck) and isinstance(record.fault.effect, _FORGETS):
            return
        for fact in told.by_place.get(place, ()):
            if isinstance(fact, Held):
                owners[fact.stream, fact.group, fact.raw_id] = fact
        if isinstance(record, HandlerStarted):
            held = owners.get((record.stream, record.group, record.raw_id))
            if held is not None and held.consumer not in told.names.get(record.host, frozenset()):
                words = f"{record.host} began {_who(held)}, which it had lost to {held.consumer}"
                yield Verdict(NAME, words, _events(held), "begun")


def _who(fact: Held | Acknowledged) -> str:
    event_id = "" if fact.entry is None else fact.entry.event_id
    return f"{event_id or 'an entry'} ({text(fact.raw_id)} of {fact.stream})"


def _events(fact: Held | Acknowledged) -> tuple[str, ...]:
    return (fact.entry.event_id,) if fact.entry is not None and fact.entry.event_id else ()


def _acknowledged(history: History) -> Iterator[Verdict]:
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
    words = f"{fact.by} acknowledged {_who(fact)}, which {'it had lost to' if lost else 'belongs to'} {fact.owner}"
    return Verdict(NAME, words, _events(fact), "lost" if lost else "never had")
